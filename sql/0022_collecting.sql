-- The last whole day, on the network's clock, whose figures were read.
alter table communities add column day_read date;
-- When the posts from before it was connected were read to the end; null: not yet.
alter table communities add column history_read_at timestamptz;
-- When the next page of them is read; null: they are read, or cannot be with what the connection allows.
alter table communities add column history_at timestamptz default now() + interval '5 minutes';
-- Where that page begins, as the network names it; how many were read, and when the oldest of them was posted.
alter table communities add column history_cursor text;
alter table communities add column history_posts integer not null default 0;
alter table communities add column history_from timestamptz;
create index communities_history on communities (history_at) where status = 'active' and history_at is not null;

-- Rows that ClickHouse refused by themselves: kept for whoever runs the installation, out of the way of the others.
create table metrics_quarantine (
  id bigint primary key,
  workspace_id uuid not null,
  community_id uuid not null,
  kind text not null,
  data jsonb not null,
  -- What the engine said.
  reason text not null,
  at timestamptz not null default clock_timestamp()
);
alter table metrics_quarantine enable row level security;
create policy one_workspace on metrics_quarantine to outpost_app using (workspace_id = current_workspace());
