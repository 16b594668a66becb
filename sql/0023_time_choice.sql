-- Why a post has the time that Outpost chose for it: what `time_choice` of the API shows. null: somebody gave the time.
alter table posts add column time_choice jsonb;
