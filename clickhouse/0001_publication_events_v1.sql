-- The delivery ledger: one row per change of state of a publication, as PostgreSQL's publication_events has it.
-- Rows may arrive twice (the shipper was killed between insert and mark): equal keys are merged, read it with FINAL.
create table if not exists publication_events_v1 (
  event_id UInt64,
  ts DateTime64(3, 'UTC') codec (Delta, ZSTD),
  workspace_id UUID,
  community_id UUID,
  post_id UUID,
  publication_id UUID,
  network LowCardinality(String),
  from_state LowCardinality(String),
  event LowCardinality(String),
  due_at DateTime64(3, 'UTC') codec (Delta, ZSTD),
  -- Milliseconds from due_at to ts; negative before the due time.
  lag_ms Int64 codec (T64, ZSTD)
)
engine = ReplacingMergeTree
partition by toYYYYMM(ts)
order by (workspace_id, community_id, publication_id, event_id);
