-- Access that ends by itself and is renewed in time (OAuth). It stands once, however many communities use it: a refresh
-- token may be used a single time.
create table access_grants (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  network text not null,
  -- The rotating fields of the credentials, bound to this row and `version`.
  sealed bytea not null,
  version integer not null,
  expires_at timestamptz not null,
  refreshed_at timestamptz not null default now(),
  -- When it is renewed next; null: never again.
  refresh_at timestamptz,
  -- Single flight: whoever holds the lease asks the network.
  refresh_owner uuid,
  refresh_until timestamptz,
  -- A request left and its answer was not kept: the refresh token may be used up.
  unsure_since timestamptz,
  failures smallint not null default 0,
  -- Plain words, no secrets.
  last_error text,
  -- The network refused to renew it: a person must sign in again.
  dead boolean not null default false,
  unique (workspace_id, id)
);
create index access_grants_refresh on access_grants (refresh_at) where refresh_at is not null;

alter table credentials
  add column grant_id uuid,
  -- Whose updates they can hear: `telegram:bot:123`, `vk:group:45`.
  add column source_key text,
  -- Asked at the commit: an erased workspace takes both along, in any order.
  add foreign key (workspace_id, grant_id) references access_grants (workspace_id, id) deferrable initially deferred;
create index credentials_grant on credentials (grant_id) where grant_id is not null;
create index credentials_source on credentials (source_key) where source_key is not null;
update credentials k set source_key = case c.network
    when 'telegram' then 'telegram:bot:' || (c.details ->> 'bot_id')
    when 'vk' then case when k.hint like '%community %' then 'vk:group:' || c.external_id end
  end
  from communities c where c.id = k.community_id;

-- A way in that a person has begun: a bot that is being added, or a sign-in at the network.
create table connections (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  user_id uuid not null references users on delete cascade,
  network text not null,
  kind text not null,
  -- SHA-256 of the one-time code (invitation) or of the state (sign-in); null: used up.
  code_hash text,
  -- null: destroyed. Bound to this row and `version`, like credentials.
  sealed bytea,
  version integer not null,
  grant_id uuid,
  hint text,
  source_key text,
  -- {"links", "steps"}, without the code.
  invitation jsonb,
  -- Places that a sign-in was asked for.
  places text[] not null default '{}',
  person_id text,
  person_name text,
  proved_at timestamptz,
  -- Why it came to nothing, in plain words.
  problem text,
  -- When a job looks at its places next, and at all that came until then; null: none is on its way.
  look_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  unique (workspace_id, id),
  foreign key (workspace_id, grant_id) references access_grants (workspace_id, id)
);
create unique index connections_code on connections (code_hash) where code_hash is not null;
create index connections_workspace on connections (workspace_id, created_at);
create index connections_source on connections (source_key) where sealed is not null;
create index connections_expiry on connections (expires_at);
create index connections_grant on connections (grant_id) where grant_id is not null;

-- Where an account of ours was seen, as updates told.
create table seen_places (
  workspace_id uuid not null references workspaces on delete cascade,
  source_key text not null,
  external_id text not null,
  title text not null,
  type text not null,
  username text,
  -- The account's own standing there, in the network's words.
  status text not null,
  added_by text,
  seen_at timestamptz not null default now(),
  primary key (workspace_id, source_key, external_id)
);

-- What was found out about the places of one connection.
create table connection_places (
  connection_id uuid not null,
  workspace_id uuid not null,
  external_id text not null,
  title text,
  type text,
  -- Whether the person administers it; null: not checked yet.
  is_admin boolean,
  -- Names of the capabilities that are available there.
  rights text[] not null default '{}',
  problem text,
  checked_at timestamptz,
  primary key (connection_id, external_id),
  foreign key (workspace_id, connection_id) references connections (workspace_id, id) on delete cascade
);

-- Topics of forum groups, learned from updates: the Bot API has no list.
create table community_topics (
  community_id uuid not null,
  workspace_id uuid not null,
  topic_id text not null,
  -- null: only its number was seen.
  name text,
  seen_at timestamptz not null default now(),
  primary key (community_id, topic_id),
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade
);

-- What a connection can do has more names now; those from before are not known until its next check, which is soon.
update communities set capabilities = (
    select jsonb_object_agg(name, jsonb_build_object('available', false, 'detail', 'Not checked yet.', 'without', null,
      'next_step', 'Check the connection: POST /v1/communities/{id}/check.'))
    from unnest(array['text', 'images', 'video', 'documents', 'audio', 'polls', 'edit', 'delete', 'pin', 'comments',
      'find', 'updates', 'statistics']) as name
  ) || coalesce((
    select jsonb_object_agg(key, jsonb_build_object('without', null) || value) from jsonb_each(capabilities)
  ), '{}');

-- [{"code", "about", "message", "since"}]: what the owner should look at before it hurts.
alter table communities add column warnings jsonb not null default '[]';
-- When it is checked next: once a day, at a moment of its own.
alter table communities add column health_at timestamptz not null default now();
create index communities_health on communities (health_at) where status = 'active';

-- Nothing keeps a grant that nothing uses.
create function access_grants_drop_unused() returns trigger language plpgsql as $$
begin
  if old.grant_id is not null and (tg_op = 'DELETE' or new.grant_id is distinct from old.grant_id) then
    delete from access_grants g
    where g.id = old.grant_id
      and not exists (select from credentials where grant_id = old.grant_id)
      and not exists (select from connections where grant_id = old.grant_id);
  end if;
  return null;
end
$$;
create trigger credentials_grant after delete or update of grant_id on credentials
  for each row execute function access_grants_drop_unused();
create trigger connections_grant after delete or update of grant_id on connections
  for each row execute function access_grants_drop_unused();

alter table access_grants enable row level security;
create policy one_workspace on access_grants to outpost_app using (workspace_id = current_workspace());
alter table connections enable row level security;
create policy one_workspace on connections to outpost_app using (workspace_id = current_workspace());
alter table seen_places enable row level security;
create policy one_workspace on seen_places to outpost_app using (workspace_id = current_workspace());
alter table connection_places enable row level security;
create policy one_workspace on connection_places to outpost_app using (workspace_id = current_workspace());
alter table community_topics enable row level security;
create policy one_workspace on community_topics to outpost_app using (workspace_id = current_workspace());
grant select, insert, update, delete on access_grants to outpost_app;
grant select, insert, delete on connections to outpost_app;
-- What updates and jobs found out is written by the owner alone.
grant select on seen_places, connection_places, community_topics to outpost_app;
