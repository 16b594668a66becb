-- Media of every kind.
alter table media drop constraint media_kind_check;
alter table media add constraint media_kind_check
  check (kind in ('image', 'video', 'animation', 'audio', 'voice', 'document'));
alter table media alter column width drop not null;
alter table media alter column height drop not null;
-- Seconds.
alter table media add column duration double precision;
-- As the owner called the file, made safe.
alter table media add column name text;

-- A post is text with its entities (UTF-16 offsets), perhaps a poll, and perhaps further parts that follow it.
alter table posts add column entities jsonb not null default '[]';
alter table posts add column poll jsonb;
-- [{"text", "entities", "media_ids", "poll"}]: part 2 and on.
alter table posts add column parts jsonb not null default '[]';
-- {"text", "entities"}: left under the post by the community itself once it is public.
alter table posts add column first_comment jsonb;
-- Of the text without case, blanks and punctuation; null: no text. For the warning about repetition.
alter table posts add column text_hash text;
create index posts_text_hash on posts (workspace_id, text_hash) where text_hash is not null;

-- Every file that a post names: '' is the first part, in order; others by where they stand (`/parts/0`, `/overrides/vk`).
alter table post_media add column used_in text not null default '';
alter table post_media drop constraint post_media_pkey;
alter table post_media add primary key (post_id, used_in, position);

-- What the owner chose for a community; the network's own schema.
alter table communities add column settings jsonb not null default '{}';

alter table publications drop constraint publications_hold_reason_check;
alter table publications add constraint publications_hold_reason_check
  check (hold_reason in ('late', 'network_down', 'disconnected', 'reauth', 'previous_part'));
-- Every id that it stands under (an album has several); the first is remote_id.
alter table publications add column remote_ids text[] not null default '{}';
-- What its send makes public: {"text", "media", "poll", "comments"}, the content version that this was made of, and what
-- is to follow: {"pin", "delete_after", "comment"}. All three written at the barrier.
alter table publications add column live jsonb;
alter table publications add column live_version integer;
alter table publications add column afterwards jsonb;
-- Where the network keeps comments under it, when an update told.
alter table publications add column thread text;
alter table publications add column pinned boolean not null default false;
-- Gone from the network: since when, and by whom (`outpost`, `network`).
alter table publications add column removed_at timestamptz;
alter table publications add column removed_by text check (removed_by in ('outpost', 'network'));
-- What a read-back saw that differs: {"kind": "removed" | "changed" | "cut", "seen", "at"}.
alter table publications add column drift jsonb;
alter table publications add column drift_check_at timestamptz;
create index publications_drift on publications (drift_check_at) where drift_check_at is not null;
create index publications_parts on publications (post_id, community_id, part) where part > 1;

-- A poll is staged under `poll`, media under their ids.
alter table staged_media alter column media_id type text using media_id::text;

-- Handles that an earlier send with the same credential left (Telegram's file_id): bytes go up once per bot.
create table media_handles (
  workspace_id uuid not null,
  media_id uuid not null,
  -- The pace key of the credential, as `telegram:bot:123`.
  scope text not null,
  handle text not null,
  at timestamptz not null default now(),
  primary key (media_id, scope),
  foreign key (workspace_id, media_id) references media (workspace_id, id) on delete cascade
);
alter table media_handles enable row level security;
create policy one_workspace on media_handles to outpost_app using (workspace_id = current_workspace());
