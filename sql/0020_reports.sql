-- What reports are made of again and again. First, since reports name it.
create table report_schedules (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  created_by uuid not null references users,
  every text not null check (every in ('week', 'month')),
  format text not null check (format in ('csv', 'xlsx', 'pdf')),
  title text not null,
  language text not null,
  timezone text not null,
  -- Empty: all that there are when one is made.
  community_ids uuid[] not null default '{}',
  -- The morning of a Monday or of a month's first day in that zone.
  next_at timestamptz not null,
  -- The local day before which everything is reported: no period comes twice.
  done_until date,
  created_at timestamptz not null default now(),
  unique (workspace_id, id)
);
create index report_schedules_workspace on report_schedules (workspace_id, id desc);
create index report_schedules_due on report_schedules (next_at);

-- Reports and exports: files that a job made, kept in the storage of media until they are deleted or too old.
create table reports (
  id uuid primary key,
  workspace_id uuid not null references workspaces on delete cascade,
  -- null: asked for once. A schedule that is deleted leaves its reports.
  schedule_id uuid,
  -- Jobs are forgotten earlier than reports.
  job_id uuid not null unique,
  created_by uuid not null references users,
  kind text not null check (kind in ('report', 'export')),
  format text not null check (format in ('csv', 'xlsx', 'pdf', 'zip')),
  title text not null,
  language text not null,
  timezone text not null,
  community_ids uuid[] not null default '{}',
  -- Of an export: null, it has everything.
  period_from timestamptz,
  period_to timestamptz,
  -- Of an export: whether the files of the library are in it.
  with_media boolean not null default true,
  -- How often its making was begun.
  runs smallint not null default 0,
  -- null: not made yet, or it failed: the job tells.
  file_key text unique,
  -- Bytes.
  size bigint,
  made_at timestamptz,
  created_at timestamptz not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, schedule_id) references report_schedules (workspace_id, id)
    on delete set null (schedule_id),
  check ((kind = 'export') = (format = 'zip')),
  check ((kind = 'report') = (period_from is not null) and (kind = 'report') = (period_to is not null)),
  check ((file_key is null) = (size is null) and (file_key is null) = (made_at is null))
);
create index reports_workspace on reports (workspace_id, kind, id desc);
create index reports_schedule on reports (schedule_id) where schedule_id is not null;
create index reports_created on reports (created_at);

alter table reports enable row level security;
create policy one_workspace on reports to outpost_app using (workspace_id = current_workspace());
alter table report_schedules enable row level security;
create policy one_workspace on report_schedules to outpost_app using (workspace_id = current_workspace());
grant select, insert, delete on reports to outpost_app;
grant select, insert, update, delete on report_schedules to outpost_app;
