-- As in posts: a comment that is asked for again after a crash is the one that was kept before it.
alter table publication_acts add column request_key text;
-- What waits for a person, for lists of posts.
create index publication_acts_attention on publication_acts (publication_id) where state in ('failed', 'unconfirmed');
