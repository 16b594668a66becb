create table media (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  kind text not null check (kind in ('image')),
  mime text not null,
  size bigint not null,
  width integer not null,
  height integer not null,
  sha256 text not null,
  alt text,
  file_key text not null unique,
  created_at timestamptz not null default now(),
  unique (workspace_id, id)
);
create index media_workspace on media (workspace_id, id desc);

alter table media enable row level security;
create policy one_workspace on media to outpost_app using (workspace_id = current_workspace());
grant select, insert, update, delete on media to outpost_app;
