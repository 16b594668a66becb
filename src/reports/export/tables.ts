import { asWorkspace, type Context } from '../../context.ts';

/** A table of PostgreSQL in an export: a file of JSON lines, the oldest first. */
interface Exported {
  file: string;
  /** For the README of the archive. */
  about: string;
  table: string;
  /** Every column that is told, by name: what is not listed is in no export, secrets before all. */
  columns: string;
  /** What a line is found by, with its type. */
  key: readonly (readonly [column: string, type: string])[];
  /** The column that holds the workspace. */
  workspace?: string;
}

const byId = [['id', 'uuid']] as const;

export const exported: readonly Exported[] = [
  {
    file: 'workspace',
    about: 'the workspace itself',
    table: 'workspaces',
    columns: 'id, name, timezone, metrics_days, created_at',
    key: byId,
    workspace: 'id',
  },
  {
    file: 'communities',
    about: 'connected channels and communities, without what gives access to them',
    table: 'communities',
    columns:
      'id, network, external_id, title, renamed, handle, url, members, timezone, status, status_reason, settings, capabilities, warnings, checked_at, created_at, disconnected_at',
    key: byId,
  },
  {
    file: 'topics',
    about: 'topics of forum groups',
    table: 'community_topics',
    columns: 'community_id, topic_id, name, seen_at',
    key: [
      ['community_id', 'uuid'],
      ['topic_id', 'text'],
    ],
  },
  {
    file: 'slots',
    about: 'the weekly times of communities: weekday 1 is Monday, minute counts from midnight',
    table: 'slots',
    columns: 'community_id, weekday, minute',
    key: [
      ['community_id', 'uuid'],
      ['weekday', 'smallint'],
      ['minute', 'smallint'],
    ],
  },
  {
    file: 'posts',
    about: 'posts, drafts among them, as they were written',
    table: 'posts',
    columns: `id, author_id, text, entities, poll, parts, first_comment, overrides, community_ids, scheduled_at, local_time,
      timezone, time_choice, time_sensitive, content_version, series_id, occurrence, series_post_id, detached, created_at, updated_at`,
    key: byId,
  },
  {
    file: 'post_media',
    about: 'which file a post shows where: used_in is empty for its first part',
    table: 'post_media',
    columns: 'post_id, used_in, position, media_id',
    key: [
      ['post_id', 'uuid'],
      ['used_in', 'text'],
      ['position', 'smallint'],
    ],
  },
  {
    file: 'publications',
    about: 'each post in each community, with what became of it and what is public',
    table: 'publications',
    columns: `id, post_id, community_id, network, part, state, due_at, content_version, hold_reason, note, remote_id, remote_ids,
      remote_url, error, live, live_version, afterwards, drift, pinned, published_at, dismissed_at, removed_at, removed_by, created_at`,
    key: byId,
  },
  {
    file: 'publication_events',
    about: 'the history of publications',
    table: 'publication_events',
    columns: 'id, publication_id, at, from_state, to_state, reason',
    key: [['id', 'bigint']],
  },
  {
    file: 'publication_attempts',
    about: 'each send and each look-up, with its outcome',
    table: 'publication_attempts',
    columns:
      'id, publication_id, network, kind, content_version, outcome, decided_by, remote_id, http_status, error, intent_at, decided_at',
    key: byId,
  },
  {
    file: 'publication_acts',
    about: 'what was done with published posts: edits, comments, pins, deletions',
    table: 'publication_acts',
    columns:
      'id, publication_id, network, kind, state, payload, due_at, sent_at, remote_id, error, note, created_by, created_at, decided_at',
    key: byId,
  },
  {
    file: 'series',
    about: 'posts that are published again and again: the rules',
    table: 'series',
    columns:
      'id, author_id, name, rrule, starts, timezone, ends, skip_dates, min_distance_days, paused, next_at, deleted_at, created_at, updated_at',
    key: byId,
  },
  {
    file: 'series_posts',
    about: 'what a series publishes',
    table: 'series_posts',
    columns: 'id, series_id, position, content',
    key: byId,
  },
  {
    file: 'series_exceptions',
    about: 'occurrences without a post, and why',
    table: 'series_exceptions',
    columns: 'series_id, occurrence, at, cause, note, series_post_id, created_at',
    key: [
      ['series_id', 'uuid'],
      ['occurrence', 'text'],
    ],
  },
  {
    file: 'observed_posts',
    about: 'posts that were seen at the networks, those made by hand among them',
    table: 'observed_posts',
    columns:
      'community_id, remote_id, publication_id, posted_at, text, media, album, reactions, comments, edited_at, removed_at, seen_at',
    key: [
      ['community_id', 'uuid'],
      ['remote_id', 'text'],
    ],
  },
  {
    file: 'insights',
    about: 'what the daily look found',
    table: 'insights',
    columns: 'id, community_id, day, kind, subject, evidence, weight, dismissed_at, created_at',
    key: byId,
  },
  {
    file: 'media',
    about: 'the files of the library; where their bytes are here, they are under `file`',
    table: 'media',
    columns: `id, kind, mime, size, width, height, duration, name, alt, sha256, created_at, 'media/' || split_part(file_key, '/', -1) as file`,
    key: byId,
  },
  {
    file: 'saved_queries',
    about: 'queries of the SQL console that were kept',
    table: 'saved_queries',
    columns: 'id, name, sql, created_at, updated_at',
    key: byId,
  },
  {
    file: 'report_schedules',
    about: 'reports that are made by themselves',
    table: 'report_schedules',
    columns:
      'id, created_by, every, format, title, language, timezone, community_ids, next_at, done_until, created_at',
    key: byId,
  },
  {
    file: 'reports',
    about: 'reports and exports that were asked for, without their files',
    table: 'reports',
    columns:
      'id, schedule_id, created_by, kind, format, title, language, timezone, community_ids, period_from, period_to, with_media, size, made_at, created_at',
    key: byId,
  },
  {
    file: 'api_keys',
    about: 'API keys by name; the keys themselves are not kept anywhere',
    table: 'api_keys',
    columns: 'id, user_id, name, last_four, scopes, expires_at, last_used_at, revoked_at, created_at',
    key: byId,
  },
];

