-- More of what takes longer than a request, and where what it made is found.
alter table jobs drop constraint jobs_kind_check;
alter table jobs add check (kind in ('refresh_analytics', 'report', 'export'));
-- A path of the API; null: it makes nothing, or is not done.
alter table jobs add column result text;
