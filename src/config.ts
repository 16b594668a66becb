import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import * as v from 'valibot';
import { type Durations, defaultDurations } from './durations.ts';
import { StartError } from './errors.ts';

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
  /** null: media lie in `mediaDir`. */
  s3: {
    /** No trailing slash. */
    endpoint: string;
    bucket: string;
    region: string;
    accessKeyId: string;
    secretAccessKey: string;
  } | null;
  /** Bytes of an uploaded file; pictures have a smaller limit of their own. */
  mediaBytesMost: number;
  /** KiB that hashing a password takes. No setting: a cheaper hash is a weaker one. */
  passwordMemory: number;
  /** null: made once in dataDir/secret with mode 0600. */
  secret: string | null;
  role: 'all' | 'api' | 'worker';
  /** Threads that files and the embedded ClickHouse share: one for each core unless UV_THREADPOOL_SIZE says more. */
  threads: number;
  /** API roots by network name, no trailing slash. */
  roots: Readonly<Record<string, string>>;
  /** Further addresses and switches of a network, by its name: what `Access.roots` holds. */
  otherRoots: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Our application at a network, by its name; null: the operator has set none. */
  clients: Readonly<Record<string, { id: string | null; secret: string | null }>>;
  /** How updates of the networks come: posted to PUBLIC_URL, fetched, or not at all; auto: as PUBLIC_URL allows. */
  inbound: 'auto' | 'webhook' | 'poll' | 'off';
  horizonDays: number;
  /** CIDRs that are not public and may be fetched from all the same: see `outside.ts`. */
  outsideAllow: readonly string[];
  /** Prefix word of API keys: `sk_main_…`, or `sk_sandbox_…` in the demo. */
  keyEnvironment: 'main' | 'sandbox';
  logLevel: string;
  /** Of the demo alone: who can sign in, and where its networks can be looked at. Everybody may see it. */
  demo: {
    email: string;
    password: string;
    walls: readonly { title: string; url: string }[];
  } | null;
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

