create table communities (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  network text not null,
  -- The network's own id of the place; canonical, never a name that may change hands.
  external_id text not null,
  title text not null,
  -- The owner gave the title: a check does not write the network's over it.
  renamed boolean not null default false,
  handle text,
  url text,
  -- null: the network did not tell.
  members bigint,
  avatar_key text,
  timezone text not null,
  status text not null default 'active' check (status in ('active', 'needs_reauth', 'disconnected')),
  status_reason text,
  capabilities jsonb not null,
  details jsonb not null,
  checked_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  disconnected_at timestamptz,
  unique (workspace_id, network, external_id),
  unique (workspace_id, id)
);

-- Never falls, also when a credential was destroyed and another given: the barrier compares versions.
create sequence credential_versions as integer;

create table credentials (
  community_id uuid primary key,
  workspace_id uuid not null,
  -- AES-256-GCM under the workspace's data key, bound to this row and `version`.
  sealed bytea not null,
  version integer not null,
  hint text not null,
  updated_at timestamptz not null default now(),
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade
);

alter table communities enable row level security;
create policy one_workspace on communities to outpost_app using (workspace_id = current_workspace());
alter table credentials enable row level security;
create policy one_workspace on credentials to outpost_app using (workspace_id = current_workspace());
grant select, insert, update, delete on communities, credentials to outpost_app;
grant usage on sequence credential_versions to outpost_app;
