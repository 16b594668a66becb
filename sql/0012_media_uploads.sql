-- Files on their way straight into the storage, by an address that their owner was given. The row goes when the file has
-- become media (under the same id), was refused, or never came.
create table media_uploads (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  -- As it was announced, in bytes.
  size bigint not null,
  name text not null,
  as_kind text check (as_kind in ('image', 'video', 'animation', 'audio', 'voice', 'document')),
  alt text,
  -- Where it arrives; never served.
  file_key text not null unique,
  created_at timestamptz not null default now()
);
create index media_uploads_created on media_uploads (created_at);
alter table media_uploads enable row level security;
create policy one_workspace on media_uploads to outpost_app using (workspace_id = current_workspace());
grant select, insert, delete on media_uploads to outpost_app;
