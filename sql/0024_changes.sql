-- That something changed, for those who watch: which thing, and never what is in it. Kept for a day.
create table changes (
  id bigint generated always as identity,
  -- Transactions end in another order than they begin in: a reader asks a snapshot which of them it has seen.
  xid xid8 not null default pg_current_xact_id(),
  workspace_id uuid not null,
  kind text not null,
  subject_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  primary key (xid, id)
);
alter table changes enable row level security;
create policy one_workspace on changes to outpost_app using (workspace_id = current_workspace());
grant select on changes to outpost_app;

-- All of these run as the owner: a request's role may not write here. A statement tells of each thing once, and there is
-- no NOTIFY: it would make every commit of the publishing machine wait for the one before it to be on disk.
create function tell_of_rows() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  if tg_op = 'DELETE' then
    insert into changes (workspace_id, kind, subject_id) select workspace_id, tg_argv[0], id from before_rows;
  else
    insert into changes (workspace_id, kind, subject_id) select workspace_id, tg_argv[0], id from after_rows;
  end if;
  return null;
end
$$;

-- The machine writes more often than anything changes that people see: leases, places in the queue, granted moments.
create function tell_of_publications() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  if tg_op = 'INSERT' then
    insert into changes (workspace_id, kind, subject_id)
    select distinct workspace_id, 'posts', post_id from after_rows;
  elsif tg_op = 'DELETE' then
    insert into changes (workspace_id, kind, subject_id)
    select distinct workspace_id, 'posts', post_id from before_rows;
  else
    insert into changes (workspace_id, kind, subject_id)
    -- Not a join: these tables have no statistics, and a nested loop over thousands of rows would be chosen.
    select distinct workspace_id, 'posts', post_id from (
      select id, workspace_id, post_id, state, due_at, hold_reason, note, error, remote_id, remote_url, published_at,
        pinned, removed_at, drift from after_rows
      except
      select id, workspace_id, post_id, state, due_at, hold_reason, note, error, remote_id, remote_url, published_at,
        pinned, removed_at, drift from before_rows) seen;
  end if;
  return null;
end
$$;

create function tell_of_acts() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  if tg_op = 'INSERT' then
    insert into changes (workspace_id, kind, subject_id)
    select distinct a.workspace_id, 'posts', p.post_id
    from after_rows a join publications p on p.id = a.publication_id;
  else
    insert into changes (workspace_id, kind, subject_id)
    select distinct seen.workspace_id, 'posts', p.post_id from (
      select id, workspace_id, publication_id, state, due_at, tries, note, error, remote_id, decided_at from after_rows
      except
      select id, workspace_id, publication_id, state, due_at, tries, note, error, remote_id, decided_at from before_rows) seen
    join publications p on p.id = seen.publication_id;
  end if;
  return null;
end
$$;

create function tell_of_communities() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  insert into changes (workspace_id, kind, subject_id)
  select workspace_id, 'communities', id from (
    select id, workspace_id, title, handle, url, members, avatar_key, timezone, status, status_reason, capabilities,
      details, settings, warnings, checked_at, collect_hours, history_read_at, history_posts, history_from from after_rows
    except
    select id, workspace_id, title, handle, url, members, avatar_key, timezone, status, status_reason, capabilities,
      details, settings, warnings, checked_at, collect_hours, history_read_at, history_posts, history_from from before_rows) seen;
  return null;
end
$$;

do $$
declare
  one record;
begin
  for one in select * from (values
    ('posts', 'insert', 'tell_of_rows(''posts'')'),
    ('posts', 'update', 'tell_of_rows(''posts'')'),
    ('posts', 'delete', 'tell_of_rows(''posts'')'),
    ('publications', 'insert', 'tell_of_publications()'),
    ('publications', 'update', 'tell_of_publications()'),
    ('publications', 'delete', 'tell_of_publications()'),
    ('publication_acts', 'insert', 'tell_of_acts()'),
    ('publication_acts', 'update', 'tell_of_acts()'),
    ('communities', 'insert', 'tell_of_rows(''communities'')'),
    ('communities', 'update', 'tell_of_communities()'),
    ('communities', 'delete', 'tell_of_rows(''communities'')'),
    ('media', 'insert', 'tell_of_rows(''media'')'),
    ('media', 'update', 'tell_of_rows(''media'')'),
    ('media', 'delete', 'tell_of_rows(''media'')'),
    ('series', 'insert', 'tell_of_rows(''series'')'),
    ('series', 'update', 'tell_of_rows(''series'')'),
    ('jobs', 'insert', 'tell_of_rows(''jobs'')'),
    ('jobs', 'update', 'tell_of_rows(''jobs'')'),
    ('reports', 'insert', 'tell_of_rows(''reports'')'),
    ('reports', 'update', 'tell_of_rows(''reports'')'),
    ('reports', 'delete', 'tell_of_rows(''reports'')'),
    ('report_schedules', 'insert', 'tell_of_rows(''reports'')'),
    ('report_schedules', 'update', 'tell_of_rows(''reports'')'),
    ('report_schedules', 'delete', 'tell_of_rows(''reports'')'),
    ('insights', 'insert', 'tell_of_rows(''insights'')'),
    ('insights', 'update', 'tell_of_rows(''insights'')')
  ) t (name, event, does)
  loop
    execute format('create trigger %s_%s_told after %s on %s referencing %s for each statement execute function %s',
      one.name, one.event, one.event, one.name,
      case one.event
        when 'insert' then 'new table as after_rows'
        when 'delete' then 'old table as before_rows'
        else 'old table as before_rows new table as after_rows'
      end, one.does);
  end loop;
end
$$;

-- For whoever runs the installation, who is shown how many there are of them all.
create index publications_failed on publications (due_at) where state = 'failed';
