-- A person has seen that it failed: it stays failed, and waits for nobody. Another try that fails asks again.
alter table publications add column dismissed_at timestamptz;

-- As it was, and tells of this, too.
create or replace function tell_of_publications() returns trigger language plpgsql
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
        pinned, removed_at, drift, dismissed_at from after_rows
      except
      select id, workspace_id, post_id, state, due_at, hold_reason, note, error, remote_id, remote_url, published_at,
        pinned, removed_at, drift, dismissed_at from before_rows) seen;
  end if;
  return null;
end
$$;
