-- How often a community is asked for its figures, and when next.
alter table communities add column collect_hours smallint not null default 6 check (collect_hours between 1 and 24);
-- Connecting told how many members there are: the first reading has time.
alter table communities add column collect_at timestamptz not null default now() + interval '5 minutes';
create index communities_collect on communities (collect_at) where status = 'active';

-- How many days every single figure is kept; what is summed up of them stays.
alter table workspaces add column metrics_days integer not null default 90 check (metrics_days between 1 and 3650);

-- Posts whose figures are still collected, ours and those of others: one row per post, from its first day to its last.
create table metric_due (
  workspace_id uuid not null,
  community_id uuid not null,
  -- The network's id of the post; of an album, of its first file.
  post_key text not null,
  -- null: not made by Outpost, as far as is known.
  publication_id uuid,
  published_at timestamptz not null,
  -- false: what it is has not been told yet.
  enrolled boolean not null default false,
  -- null: its last figures are there, or it is gone.
  due_at timestamptz default clock_timestamp(),
  primary key (community_id, post_key),
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade,
  foreign key (workspace_id, publication_id) references publications (workspace_id, id) on delete set null (publication_id)
);
create index metric_due_plan on metric_due (due_at) where due_at is not null;
create index metric_due_community on metric_due (community_id, due_at) where due_at is not null;
create index metric_due_publication on metric_due (publication_id) where publication_id is not null;

-- What is on its way to ClickHouse. No foreign keys: erasing a community shall not wait for a delivery. Rows of a
-- community that is gone are dropped when they are met.
create table metrics_outbox (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  community_id uuid not null,
  -- Which table: figures of a community, figures of a post, what a post is.
  kind text not null check (kind in ('community', 'post', 'about')),
  data jsonb not null,
  at timestamptz not null default clock_timestamp()
);

-- Communities whose rows in ClickHouse are to be erased.
create table metrics_purges (
  community_id uuid primary key,
  workspace_id uuid not null,
  at timestamptz not null default clock_timestamp()
);

-- What takes longer than a request.
create table jobs (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  kind text not null check (kind in ('refresh_analytics')),
  community_id uuid,
  state text not null default 'pending' check (state in ('pending', 'running', 'completed', 'failed')),
  -- 0 to 1.
  progress real not null default 0 check (progress between 0 and 1),
  -- Plain words, no secrets.
  error text,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade,
  check ((state = 'failed') = (error is not null))
);
create index jobs_workspace on jobs (workspace_id, id desc);
create index jobs_community on jobs (workspace_id, community_id);
-- Asked again while it is under way, it is the same job.
create unique index jobs_one_refresh on jobs (community_id)
  where kind = 'refresh_analytics' and state in ('pending', 'running');

create function publications_enrol_metrics() returns trigger language plpgsql
  -- Runs as the owner: a request's role may not plan what is collected.
  security definer set search_path from current as $$
begin
  -- A comment is no post.
  if new.state = 'published' and new.remote_id is not null and new.live ->> 'comments' is null
    and (old.state <> 'published' or old.remote_id is distinct from new.remote_id) then
    insert into metric_due as d (workspace_id, community_id, post_key, publication_id, published_at)
    values (new.workspace_id, new.community_id, new.remote_id, new.id, new.published_at)
    on conflict (community_id, post_key) do update
      -- Rows that have left carry the time that was known first.
      set publication_id = excluded.publication_id, enrolled = false, due_at = clock_timestamp(),
          published_at = case when d.enrolled then d.published_at else excluded.published_at end;
  end if;
  return null;
end
$$;
create trigger publications_metrics after update of state, remote_id on publications
  for each row execute function publications_enrol_metrics();

create function observed_posts_enrol_metrics() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  if new.publication_id is null then
    insert into metric_due (workspace_id, community_id, post_key, published_at)
    values (new.workspace_id, new.community_id, new.remote_id, new.posted_at)
    on conflict do nothing;
  end if;
  return null;
end
$$;
create trigger observed_posts_metrics after insert on observed_posts
  for each row execute function observed_posts_enrol_metrics();

create function communities_purge_metrics() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  insert into metrics_purges (community_id, workspace_id) values (old.id, old.workspace_id) on conflict do nothing;
  return null;
end
$$;
create trigger communities_metrics after delete on communities
  for each row execute function communities_purge_metrics();

-- What is young enough to be collected.
insert into metric_due (workspace_id, community_id, post_key, publication_id, published_at)
select workspace_id, community_id, remote_id, id, published_at from publications
where state = 'published' and remote_id is not null and live ->> 'comments' is null and removed_at is null
  and published_at > now() - interval '30 days';
insert into metric_due (workspace_id, community_id, post_key, published_at)
select workspace_id, community_id, remote_id, posted_at from observed_posts
where publication_id is null and removed_at is null and posted_at > now() - interval '30 days'
on conflict do nothing;

alter table metric_due enable row level security;
create policy one_workspace on metric_due to outpost_app using (workspace_id = current_workspace());
alter table metrics_outbox enable row level security;
create policy one_workspace on metrics_outbox to outpost_app using (workspace_id = current_workspace());
alter table metrics_purges enable row level security;
create policy one_workspace on metrics_purges to outpost_app using (workspace_id = current_workspace());
alter table jobs enable row level security;
create policy one_workspace on jobs to outpost_app using (workspace_id = current_workspace());
grant select, insert on jobs to outpost_app;
