-- One GCRA row per bucket, shared by every worker. `tat` is the theoretical arrival time of the next permit.
create table pace_buckets (
  key text primary key,
  tat timestamptz not null default '-infinity',
  -- A network said «not before»: holds every worker.
  blocked_until timestamptz not null default '-infinity'
);

-- Takes one permit in each bucket, all or none, and answers the moment from which they may be used (`held` null).
-- Is that moment more than `most_wait` milliseconds away, only the bucket that causes the wait gives a permit, for that
-- moment, and `held` names it: the caller comes back then, and nobody else is kept from the other buckets meanwhile.
-- A later caller gets a later moment, so nobody polls for permits.
-- rules: [{"key": text, "every": milliseconds per permit, "burst": permits}]. reserved_at, reserved_key: what an earlier
-- call held; it is honoured for ten seconds unless that bucket was blocked meanwhile.
create function pace_reserve(rules jsonb, reserved_at timestamptz, reserved_key text, most_wait float8)
returns table (slot timestamptz, held text) language plpgsql as $$
declare
  moment timestamptz;
  mine text;
begin
  -- One global order, here and below: two senders that share buckets never wait for each other in a ring.
  insert into pace_buckets (key)
  select r ->> 'key' from jsonb_array_elements(rules) r order by 1
  on conflict do nothing;
  perform 1 from pace_buckets b
  where b.key in (select r ->> 'key' from jsonb_array_elements(rules) r)
  order by b.key for update;

  moment := clock_timestamp();
  select b.key into mine from pace_buckets b
  where b.key = reserved_key and b.blocked_until <= moment and reserved_at <= moment
    and reserved_at > moment - interval '10 seconds';

  -- The bucket that opens last decides.
  select greatest(moment, w.opens), w.key into slot, held from (
    select b.key, greatest(b.blocked_until,
      greatest(b.tat, moment) - ((r ->> 'burst')::float8 - 1) * (r ->> 'every')::float8 * interval '1 millisecond') as opens
    from jsonb_array_elements(rules) r join pace_buckets b on b.key = r ->> 'key'
    where b.key is distinct from mine) w
  order by w.opens desc limit 1;
  slot := coalesce(slot, moment);
  if slot <= moment + most_wait * interval '1 millisecond' then
    held := null;
  end if;

  update pace_buckets b
  set tat = greatest(b.tat, slot) + (r ->> 'every')::float8 * interval '1 millisecond'
  from jsonb_array_elements(rules) r
  where b.key = r ->> 'key' and b.key is distinct from mine and (held is null or b.key = held);
  return next;
end
$$;

create table breakers (
  network text primary key,
  open boolean not null,
  reason text not null,
  changed_at timestamptz not null default now(),
  probe_at timestamptz not null
);
