-- What is done with a publication after it is public; each an attempt of its own, with the same honesty about outcomes.
create table publication_acts (
  id uuid primary key,
  workspace_id uuid not null,
  publication_id uuid not null,
  network text not null,
  kind text not null check (kind in ('edit', 'delete', 'pin', 'unpin', 'comment')),
  -- `comment` alone can be doubled, so it alone has a barrier; the others may be repeated.
  state text not null default 'scheduled' check
    (state in ('scheduled', 'sending', 'confirming', 'unconfirmed', 'done', 'failed', 'cancelled')),
  -- comment: {"text", "entities"}; edit: {"content_version"}.
  payload jsonb not null default '{}',
  due_at timestamptz not null,
  next_try_at timestamptz not null,
  fence bigint not null default 0,
  lease_owner text,
  lease_until timestamptz,
  -- The moment that a pace bucket granted, and which one; valid for a short while after it.
  slot_at timestamptz,
  slot_key text,
  tries smallint not null default 0,
  look_ups smallint not null default 0,
  first_absent_at timestamptz,
  sent_at timestamptz,
  over_at timestamptz,
  remote_id text,
  error jsonb,
  note text,
  created_by uuid references users,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  foreign key (workspace_id, publication_id) references publications (workspace_id, id) on delete cascade
);
create index publication_acts_publication on publication_acts (publication_id, created_at);
create index publication_acts_plan on publication_acts (next_try_at) where state in ('scheduled', 'confirming');
create index publication_acts_sending on publication_acts (lease_until) where state = 'sending';
-- Two acts of one kind never wait side by side: the second joins the first. Comments are apart.
create unique index publication_acts_one on publication_acts (publication_id, kind)
  where kind <> 'comment' and state in ('scheduled', 'sending', 'confirming');

create function publication_acts_keep_order() returns trigger language plpgsql as $$
begin
  if new.state <> old.state and not (old.state || '>' || new.state = any (array[
    'scheduled>sending', 'scheduled>done', 'scheduled>failed', 'scheduled>cancelled',
    'sending>done', 'sending>failed', 'sending>scheduled', 'sending>confirming',
    -- What may be there is never called failed.
    'confirming>done', 'confirming>scheduled', 'confirming>unconfirmed',
    'unconfirmed>done', 'unconfirmed>scheduled', 'unconfirmed>cancelled', 'failed>scheduled', 'failed>cancelled'
  ])) then
    raise exception 'an act cannot go from % to %', old.state, new.state using errcode = 'check_violation';
  end if;
  return new;
end
$$;
create trigger publication_acts_order before update of state on publication_acts
  for each row execute function publication_acts_keep_order();
alter table publication_acts enable row level security;
create policy one_workspace on publication_acts to outpost_app using (workspace_id = current_workspace());
grant select, insert, update on publication_acts to outpost_app;
