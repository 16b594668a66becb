import * as v from 'valibot';
import pkg from '../../package.json' with { type: 'json' };
import type { Context, Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { within } from '../interval.ts';

const Time = v.pipe(v.string(), v.isoTimestamp());
const Count = v.strictObject({
  count: v.number(),
  oldest_at: v.pipe(
    v.nullable(Time),
    v.description('Since when the oldest of them waits, or when it was due.'),
  ),
});
const counted = (what: string) => v.pipe(Count, v.description(what));

/** What is wrong with the installation itself, and not with what people do on it. */
export const concerns = [
  'clickhouse_away',
  'network_away',
  'publications_late',
  'jobs_waiting',
  'jobs_failed',
  'shipping_behind',
  'rows_refused',
] as const;

export const StatusSchema = v.pipe(
  v.strictObject({
    concerns: v.pipe(
      v.array(v.picklist(concerns)),
      v.description('What is wrong with the installation; empty: all is well.'),
    ),
    version: v.string(),
    role: v.picklist(['all', 'api', 'worker']),
    started_at: v.pipe(Time, v.description('Of the process that answers.')),
    bun: v.pipe(v.string(), v.description('Version of the runtime.')),
    postgres: v.strictObject({ version: v.string(), embedded: v.boolean(), bytes: v.number() }),
    clickhouse: v.strictObject({
      answers: v.boolean(),
      version: v.nullable(v.string()),
      embedded: v.boolean(),
      bytes: v.nullable(v.number()),
    }),
    media: v.strictObject({ place: v.picklist(['folder', 'bucket']), files: v.number(), bytes: v.number() }),
    migrations: v.pipe(
      v.strictObject({ postgres: v.number(), clickhouse: v.nullable(v.number()) }),
      v.description('Numbers of the last ones that were applied.'),
    ),
    publications: v.strictObject({
      scheduled: counted('Due later.'),
      due: counted('Due now and not on their way yet.'),
      late: counted('Of these, the ones that are due for more than a minute.'),
      sending: counted('On their way, or being looked for.'),
      held: counted('Wait for a person, or for a network or a community to come back.'),
      unconfirmed: counted('Nobody knows whether they are there: a person has to say.'),
      failed: counted('Refused for good.'),
    }),
    queues: v.array(
      v.strictObject({
        name: v.string(),
        waiting: v.number(),
        later: v.pipe(v.number(), v.description('Not to be done yet.')),
        active: v.number(),
        failed: v.pipe(v.number(), v.description('In the last hour.')),
        oldest_at: v.pipe(v.nullable(Time), v.description('Since when the oldest of those that wait does.')),
      }),
    ),
    shipping: v.pipe(
      v.strictObject({
        events: counted('What happened to publications.'),
        figures: counted('What the networks counted.'),
        refused: counted('Rows that ClickHouse refused; they lie in metrics_quarantine with the reason.'),
        newest: v.pipe(
          v.strictObject({ events: v.nullable(Time), figures: v.nullable(Time) }),
          v.description(
            'When the newest of what has arrived had happened, or was read; null: nothing has lately.',
          ),
        ),
      }),
      v.description('On the way from PostgreSQL to ClickHouse.'),
    ),
    networks: v.array(
      v.strictObject({
        name: v.string(),
        away: v.pipe(v.boolean(), v.description('It fails, and publications to it are held.')),
        reason: v.nullable(v.string()),
        since: v.nullable(Time),
      }),
    ),
    communities: v.strictObject({ active: v.number(), needs_reauth: v.number(), disconnected: v.number() }),
  }),
  v.metadata({ ref: 'OperatorStatus' }),
);
export type Status = v.InferOutput<typeof StatusSchema>;

/**
 * How the installation does, over all workspaces: counts and versions, and nothing of anybody's content. Throws
 * `forbidden` for everybody but its operator.
 */
export async function getStatus(ctx: Context, who: Who): Promise<Status> {
  const { config } = ctx;
  const [person] = await ctx.sql<{ is_operator: boolean }[]>`
    select is_operator from users where id = ${who.userId}`;
  if (!person?.is_operator) {
    throw new AppError('forbidden', 'Only whoever runs this installation can see this.');
  }
  const [postgres, clickhouse, publications, queues, breakers] = await Promise.all([
    aboutPostgres(ctx),
    aboutClickHouse(ctx),
    countPublications(ctx),
    ctx.queue.counts(),
    ctx.sql<{ network: string; reason: string; changed_at: Date }[]>`
      select network, reason, changed_at from breakers where open`,
  ]);
  const { shipping, communities, media } = postgres;
  const networks = Object.keys(config.roots).map((name) => {
    const breaker = breakers.find(({ network }) => network === name);
    return {
      name,
      away: breaker !== undefined,
      reason: breaker?.reason ?? null,
      since: breaker?.changed_at.toISOString() ?? null,
    };
  });
  const isLong = (at: string | null) =>
    at !== null && Date.parse(at) < Date.now() - config.durations.concernWait;
  const wrong: Record<(typeof concerns)[number], boolean> = {
    clickhouse_away: !clickhouse.answers,
    network_away: networks.some(({ away }) => away),
    publications_late: publications.late.count > 0,
    jobs_waiting: queues.some(({ oldest_at }) => isLong(oldest_at)),
    jobs_failed: queues.some(({ failed }) => failed > 0),
    shipping_behind: isLong(shipping.events.oldest_at) || isLong(shipping.figures.oldest_at),
    rows_refused: shipping.refused.count > 0,
  };
  return {
    concerns: concerns.filter((concern) => wrong[concern]),
    version: pkg.version,
    role: config.role,
    started_at: new Date(Date.now() - process.uptime() * 1_000).toISOString(),
    bun: Bun.version,
    postgres: { version: postgres.version, embedded: config.databaseUrl === null, bytes: postgres.bytes },
    clickhouse: {
      answers: clickhouse.answers,
      version: clickhouse.version,
      embedded: ctx.ch.embedded,
      bytes: clickhouse.bytes,
    },
    media: { place: config.s3 ? 'bucket' : 'folder', ...media },
    migrations: { postgres: postgres.migration, clickhouse: clickhouse.migration },
    publications,
    queues,
    shipping: { ...shipping, newest: { events: postgres.newest, figures: clickhouse.newest } },
    networks,
    communities,
  };
}

async function aboutPostgres({ sql }: Context) {
  const [row] = await sql<
    {
      version: string;
      bytes: number;
      migration: number;
      events: Waiting;
      figures: Waiting;
      refused: Waiting;
      newest: Date | null;
      files: number;
      media_bytes: number;
      active: number;
      needs_reauth: number;
      disconnected: number;
    }[]
  >`
    select split_part(current_setting('server_version'), ' ', 1) as version,
      pg_database_size(current_database())::float8 as bytes,
      (select max(number) from schema_migrations) as migration,
      (select jsonb_build_object('count', count(*), 'oldest_at', min(at)) from publication_events where not shipped) as events,
      (select jsonb_build_object('count', count(*), 'oldest_at', min(at)) from metrics_outbox) as figures,
      (select jsonb_build_object('count', count(*), 'oldest_at', min(at)) from metrics_quarantine) as refused,
      (select at from publication_events where shipped order by id desc limit 1) as newest,
      m.files, m.media_bytes, c.active, c.needs_reauth, c.disconnected
    from (select count(*)::int as files, coalesce(sum(size), 0)::float8 as media_bytes from media) m,
      (select count(*) filter (where status = 'active')::int as active,
         count(*) filter (where status = 'needs_reauth')::int as needs_reauth,
         count(*) filter (where status = 'disconnected')::int as disconnected
       from communities) c`;
  if (!row) throw new Error('PostgreSQL tells nothing about itself');
  const { version, bytes, migration, active, needs_reauth, disconnected } = row;
  return {
    version,
    bytes,
    migration,
    shipping: { events: shown(row.events), figures: shown(row.figures), refused: shown(row.refused) },
    newest: row.newest?.toISOString() ?? null,
    media: { files: row.files, bytes: row.media_bytes },
    communities: { active, needs_reauth, disconnected },
  };
}

async function aboutClickHouse({ ch, config, log }: Context) {
  const asked = ch.query<{ version: string; bytes: string; migration: number; newest: string }>(`
    select version() as version, (select max(number) from schema_migrations) as migration,
      toUnixTimestamp64Milli(greatest(
        (select max(ts) from raw_community_metrics_v1 where ts > now() - toIntervalDay(31)),
        (select max(ts) from raw_post_metrics_v1 where published_at > now() - toIntervalDay(31)))) as newest,
      (select sum(bytes_on_disk) from system.parts where active and database = currentDatabase()) as bytes`);
  try {
    const [row] = await within(asked, config.durations.connect);
    if (!row) throw new Error('ClickHouse tells nothing about itself');
    const { version, bytes, migration } = row;
    const newest = Number(row.newest) > 0 ? new Date(Number(row.newest)).toISOString() : null;
    return { answers: true, version, bytes: Number(bytes), migration, newest };
  } catch (error) {
    log.warn({ err: error }, 'ClickHouse did not tell about itself');
    return { answers: false, version: null, bytes: null, migration: null, newest: null };
  }
}

async function countPublications({ sql, config }: Context): Promise<Status['publications']> {
  const of = (where: ReturnType<typeof sql>) =>
    sql`(select jsonb_build_object('count', count(*), 'oldest_at', min(due_at)) from publications where ${where})`;
  const [row] = await sql<Record<keyof Status['publications'], Waiting>[]>`
    select ${of(sql`state = 'scheduled' and due_at > statement_timestamp()`)} as scheduled,
      ${of(sql`state = 'scheduled' and due_at <= statement_timestamp()`)} as due,
      ${of(sql`
        state = 'scheduled'
        and due_at <= statement_timestamp() - ${config.durations.concernDue} * interval '1 millisecond'`)} as late,
      ${of(sql`state in ('sending', 'confirming')`)} as sending,
      ${of(sql`state = 'held'`)} as held,
      ${of(sql`state = 'unconfirmed'`)} as unconfirmed,
      ${of(sql`state = 'failed'`)} as failed`;
  if (!row) throw new Error('the publications cannot be counted');
  return {
    scheduled: shown(row.scheduled),
    due: shown(row.due),
    late: shown(row.late),
    sending: shown(row.sending),
    held: shown(row.held),
    unconfirmed: shown(row.unconfirmed),
    failed: shown(row.failed),
  };
}

interface Waiting {
  count: number;
  oldest_at: string | null;
}

function shown({ count, oldest_at }: Waiting): Waiting {
  return { count, oldest_at: oldest_at && new Date(oldest_at).toISOString() };
}
