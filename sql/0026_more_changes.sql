-- Also told: saved queries, the times of the week of a community, ways in that were begun, and figures that arrived.

-- What has no name of its own is told of by its community.
create function tell_of_their_communities() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  if tg_op = 'DELETE' then
    insert into changes (workspace_id, kind, subject_id)
    select distinct workspace_id, tg_argv[0], community_id from before_rows;
  else
    insert into changes (workspace_id, kind, subject_id)
    select distinct workspace_id, tg_argv[0], community_id from after_rows;
  end if;
  return null;
end
$$;

-- When its places are looked at next is nobody's business.
create function tell_of_connections() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  insert into changes (workspace_id, kind, subject_id)
  select workspace_id, 'connections', id from (
    select id, workspace_id, code_hash, sealed is null, grant_id, invitation, person_id, person_name, proved_at, problem,
      expires_at from after_rows
    except
    select id, workspace_id, code_hash, sealed is null, grant_id, invitation, person_id, person_name, proved_at, problem,
      expires_at from before_rows) seen;
  return null;
end
$$;

create function tell_of_connection_places() returns trigger language plpgsql
  security definer set search_path from current as $$
begin
  if tg_op = 'DELETE' then
    insert into changes (workspace_id, kind, subject_id)
    select distinct workspace_id, 'connections', connection_id from before_rows;
  else
    insert into changes (workspace_id, kind, subject_id)
    select distinct workspace_id, 'connections', connection_id from after_rows;
  end if;
  return null;
end
$$;

create trigger saved_queries_insert_told after insert on saved_queries
  referencing new table as after_rows for each statement execute function tell_of_rows('saved-queries');
create trigger saved_queries_update_told after update on saved_queries
  referencing old table as before_rows new table as after_rows
  for each statement execute function tell_of_rows('saved-queries');
create trigger saved_queries_delete_told after delete on saved_queries
  referencing old table as before_rows for each statement execute function tell_of_rows('saved-queries');
create trigger slots_insert_told after insert on slots
  referencing new table as after_rows for each statement execute function tell_of_their_communities('communities');
create trigger slots_delete_told after delete on slots
  referencing old table as before_rows for each statement execute function tell_of_their_communities('communities');
create trigger connections_update_told after update on connections
  referencing old table as before_rows new table as after_rows
  for each statement execute function tell_of_connections();
create trigger connection_places_insert_told after insert on connection_places
  referencing new table as after_rows for each statement execute function tell_of_connection_places();
create trigger connection_places_update_told after update on connection_places
  referencing old table as before_rows new table as after_rows
  for each statement execute function tell_of_connection_places();
create trigger connection_places_delete_told after delete on connection_places
  referencing old table as before_rows for each statement execute function tell_of_connection_places();
-- A row leaves in the commit after ClickHouse has it.
create trigger metrics_outbox_delete_told after delete on metrics_outbox
  referencing old table as before_rows for each statement execute function tell_of_their_communities('analytics');
