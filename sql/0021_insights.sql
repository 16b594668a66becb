-- What changed, as the daily look found it: at most five a day in each workspace.
create table insights (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  -- null: it is about the whole workspace.
  community_id uuid,
  -- The day on the workspace's clock on which it was told.
  day date not null,
  kind text not null check (kind in ('growth_break', 'outlier_post', 'dead_slot', 'delivery_trouble')),
  -- What makes it one and the same finding, so that it is told once and not every day.
  subject text not null,
  -- The numbers it rests on.
  evidence jsonb not null,
  -- How much it matters, to choose five.
  weight double precision not null,
  dismissed_at timestamptz,
  created_at timestamptz not null default now(),
  foreign key (workspace_id, community_id) references communities (workspace_id, id) on delete cascade,
  unique (workspace_id, kind, subject, day)
);
create index insights_workspace on insights (workspace_id, day desc, weight desc, id desc);
create index insights_community on insights (workspace_id, community_id);

-- The day of a workspace that was looked at last.
alter table workspaces add column insights_day date;

alter table insights enable row level security;
create policy one_workspace on insights to outpost_app using (workspace_id = current_workspace());
grant select, update (dismissed_at) on insights to outpost_app;