/** None as wide as to switch the guard off. */
const cidrs = v.pipe(
  v.string(),
  v.transform((text) => text.split(',').map((cidr) => cidr.trim())),
  v.check(
    (list) =>
      list.every((cidr) => {
        if (!ipaddr.isValidCIDR(cidr)) return false;
        const [address, length] = ipaddr.parseCIDR(cidr);
        return length >= (address.kind() === 'ipv4' ? 8 : 7);
      }),
    'must be networks such as 10.1.0.0/16 or fd00::/8 with a comma between them, none wider than /8 (IPv6: /7)',
  ),
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
  S3_ENDPOINT: v.optional(httpUrl),
  S3_BUCKET: v.optional(v.pipe(v.string(), v.nonEmpty())),
  S3_REGION: v.optional(v.pipe(v.string(), v.nonEmpty())),
  S3_ACCESS_KEY_ID: v.optional(v.pipe(v.string(), v.nonEmpty())),
  S3_SECRET_ACCESS_KEY: v.optional(v.pipe(v.string(), v.nonEmpty())),
  OUTPOST_SECRET: v.optional(v.pipe(v.string(), v.minLength(32, 'must be at least 32 characters long'))),
  OUTPOST_ROLE: v.optional(v.picklist(['all', 'api', 'worker'])),
  OUTPOST_INBOUND: v.optional(v.picklist(['auto', 'webhook', 'poll', 'off'])),
  OUTPOST_OUTSIDE_ALLOW: v.optional(cidrs),
  OUTPOST_HORIZON_DAYS: v.optional(whole('OUTPOST_HORIZON_DAYS', 1, 3_650)),
  TELEGRAM_API_ROOT: v.optional(httpUrl),
  TELEGRAM_PREVIEW_ROOT: v.optional(httpUrl),
  TELEGRAM_API_ID: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,9}$/, 'must be the api_id of your application at my.telegram.org'),
    ),
  ),
  TELEGRAM_API_HASH: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[0-9a-f]{32}$/, 'must be the api_hash of your application at my.telegram.org'),
    ),
  ),
  TELEGRAM_LOCAL_SERVER: v.optional(v.picklist(['true', 'false'], 'must be true or false')),
  VK_API_ROOT: v.optional(httpUrl),
  VK_OAUTH_ROOT: v.optional(httpUrl),
  VK_COMMUNITY_OAUTH_ROOT: v.optional(httpUrl),
  VK_CLIENT_ID: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,20}$/, 'must be the number of your application')),
  ),
  VK_CLIENT_SECRET: v.optional(
    v.pipe(v.string(), v.regex(/^[\x21-\x7e]{8,200}$/, 'must be the protected key of your application')),
  ),
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
  if ((e.TELEGRAM_API_ID === undefined) !== (e.TELEGRAM_API_HASH === undefined)) {
    throw new StartError(
      `TELEGRAM_API_${e.TELEGRAM_API_ID === undefined ? 'ID' : 'HASH'} is missing: user sessions of Telegram need TELEGRAM_API_ID and TELEGRAM_API_HASH.`,
    );
  }
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
    s3: s3Of(e),
    mediaBytesMost: 2_000 * 1024 * 1024,
    // OWASP's floor is 19 MiB and two passes; this is Bun's own choice, written down so that it cannot drift.
    passwordMemory: 65_536,
    secret: e.OUTPOST_SECRET ?? null,
    role: e.OUTPOST_ROLE ?? 'all',
    // Bun's own, and no setting of ours: from a file it would come too late.
    threads: Number(env.UV_THREADPOOL_SIZE) || navigator.hardwareConcurrency,
    roots: {
      telegram: e.TELEGRAM_API_ROOT ?? 'https://api.telegram.org',
      vk: e.VK_API_ROOT ?? 'https://api.vk.ru/method',
    },
    otherRoots: {
      telegram: {
        preview: e.TELEGRAM_PREVIEW_ROOT ?? 'https://t.me',
        local: e.TELEGRAM_LOCAL_SERVER ?? 'false',
        // User sessions need the number alone; the hash is for making one.
        ...(e.TELEGRAM_API_ID ? { app_id: e.TELEGRAM_API_ID } : {}),
      },
      vk: {
        oauth: e.VK_OAUTH_ROOT ?? 'https://id.vk.com',
        community_oauth: e.VK_COMMUNITY_OAUTH_ROOT ?? 'https://oauth.vk.com',
      },
    },
    clients: {
      telegram: { id: e.TELEGRAM_API_ID ?? null, secret: e.TELEGRAM_API_HASH ?? null },
      vk: { id: e.VK_CLIENT_ID ?? null, secret: e.VK_CLIENT_SECRET ?? null },
    },
    inbound: e.OUTPOST_INBOUND ?? 'auto',
    horizonDays: e.OUTPOST_HORIZON_DAYS ?? 365,
    outsideAllow: e.OUTPOST_OUTSIDE_ALLOW ?? [],
    keyEnvironment: 'main',
    logLevel: e.LOG_LEVEL ?? 'info',
    demo: null,
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
  if (e.MEDIA_DIR && config.s3) {
    throw new StartError('MEDIA_DIR and the S3_ settings are both set: media can lie in one place only.');
  }
  if (config.role !== 'all' && !e.MEDIA_DIR && !overrides.mediaDir && !config.s3) {
    throw new StartError(
      `OUTPOST_ROLE=${config.role} needs MEDIA_DIR, a folder that every process of this installation shares, or the S3_ settings.`,
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

/** All five of them, or none. */
function s3Of(e: v.InferOutput<typeof Environment>): Config['s3'] {
  const given = {
    S3_ENDPOINT: e.S3_ENDPOINT,
    S3_BUCKET: e.S3_BUCKET,
    S3_REGION: e.S3_REGION,
    S3_ACCESS_KEY_ID: e.S3_ACCESS_KEY_ID,
    S3_SECRET_ACCESS_KEY: e.S3_SECRET_ACCESS_KEY,
  };
  const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === Object.keys(given).length) return null;
  if (missing.length > 0) {
    throw new StartError(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: media lie in S3 with all five S3_ settings, and in a folder with none of them.`,
    );
  }
  return {
    endpoint: given.S3_ENDPOINT ?? '',
    bucket: given.S3_BUCKET ?? '',
    region: given.S3_REGION ?? '',
    accessKeyId: given.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: given.S3_SECRET_ACCESS_KEY ?? '',
  };
}
