-- Questions of the SQL console that are kept, for everybody of a workspace.
create table saved_queries (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  name text not null,
  sql text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index saved_queries_workspace on saved_queries (workspace_id, id desc);

alter table saved_queries enable row level security;
create policy one_workspace on saved_queries to outpost_app using (workspace_id = current_workspace());
grant select, insert, update, delete on saved_queries to outpost_app;
