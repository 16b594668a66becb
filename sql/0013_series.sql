-- The times of the week at which a community is published to, on its own clock.
create table slots (
  workspace_id uuid not null,
  community_id uuid not null,
  -- 1 is Monday.
  weekday smallint not null check (weekday between 1 and 7),
  -- Since midnight.
  minute smallint not null check (minute between 0 and 1439),
  primary key (community_id, weekday, minute),
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade
);

create table series (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  author_id uuid not null references users,
  name text not null,
  -- RFC 5545 without DTSTART; fires in wall time.
  rrule text not null,
  -- Local time and dates as they were given: 2026-11-23T09:00, 2027-01-31.
  starts text not null,
  timezone text not null,
  ends text,
  skip_dates text[] not null default '{}',
  -- The same post of the set not again within so many local days.
  min_distance_days integer,
  paused boolean not null default false,
  deleted_at timestamptz,
  -- Every occurrence up to here has its post, or a line in series_exceptions that says why it has none.
  made_until timestamptz not null,
  -- The first one after that; null: there is none.
  next_at timestamptz,
  -- As in posts: a repeat after a crash finds the series that was kept before it.
  request_key text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id)
);
create index series_workspace on series (workspace_id, id desc);
create index series_next on series (next_at) where not paused and deleted_at is null;
create index series_request on series (workspace_id, request_key) where request_key is not null;

-- What a series publishes: one, or an evergreen set.
create table series_posts (
  id uuid primary key,
  workspace_id uuid not null,
  series_id uuid not null,
  position smallint not null,
  -- As the API takes a post, without a time.
  content jsonb not null,
  unique (workspace_id, id),
  foreign key (workspace_id, series_id) references series (workspace_id, id) on delete cascade
);
create index series_posts_series on series_posts (series_id, position);

-- The files that they name, which therefore stay.
create table series_media (
  workspace_id uuid not null,
  series_post_id uuid not null,
  media_id uuid not null,
  primary key (series_post_id, media_id),
  foreign key (workspace_id, series_post_id) references series_posts (workspace_id, id) on delete cascade,
  -- Asked at the commit: an erased workspace takes both along, in any order.
  foreign key (workspace_id, media_id) references media (workspace_id, id) deferrable initially deferred
);
create index series_media_media on series_media (media_id);

-- Occurrences that have no post, and why.
create table series_exceptions (
  workspace_id uuid not null,
  series_id uuid not null,
  -- The wall time that the rule names, its name for good: 2026-11-23T09:00.
  occurrence text not null,
  at timestamptz not null,
  -- skipped: asked for; deleted: its post was; missed: nothing ran at its time; distance: no post of the set was far
  -- enough away; refused: its post could not be made.
  cause text not null check (cause in ('skipped', 'deleted', 'missed', 'distance', 'refused')),
  note text not null,
  -- Of a refused one, which of the set it was.
  series_post_id uuid,
  created_at timestamptz not null default now(),
  primary key (series_id, occurrence),
  foreign key (workspace_id, series_id) references series (workspace_id, id) on delete cascade
);
create index series_exceptions_refused on series_exceptions (at) where cause = 'refused';

alter table posts add column series_id uuid;
alter table posts add column occurrence text;
-- Which of the set; that may be gone since.
alter table posts add column series_post_id uuid;
-- A person changed it: from then on it is a post of its own, which the series leaves alone.
alter table posts add column detached boolean not null default false;
alter table posts add foreign key (workspace_id, series_id) references series (workspace_id, id);
alter table posts add check ((series_id is null) = (occurrence is null));
create unique index posts_occurrence on posts (series_id, occurrence) where series_id is not null;
create index posts_series on posts (series_id, scheduled_at) where series_id is not null;
create index posts_series_post on posts (series_post_id, scheduled_at) where series_post_id is not null;

-- A deleted occurrence must not be made again.
create function posts_keep_exception() returns trigger language plpgsql as $$
begin
  insert into series_exceptions (workspace_id, series_id, occurrence, at, cause, note)
  select s.workspace_id, s.id, old.occurrence, coalesce(old.scheduled_at, clock_timestamp()), 'deleted', 'its post was deleted'
  from series s where s.id = old.series_id
  on conflict do nothing;
  return null;
end
$$;
create trigger posts_exception after delete on posts
  for each row when (old.series_id is not null) execute function posts_keep_exception();

alter table slots enable row level security;
create policy one_workspace on slots to outpost_app using (workspace_id = current_workspace());
alter table series enable row level security;
create policy one_workspace on series to outpost_app using (workspace_id = current_workspace());
alter table series_posts enable row level security;
create policy one_workspace on series_posts to outpost_app using (workspace_id = current_workspace());
alter table series_media enable row level security;
create policy one_workspace on series_media to outpost_app using (workspace_id = current_workspace());
alter table series_exceptions enable row level security;
create policy one_workspace on series_exceptions to outpost_app using (workspace_id = current_workspace());
grant select, insert, delete on slots, series_posts, series_media to outpost_app;
grant select, insert, update on series to outpost_app;
grant update on series_posts to outpost_app;
grant select, insert, update, delete on series_exceptions to outpost_app;

-- After an outage a series catches up with one occurrence at most. This publication of one that a later occurrence of
-- the same series has overtaken: that is due at the same community, so this one is not sent any more. A post that a
-- person changed is none of it, and neither is one that is public in part. plpgsql, which keeps its plans: it is asked
-- of every publication that is claimed.
create function overtaken(p publications) returns boolean language plpgsql stable as $$
declare
  q record;
begin
  select series_id, scheduled_at, detached into q from posts where id = p.post_id;
  if q.series_id is null or q.detached then
    return false;
  end if;
  return exists (
    select from posts later
    join publications pub on pub.post_id = later.id and pub.community_id = p.community_id
    where later.series_id = q.series_id and later.scheduled_at > q.scheduled_at
      and later.scheduled_at <= statement_timestamp() and not later.detached
      and pub.due_at > p.due_at and pub.due_at <= statement_timestamp() and pub.state <> 'cancelled')
  and not exists (
    select from publications sent where sent.post_id = p.post_id and sent.community_id = p.community_id
      and sent.state in ('sending', 'confirming', 'unconfirmed', 'published'));
end
$$;

-- May not be sent now: it is overtaken, or will be as soon as the series has made what is due already.
create function waits_for_series(p publications) returns boolean language plpgsql stable as $$
declare
  q record;
begin
  select series_id, detached into q from posts where id = p.post_id;
  if q.series_id is null or q.detached then
    return false;
  end if;
  return exists (
    select from series s where s.id = q.series_id and s.next_at <= statement_timestamp() and not s.paused
      and s.deleted_at is null)
  or overtaken(p);
end
$$;
