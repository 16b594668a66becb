import { resolve } from 'node:path';
import * as v from 'valibot';
import { StartError } from './errors.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Every waiting time of the publishing machine, in milliseconds. Tests shrink them by overrides;
 * nothing else in the code may hold a duration of its own.
 */
export const defaultDurations = {
  /** A claimed publication belongs to its worker for this long after the last heartbeat. */
  lease: 20 * second,
  heartbeat: 5 * second,
  /** Looks for due rows whose job was lost and for rows whose worker died. */
  sweep: 5 * second,
  /** Moves rows that come into `reach` from the plan into the queue. */
  promote: 30 * second,
  reach: 3 * minute,
  /** Media are uploaded this long before the due time. */
  prepare: 60 * second,
  /** The queue's own poll, the backstop of the due timer (pg-boss allows no less than 500). */
  poll: 500,
  /** Reads after an unknown outcome, counted from the send. */
  lookUps: [5 * second, 20 * second, 60 * second, 180 * second, 600 * second] as readonly number[],
  /** Moves what happened from PostgreSQL to ClickHouse. */
  ship: 5 * second,
  /** Two reads that agree on absence must lie at least this far apart. */
  absentApart: 60 * second,
  /** A send may start until this long after its barrier. */
  sendStart: 60 * second,
  sendText: 60 * second,
  sendMedia: 300 * second,
  connect: 5 * second,
  stage: 120 * second,
  /** Waits before another try after a send that provably never left. */
  notSent: [500, 2 * second, 5 * second] as readonly number[],
  limitedFirst: 15 * second,
  limitedMost: 5 * minute,
  /** Up to here a late publication goes out in order; up to `latePaced` unless it is time-sensitive. */
  lateInOrder: 15 * minute,
  latePaced: 3 * hour,
  breakerWindow: 60 * second,
  breakerProbe: 15 * second,
  /** Longer than `sendText`, so that a stop never makes an outcome unknown. */
  drain: 75 * second,
  /** Connecting or checking a community: every call of it together. */
  ask: 20 * second,
  /** Decoding and encoding one uploaded image (whole seconds). */
  imageWork: 30 * second,
  mediaUnreferenced: 7 * day,
  mediaUrl: 15 * minute,
  idempotency: 7 * day,
  sessionIdle: 7 * day,
  sessionAbsolute: 30 * day,
};

export type Durations = typeof defaultDurations;

export interface Config {
  port: number;
  host: string;
  /** No trailing slash. */
  publicUrl: string;
  registration: 'closed' | 'open';
  metricsToken: string | null;
  dataDir: string;
  /** null: embedded PostgreSQL under dataDir. */
  databaseUrl: string | null;
  /** null: embedded ClickHouse engine under dataDir. */
  clickhouseUrl: string | null;
  mediaDir: string;
  /** null: made once in dataDir/secret with mode 0600. */
  secret: string | null;
  role: 'all' | 'api' | 'worker';
  /** API roots by network name, no trailing slash. */
  roots: Readonly<Record<string, string>>;
  horizonDays: number;
  /** Prefix word of API keys: `sk_main_…`, or `sk_sandbox_…` in the demo. */
  keyEnvironment: 'main' | 'sandbox';
  logLevel: string;
  /** Addresses of the sandbox walls, shown on the first page of the demo. */
  walls: readonly { title: string; url: string }[];
  durations: Durations;
}

