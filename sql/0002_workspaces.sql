create table workspaces (
  id uuid primary key,
  name text not null,
  timezone text not null,
  -- Data key of this workspace, wrapped by the master key: forgetting it erases every secret of the workspace.
  data_key bytea not null,
  created_at timestamptz not null default now()
);

create table members (
  workspace_id uuid not null references workspaces on delete cascade,
  user_id uuid not null references users on delete cascade,
  role text not null check (role in ('owner')),
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id)
);
create index members_user on members (user_id);

-- Secrets of the installation, sealed by the master key (the pepper of API keys).
create table secrets (
  name text primary key,
  sealed bytea not null
);

create table api_keys (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  user_id uuid not null references users on delete cascade,
  name text not null,
  -- HMAC-SHA-256 of the key under the pepper.
  digest bytea not null unique,
  prefix text not null,
  last_four text not null,
  scopes text[] not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);
create index api_keys_workspace on api_keys (workspace_id, id);

create function current_workspace() returns uuid language sql stable
  return nullif(current_setting('outpost.workspace_id', true), '')::uuid;

alter table workspaces enable row level security;
create policy one_workspace on workspaces to outpost_app using (id = current_workspace());
alter table members enable row level security;
create policy one_workspace on members to outpost_app using (workspace_id = current_workspace());
alter table api_keys enable row level security;
create policy one_workspace on api_keys to outpost_app using (workspace_id = current_workspace());

grant select, update on workspaces to outpost_app;
grant select on members to outpost_app;
grant select, insert, update on api_keys to outpost_app;
