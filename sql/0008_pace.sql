-- One GCRA row per bucket, shared by every worker. `tat` is the theoretical arrival time of the next permit.
create table pace_buckets (
  key text primary key,
  tat timestamptz not null default '-infinity',
  -- A network said «not before»: holds every worker.
  blocked_until timestamptz not null default '-infinity'
);

-- Reserves one permit in each bucket, all or none, and answers the moment from which they may be used (now, or later:
-- the caller waits or comes back then, and a later caller gets a later moment, so nobody polls for permits).
-- rules: [{"key": text, "every": milliseconds per permit, "burst": permits}]. reserved: a moment granted earlier;
-- it is honoured for ten seconds unless a bucket was blocked meanwhile.
create function pace_reserve(rules jsonb, reserved timestamptz) returns timestamptz language plpgsql as $$
declare
  slot timestamptz := clock_timestamp();
  blocked timestamptz;
begin
  insert into pace_buckets (key)
  select r ->> 'key' from jsonb_array_elements(rules) r
  on conflict do nothing;
  -- One global order: two senders that share buckets never wait for each other in a ring.
  perform 1 from pace_buckets b
  where b.key in (select r ->> 'key' from jsonb_array_elements(rules) r)
  order by b.key for update;

  slot := clock_timestamp();
  select max(b.blocked_until) into blocked from pace_buckets b
  where b.key in (select r ->> 'key' from jsonb_array_elements(rules) r);
  if reserved is not null and blocked <= slot and reserved <= slot and reserved > slot - interval '10 seconds' then
    return slot;
  end if;

  select greatest(slot, blocked, max(
    greatest(b.tat, slot) - ((r ->> 'burst')::float8 - 1) * (r ->> 'every')::float8 * interval '1 millisecond'))
  into slot
  from jsonb_array_elements(rules) r join pace_buckets b on b.key = r ->> 'key';

  update pace_buckets b
  set tat = greatest(b.tat, slot) + (r ->> 'every')::float8 * interval '1 millisecond'
  from jsonb_array_elements(rules) r
  where b.key = r ->> 'key';
  return slot;
end
$$;

create table breakers (
  network text primary key,
  open boolean not null,
  reason text not null,
  changed_at timestamptz not null default now(),
  probe_at timestamptz not null
);