const url = (protocols: string[]) =>
  v.pipe(
    v.string(),
    v.check(
      (text) => {
        try {
          return protocols.includes(new URL(text).protocol);
        } catch {
          return false;
        }
      },
      `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    ),
  );
const httpUrl = v.pipe(
  url(['http:', 'https:']),
  v.transform((text) => text.replace(/\/+$/, '')),
);
const whole = (name: string, least: number, most: number) =>
  v.pipe(
    v.string(),
    v.check(
      (text) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most,
      `${name} must be a whole number from ${least} to ${most}`,
    ),
    v.transform(Number),
  );

const Environment = v.object({
  PORT: v.optional(whole('PORT', 0, 65_535)),
  HOST: v.optional(v.pipe(v.string(), v.nonEmpty())),
  PUBLIC_URL: v.optional(httpUrl),
  OUTPOST_REGISTRATION: v.optional(v.picklist(['closed', 'open'])),
  METRICS_TOKEN: v.optional(v.pipe(v.string(), v.minLength(16, 'must be at least 16 characters long'))),
  DATA_DIR: v.optional(v.pipe(v.string(), v.nonEmpty())),
  DATABASE_URL: v.optional(url(['postgres:', 'postgresql:'])),
  CLICKHOUSE_URL: v.optional(url(['http:', 'https:'])),
  MEDIA_DIR: v.optional(v.pipe(v.string(), v.nonEmpty())),
  OUTPOST_SECRET: v.optional(v.pipe(v.string(), v.minLength(32, 'must be at least 32 characters long'))),
  OUTPOST_ROLE: v.optional(v.picklist(['all', 'api', 'worker'])),
  OUTPOST_HORIZON_DAYS: v.optional(whole('OUTPOST_HORIZON_DAYS', 1, 3_650)),
  TELEGRAM_API_ROOT: v.optional(httpUrl),
  VK_API_ROOT: v.optional(httpUrl),
  LOG_LEVEL: v.optional(v.picklist(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])),
});

/**
 * Reads the environment once. The only reader: nothing else touches `process.env`.
 * Throws {@link StartError} with one plain sentence that names the variable.
 */
export function readConfig(
  env: Record<string, string | undefined>,
  overrides: Partial<Omit<Config, 'durations'>> & { durations?: Partial<Durations> } = {},
): Config {
  const known = new Set(Object.keys(Environment.entries));
  const unknown = Object.keys(env).find((name) => name.startsWith('OUTPOST_') && !known.has(name));
  if (unknown)
    throw new StartError(`${unknown} is not a setting that Outpost knows: see .env.example for the list.`);

  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => known.has(name) && value !== ''),
  );
  const parsed = v.safeParse(Environment, given);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const name = String(issue.path?.[0]?.key ?? 'The environment');
    // The value is left out on purpose: it may be a secret.
    throw new StartError(
      `${name} ${issue.message.startsWith(name) ? issue.message.slice(name.length + 1) : issue.message}.`,
    );
  }
  const e = parsed.output;
  const port = overrides.port ?? e.PORT ?? 3000;
  const dataDir = resolve(overrides.dataDir ?? e.DATA_DIR ?? './data');
  const config: Config = {
    host: e.HOST ?? '127.0.0.1',
    publicUrl: e.PUBLIC_URL ?? `http://localhost:${port}`,
    registration: e.OUTPOST_REGISTRATION ?? 'closed',
    metricsToken: e.METRICS_TOKEN ?? null,
    databaseUrl: e.DATABASE_URL ?? null,
    clickhouseUrl: e.CLICKHOUSE_URL ?? null,
    mediaDir: resolve(e.MEDIA_DIR ?? `${dataDir}/media`),
    secret: e.OUTPOST_SECRET ?? null,
    role: e.OUTPOST_ROLE ?? 'all',
    roots: {
      telegram: e.TELEGRAM_API_ROOT ?? 'https://api.telegram.org',
      vk: e.VK_API_ROOT ?? 'https://api.vk.ru/method',
    },
    horizonDays: e.OUTPOST_HORIZON_DAYS ?? 365,
    keyEnvironment: 'main',
    logLevel: e.LOG_LEVEL ?? 'info',
    walls: [],
    ...overrides,
    port,
    dataDir,
    durations: { ...defaultDurations, ...overrides.durations },
  };
  if (config.role !== 'all' && !config.clickhouseUrl) {
    throw new StartError(
      `OUTPOST_ROLE=${config.role} needs CLICKHOUSE_URL: the embedded ClickHouse engine belongs to one process.`,
    );
  }
  if (config.role !== 'all' && !e.MEDIA_DIR && !overrides.mediaDir) {
    throw new StartError(
      `OUTPOST_ROLE=${config.role} needs MEDIA_DIR, a folder that every process of this installation shares.`,
    );
  }
  if (config.role !== 'all' && !config.databaseUrl) {
    throw new StartError(
      `OUTPOST_ROLE=${config.role} needs DATABASE_URL, shared by every process of this installation.`,
    );
  }
  if (config.role !== 'all' && !config.secret) {
    throw new StartError(`OUTPOST_ROLE=${config.role} needs OUTPOST_SECRET, the same for every process.`);
  }
  return Object.freeze(config);
}
