create table publications (
  id uuid primary key,
  workspace_id uuid not null,
  post_id uuid not null,
  community_id uuid not null,
  -- The community's network, kept here for the claim, the breaker and the figures.
  network text not null,
  part smallint not null default 1,
  state text not null default 'scheduled' check
    (state in ('scheduled', 'held', 'sending', 'confirming', 'unconfirmed', 'published', 'failed', 'cancelled')),
  -- When it should be out, when the machine looks at it next (a try, or a read while confirming),
  -- and from when on it is too late to go out unasked.
  due_at timestamptz not null,
  next_try_at timestamptz not null,
  late_at timestamptz not null,
  -- The next_try_at that a queue job exists for; differs = the promoter has work.
  queued_for timestamptz,
  content_version integer not null,
  fence bigint not null default 0,
  lease_owner text,
  lease_until timestamptz,
  -- The moment that a pace bucket granted, and which one; valid for a short while after it.
  slot_at timestamptz,
  slot_key text,
  -- Since the last success: refusals to wait for, and sends that never left.
  limited_tries smallint not null default 0,
  unsent_tries smallint not null default 0,
  look_ups smallint not null default 0,
  first_absent_at timestamptz,
  hold_reason text check (hold_reason in ('late', 'network_down', 'disconnected', 'reauth')),
  -- Plain words on the last change of state; copied into publication_events.
  note text,
  remote_id text,
  remote_url text,
  error jsonb,
  published_at timestamptz,
  created_at timestamptz not null default now(),
  unique (post_id, community_id, part),
  unique (workspace_id, id),
  foreign key (workspace_id, post_id) references posts (workspace_id, id) on delete cascade,
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade,
  check ((state = 'held') = (hold_reason is not null)),
  check (state <> 'published' or published_at is not null)
);
create unique index publications_remote on publications (community_id, remote_id) where remote_id is not null;
create index publications_plan on publications (next_try_at) where state in ('scheduled', 'confirming');
create index publications_late on publications (late_at) where state = 'scheduled';
create index publications_sending on publications (lease_until) where state = 'sending';
create index publications_held on publications (hold_reason, due_at) where state = 'held';
create index publications_community on publications (workspace_id, community_id, due_at);

create table publication_attempts (
  id uuid primary key,
  workspace_id uuid not null,
  publication_id uuid not null,
  network text not null,
  kind text not null check (kind in ('send', 'find')),
  fence bigint not null,
  -- The network's idempotency key where it has one; stable per publication.
  client_key text not null,
  content_version integer not null,
  request_hash text not null,
  -- A send may not start after the first moment, and cannot arrive any more after the second.
  send_before timestamptz,
  over_at timestamptz,
  outcome text check (outcome in ('accepted', 'rejected', 'not_sent', 'absent', 'unknown')),
  -- `worker`, `sweep`, `look-up` or `user:<id>`.
  decided_by text,
  remote_id text,
  http_status integer,
  error jsonb,
  intent_at timestamptz not null default now(),
  decided_at timestamptz,
  foreign key (workspace_id, publication_id) references publications (workspace_id, id) on delete cascade
);
create index publication_attempts_publication on publication_attempts (publication_id, intent_at);
create index publication_attempts_recent on publication_attempts (network, decided_at desc) where kind = 'send';
-- The guard that code cannot break: a second send cannot even be recorded until the first is proved to have had no effect.
create unique index one_live_send on publication_attempts (publication_id)
  where kind = 'send' and (outcome is null or outcome in ('accepted', 'unknown'));

-- Handles that a network gave for uploaded media; nothing public yet.
create table staged_media (
  workspace_id uuid not null,
  publication_id uuid not null,
  media_id uuid not null,
  handle text not null,
  expires_at timestamptz,
  staged_at timestamptz not null default now(),
  primary key (publication_id, media_id),
  foreign key (workspace_id, publication_id) references publications (workspace_id, id) on delete cascade
);

-- History, append-only, written by the trigger below in the commit of the change itself.
create table publication_events (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  publication_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  from_state text,
  to_state text not null,
  reason text,
  -- Whether it stands in ClickHouse too.
  shipped boolean not null default false,
  foreign key (workspace_id, publication_id) references publications (workspace_id, id) on delete cascade
);
create index publication_events_publication on publication_events (publication_id, id);
create index publication_events_unshipped on publication_events (id) where not shipped;

create function publications_keep_history() returns trigger language plpgsql
  -- Runs as the owner: a request's role may not write history of its own making.
  security definer set search_path from current as $$
begin
  if tg_op = 'UPDATE' then
    if new.state = old.state then
      return null;
    end if;
    if not (old.state || '>' || new.state = any (array[
      'scheduled>sending', 'scheduled>held', 'scheduled>cancelled', 'scheduled>failed',
      'held>scheduled', 'held>cancelled', 'held>failed',
      'sending>published', 'sending>confirming', 'sending>scheduled', 'sending>failed',
      'confirming>published', 'confirming>scheduled', 'confirming>failed', 'confirming>unconfirmed',
      'unconfirmed>published', 'unconfirmed>scheduled', 'unconfirmed>cancelled',
      'failed>scheduled'
    ])) then
      raise exception 'a publication cannot go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
  end if;
  insert into publication_events (workspace_id, publication_id, from_state, to_state, reason)
  values (new.workspace_id, new.id, case when tg_op = 'UPDATE' then old.state end, new.state, new.note);
  return null;
end
$$;
create trigger publications_history after insert or update of state on publications
  for each row execute function publications_keep_history();

alter table publications enable row level security;
create policy one_workspace on publications to outpost_app using (workspace_id = current_workspace());
alter table publication_attempts enable row level security;
create policy one_workspace on publication_attempts to outpost_app using (workspace_id = current_workspace());
alter table publication_events enable row level security;
create policy one_workspace on publication_events to outpost_app using (workspace_id = current_workspace());
alter table staged_media enable row level security;
create policy one_workspace on staged_media to outpost_app using (workspace_id = current_workspace());
grant select, insert, update, delete on publications to outpost_app;
grant select, update on publication_attempts to outpost_app;
grant select on publication_events to outpost_app;

-- What a post is, seen from its publications; the only place that says so.
create function post_status(states text[]) returns text language sql immutable as $$
  select case
    when cardinality(states) = 0 then 'draft'
    when states && array['sending', 'confirming', 'unconfirmed'] then 'publishing'
    when states && array['scheduled', 'held'] then
      case when states && array['published'] then 'publishing' else 'scheduled' end
    when states && array['published'] then
      case when states && array['failed'] then 'partially_published' else 'published' end
    when states && array['failed'] then 'failed'
    else 'cancelled'
  end
$$;
