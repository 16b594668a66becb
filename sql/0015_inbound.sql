-- Where events of a network come from: one row per bot or community token, whatever number of communities it serves.
create table inbound_sources (
  -- `telegram:bot:123`, `vk:group:45`.
  key text primary key,
  network text not null,
  mode text not null check (mode in ('webhook', 'poll')),
  -- The last part of the address that the network calls; random, not made of a token.
  path text not null unique,
  -- Where polling goes on: Telegram's next update_id, VK's ts.
  cursor text,
  lease_owner text,
  lease_until timestamptz,
  registered_at timestamptz,
  last_event_at timestamptz,
  error text,
  created_at timestamptz not null default now()
);

-- Networks repeat what they told: each event counts once. Forgotten after some days.
create table inbound_events (
  source_key text not null,
  event_id text not null,
  at timestamptz not null default now(),
  primary key (source_key, event_id)
);
create index inbound_events_at on inbound_events (at);

-- Posts that were seen at a network: those made by hand, those of others, and our own.
create table observed_posts (
  workspace_id uuid not null,
  community_id uuid not null,
  remote_id text not null,
  -- null: not made by Outpost, as far as is known.
  publication_id uuid,
  posted_at timestamptz not null,
  text text not null,
  media text[] not null default '{}',
  -- Telegram's media_group_id: several ids that are one album.
  album text,
  -- Where the network keeps comments under it, as publications.thread.
  thread text,
  -- {"👍": 3}; null: nothing was told.
  reactions jsonb,
  reactions_at timestamptz,
  comments integer,
  edited_at timestamptz,
  removed_at timestamptz,
  seen_at timestamptz not null default now(),
  primary key (community_id, remote_id),
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade,
  foreign key (workspace_id, publication_id) references publications (workspace_id, id) on delete set null (publication_id)
);
create index observed_posts_time on observed_posts (workspace_id, community_id, posted_at desc);
create index observed_posts_album on observed_posts (community_id, album) where album is not null;
create index observed_posts_thread on observed_posts (thread) where thread is not null;
alter table observed_posts enable row level security;
create policy one_workspace on observed_posts to outpost_app using (workspace_id = current_workspace());
-- Whoever binds a publication to its post binds what was seen of it.
grant select, update on observed_posts to outpost_app;

-- An update names a place of a network, whatever workspace connected it.
create index communities_place on communities (network, external_id);
-- What an update may settle, and whose album a message belongs to.
create index publications_open on publications (community_id) where state in ('sending', 'confirming', 'unconfirmed');
create index publications_albums on publications using gin (remote_ids) where cardinality(remote_ids) > 1;
