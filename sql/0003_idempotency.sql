create table idempotency_keys (
  -- Who asked: `user:<id>` or `key:<id>`, and in which workspace.
  principal text not null,
  key text not null,
  fingerprint bytea not null,
  -- null while the first request is still running; `lease_until` says when a dead one may be taken over.
  status integer,
  content_type text,
  body text,
  lease_until timestamptz,
  created_at timestamptz not null default now(),
  primary key (principal, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
