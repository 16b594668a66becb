create table posts (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  author_id uuid not null references users,
  text text not null,
  -- {"vk": {"text": "…"}}: what differs on one network.
  overrides jsonb not null default '{}',
  -- Where it should go; publications are made from it when the post is scheduled.
  community_ids uuid[] not null default '{}',
  scheduled_at timestamptz,
  -- What the person chose, when a local time was given: kept beside the instant it was resolved to.
  local_time text,
  timezone text,
  time_sensitive boolean not null default false,
  content_version integer not null default 1,
  -- Who asked with which Idempotency-Key: a repeat after a crash finds the post that was kept before it.
  request_key text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id)
);
create index posts_workspace on posts (workspace_id, id desc);
create index posts_request on posts (workspace_id, request_key) where request_key is not null;
create index posts_schedule on posts (workspace_id, scheduled_at);

create table post_media (
  workspace_id uuid not null,
  post_id uuid not null,
  position smallint not null,
  media_id uuid not null,
  primary key (post_id, position),
  foreign key (workspace_id, post_id) references posts (workspace_id, id) on delete cascade,
  foreign key (workspace_id, media_id) references media (workspace_id, id)
);
create index post_media_media on post_media (media_id);

alter table posts enable row level security;
create policy one_workspace on posts to outpost_app using (workspace_id = current_workspace());
alter table post_media enable row level security;
create policy one_workspace on post_media to outpost_app using (workspace_id = current_workspace());
grant select, insert, update, delete on posts, post_media to outpost_app;