const page = 500;

/** The rows of one table as JSON lines, a page at a time, each read in a short transaction of its own. */
export async function* linesOf(ctx: Context, workspaceId: string, of: Exported): AsyncGenerator<string> {
  const { table, columns, key, workspace = 'workspace_id' } = of;
  const names = key.map(([name]) => `t.${name}`).join(', ');
  const places = key.map(([, type], index) => `$${index + 2}::text::${type}`).join(', ');
  let after: string[] | null = null;
  for (;;) {
    const values: string[] = [workspaceId, ...(after ?? [])];
    // Constants of this file alone; values are parameters.
    const statement: string = `
      select to_jsonb(line)::text as line, place from (
        select line, array[${key.map(([name]) => `t.${name}::text`).join(', ')}] as place
        from ${table} t, lateral (select ${columns}) line
        where t.${workspace} = $1 ${after ? `and (${names}) > (${places})` : ''}
        order by ${names} limit ${page}
      ) page`;
    const rows: readonly { line: string; place: string[] }[] = await asWorkspace(ctx, { workspaceId }, (tx) =>
      tx.unsafe<{ line: string; place: string[] }[]>(statement, values),
    );
    if (rows.length > 0) yield rows.map(({ line }) => `${line}\n`).join('');
    after = rows.at(-1)?.place ?? null;
    if (rows.length < page) return;
  }
}

/** People of the workspace: they are nobody's rows, so this is read as the owner. */
export async function* memberLines(ctx: Context, workspaceId: string): AsyncGenerator<string> {
  const rows = await ctx.sql<{ line: string }[]>`
    select jsonb_build_object('user_id', u.id, 'name', u.name, 'email', u.email, 'role', m.role, 'since', m.created_at)::text
      as line
    from members m join users u on u.id = m.user_id where m.workspace_id = ${workspaceId} order by m.created_at, u.id`;
  yield rows.map(({ line }) => `${line}\n`).join('');
}
