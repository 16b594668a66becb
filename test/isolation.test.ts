import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Scope } from '../src/auth/scope.ts';
import { scopes } from '../src/auth/scope.ts';
import { redeemCode } from '../src/communities/invitation.ts';
import { newSealingKey, seal, unseal } from '../src/crypto.ts';
import type { Tx } from '../src/stores/postgres.ts';
import { dataKey } from '../src/workspaces/workspace.ts';
import { type Account, type DescribedOperation, operationsOf, someId, type TestRequest } from './harness.ts';
import { openPublishing, type Publishing } from './publishing.ts';

type Kind =
  | 'act'
  | 'api_key'
  | 'community'
  | 'connection'
  | 'insight'
  | 'job'
  | 'media'
  | 'post'
  | 'publication'
  | 'report'
  | 'report_export'
  | 'report_schedule'
  | 'saved_query'
  | 'series'
  | 'workspace';
type Ids = Record<Kind, string>;

interface Row {
  scope: Scope | 'signed_in';
  /** What `{id}` in the path names. */
  id?: Exclude<Kind, 'workspace'>;
  /** A body that would be taken, made of the given ids. */
  body?: (ids: Ids) => unknown;
  /** What its query must have. */
  query?: () => string;
  /** Only who runs the installation is let in: the victim, and not the attacker. */
  operator?: boolean;
  /** Ids inside body and query, by name: `community_ids` → community. */
  refs?: Record<string, Exclude<Kind, 'workspace'>>;
}

const content = (ids: Ids) => ({ text: 'x', community_ids: [ids.community], media_ids: [ids.media] });
const refs = { community_ids: 'community', media_ids: 'media' } as const;
const yearly = () => ({
  name: 'Every year',
  rrule: 'FREQ=YEARLY',
  starts: `${new Date().getUTCFullYear() + 1}-12-31T12:00`,
});

/** Every operation that is not public. One that is missing here, or was removed there, fails the first test. */
const matrix: Record<string, Row> = {
  logout: { scope: 'signed_in' },
  getMe: { scope: 'signed_in' },
  changeMe: { scope: 'admin', body: () => ({ name: 'Other' }) },
  changePassword: { scope: 'signed_in', body: () => ({ current: 'x', password: 'long enough' }) },
  endOtherSessions: { scope: 'signed_in' },
  getWorkspace: { scope: 'signed_in' },
  changeWorkspace: { scope: 'admin', body: () => ({ name: 'Other' }) },
  createApiKey: { scope: 'admin', body: () => ({ name: 'x', scopes: ['*'] }) },
  listApiKeys: { scope: 'admin' },
  getApiKey: { scope: 'admin', id: 'api_key' },
  revokeApiKey: { scope: 'admin', id: 'api_key' },
  rotateApiKey: { scope: 'admin', id: 'api_key' },
  uploadMedia: { scope: 'media:write', body: () => new FormData() },
  announceUpload: { scope: 'media:write', body: () => ({ size: 1, name: 'x' }) },
  completeUpload: { scope: 'media:write', id: 'media' },
  listMedia: { scope: 'posts:read' },
  getMedia: { scope: 'posts:read', id: 'media' },
  describeMedia: { scope: 'media:write', id: 'media', body: () => ({ alt: 'x' }) },
  deleteMedia: { scope: 'media:write', id: 'media' },
  listNetworks: { scope: 'communities:read' },
  connectCommunity: {
    scope: 'communities:write',
    body: (ids) => ({ network: 'telegram', connection_id: ids.connection, external_id: '@x' }),
    refs: { connection_id: 'connection' },
  },
  listCommunities: { scope: 'communities:read' },
  getCommunity: { scope: 'communities:read', id: 'community' },
  changeCommunity: {
    scope: 'communities:write',
    id: 'community',
    body: (ids) => ({ title: 'Mine', connection_id: ids.connection }),
    refs: { connection_id: 'connection' },
  },
  disconnectCommunity: { scope: 'communities:write', id: 'community' },
  checkCommunity: { scope: 'communities:write', id: 'community' },
  getCommunityRights: { scope: 'communities:read', id: 'community' },
  listCommunityTopics: { scope: 'communities:read', id: 'community' },
  listObservedPosts: { scope: 'posts:read', id: 'community' },
  createConnection: {
    scope: 'communities:write',
    body: () => ({ network: 'telegram', credentials: {} }),
    // Places at a network, not things of ours.
    refs: {},
  },
  getConnection: { scope: 'communities:read', id: 'connection' },
  deleteConnection: { scope: 'communities:write', id: 'connection' },
  createPost: { scope: 'posts:write', body: content, refs },
  previewPost: {
    scope: 'posts:read',
    body: (ids) => ({ ...content(ids), post_id: ids.post }),
    refs: { ...refs, post_id: 'post' },
  },
  listPosts: { scope: 'posts:read', refs: { community_id: 'community', media_id: 'media' } },
  getPost: { scope: 'posts:read', id: 'post' },
  updatePost: { scope: 'posts:write', id: 'post', body: content, refs },
  deletePost: { scope: 'posts:write', id: 'post' },
  publishPost: { scope: 'posts:write', id: 'post' },
  cancelPost: { scope: 'posts:write', id: 'post' },
  duplicatePost: { scope: 'posts:write', id: 'post' },
  listPublications: { scope: 'posts:read', id: 'post' },
  retryPublication: { scope: 'posts:write', id: 'publication' },
  releasePublication: { scope: 'posts:write', id: 'publication' },
  confirmPublication: { scope: 'posts:write', id: 'publication', body: () => ({}) },
  declarePublicationAbsent: { scope: 'posts:write', id: 'publication' },
  discardPublication: { scope: 'posts:write', id: 'publication' },
  dismissPublication: { scope: 'posts:write', id: 'publication' },
  restorePublication: { scope: 'posts:write', id: 'publication' },
  cancelPublication: { scope: 'posts:write', id: 'publication' },
  importPlan: { scope: 'posts:write', body: (ids) => ({ posts: [content(ids)] }) },
  exportPlan: { scope: 'posts:read' },
  getCalendar: {
    scope: 'posts:read',
    query: () =>
      `?from=${new Date(Date.now() - 86_400_000).toISOString()}&to=${new Date(Date.now() + 86_400_000).toISOString()}`,
  },
  deletePublished: { scope: 'posts:write', id: 'publication' },
  pinPublished: { scope: 'posts:write', id: 'publication' },
  unpinPublished: { scope: 'posts:write', id: 'publication' },
  commentPublished: { scope: 'posts:write', id: 'publication', body: () => ({ text: 'x' }) },
  getAct: { scope: 'posts:read', id: 'act' },
  cancelAct: { scope: 'posts:write', id: 'act' },
  retryAct: { scope: 'posts:write', id: 'act' },
  confirmAct: { scope: 'posts:write', id: 'act' },
  declareActAbsent: { scope: 'posts:write', id: 'act' },
  discardAct: { scope: 'posts:write', id: 'act' },
  getSlots: { scope: 'communities:read', id: 'community' },
  setSlots: { scope: 'communities:write', id: 'community', body: () => ({ weekly: [] }) },
  createSeries: { scope: 'posts:write', body: (ids) => ({ ...yearly(), posts: [content(ids)] }) },
  previewSeries: { scope: 'posts:read', body: () => ({ rrule: 'FREQ=YEARLY', starts: yearly().starts }) },
  listSeries: { scope: 'posts:read' },
  getSeries: { scope: 'posts:read', id: 'series' },
  changeSeries: { scope: 'posts:write', id: 'series', body: () => ({ name: 'Mine' }) },
  deleteSeries: { scope: 'posts:write', id: 'series' },
  pauseSeries: { scope: 'posts:write', id: 'series' },
  resumeSeries: { scope: 'posts:write', id: 'series' },
  skipOccurrence: { scope: 'posts:write', id: 'series', body: () => ({ occurrence: yearly().starts }) },
  unskipOccurrence: { scope: 'posts:write', id: 'series', body: () => ({ occurrence: yearly().starts }) },
  getOverview: { scope: 'analytics:read' },
  getDelivery: { scope: 'analytics:read' },
  getDeliveryDays: { scope: 'analytics:read' },
  askSql: { scope: 'analytics:sql', body: () => 'select 1' },
  askSqlByAddress: { scope: 'analytics:sql' },
  pingSql: { scope: 'analytics:sql' },
  getSqlSchema: { scope: 'analytics:sql' },
  saveQuery: { scope: 'analytics:sql', body: () => ({ name: 'x', sql: 'select 1' }) },
  listSavedQueries: { scope: 'analytics:sql' },
  getSavedQuery: { scope: 'analytics:sql', id: 'saved_query' },
  changeSavedQuery: { scope: 'analytics:sql', id: 'saved_query', body: () => ({ name: 'Mine' }) },
  deleteSavedQuery: { scope: 'analytics:sql', id: 'saved_query' },
  getGrowth: { scope: 'analytics:read', id: 'community' },
  getTrend: { scope: 'analytics:read', id: 'community' },
  getTopPosts: { scope: 'analytics:read', id: 'community' },
  getBestTimes: { scope: 'analytics:read', id: 'community' },
  getContent: { scope: 'analytics:read', id: 'community' },
  getBenchmark: { scope: 'analytics:read', id: 'community' },
  compareCommunities: { scope: 'analytics:read' },
  listInsights: { scope: 'analytics:read', refs: { community_id: 'community' } },
  dismissInsight: { scope: 'analytics:read', id: 'insight' },
  restoreInsight: { scope: 'analytics:read', id: 'insight' },
  refreshAnalytics: { scope: 'analytics:read', id: 'community' },
  createReport: {
    scope: 'analytics:read',
    body: (ids) => ({ format: 'csv', community_ids: [ids.community] }),
    refs: { community_ids: 'community' },
  },
  listReports: { scope: 'analytics:read', refs: { schedule_id: 'report_schedule' } },
  getReport: { scope: 'analytics:read', id: 'report' },
  deleteReport: { scope: 'analytics:read', id: 'report' },
  createReportSchedule: {
    scope: 'analytics:read',
    body: (ids) => ({ every: 'week', format: 'csv', community_ids: [ids.community] }),
    refs: { community_ids: 'community' },
  },
  listReportSchedules: { scope: 'analytics:read' },
  getReportSchedule: { scope: 'analytics:read', id: 'report_schedule' },
  changeReportSchedule: {
    scope: 'analytics:read',
    id: 'report_schedule',
    body: (ids) => ({ community_ids: [ids.community] }),
    refs: { community_ids: 'community' },
  },
  deleteReportSchedule: { scope: 'analytics:read', id: 'report_schedule' },
  createExport: { scope: 'admin', body: () => ({}) },
  listExports: { scope: 'admin' },
  getExport: { scope: 'admin', id: 'report_export' },
  deleteExport: { scope: 'admin', id: 'report_export' },
  getJob: { scope: 'signed_in', id: 'job' },
  getPostAnalytics: { scope: 'analytics:read', id: 'post' },
  streamEvents: { scope: 'posts:read' },
  getOperatorStatus: { scope: 'admin', operator: true },
};

/** What anybody may ask. Behind those with an id stands a signature. */
const open = [
  'home',
  'openDashboard',
  'openDashboardPage',
  'openAsset',
  'openServiceWorker',
  'openIcon',
  'getInstallation',
  'register',
  'login',
  'openMedia',
  'openReport',
  'openAvatar',
  'takeUpdate',
  'finishSignIn',
  'health',
  'readiness',
  'metrics',
  'getDocument',
  'readDocument',
  'getDocumentPart',
];

/** Names in bodies that end like an id and are none of ours. */
const foreignNames = ['external_id', 'group_ids', 'last_event_id'];

let p: Publishing;
let operations: DescribedOperation[] = [];
let victim: Account;
let attacker: Account;
/** By state, one publication each: every act has something that it would work on. */
let victims: Ids[] = [];
let own: Ids;
const marks: string[] = [];

beforeAll(async () => {
  p = await openPublishing();
  victim = p.owner;
  attacker = await p.test.register();
  operations = await operationsOf(p.test);
  const group = await p.vk();
  const channel = await p.telegram();
  const media = await p.picture();
  await p.start();
  const api_key = (await p.ask('GET', '/v1/api-keys')).body.data[0].id;
  const connection = await connectionOf(victim);
  const make = async (community: string, body: object): Promise<Ids> => {
    const mark = `mark-${crypto.randomUUID()}`;
    marks.push(mark);
    const post = (
      await p.ask('POST', '/v1/posts', {
        text: mark,
        community_ids: [community],
        media_ids: [media],
        ...body,
      })
    ).body;
    const publication = post.publications[0]?.id ?? someId;
    return {
      act: someId,
      api_key,
      community,
      connection,
      insight: someId,
      job: someId,
      media,
      post: post.id,
      publication,
      report: someId,
      report_export: someId,
      report_schedule: someId,
      saved_query: someId,
      series: someId,
      workspace: victim.workspaceId,
    };
  };
  p.sandbox.fault({
    network: 'telegram',
    method: 'sendPhoto',
    action: {
      kind: 'telegram_error',
      error_code: 403,
      description: 'Forbidden: bot was kicked from the channel chat',
    },
  });
  const failed = await make(channel.id, { publish_now: true });
  await p.reaches(failed.post, 'failed');
  p.sandbox.fault({ network: 'telegram', method: 'sendPhoto', action: { kind: 'drop_after' } });
  const unconfirmed = await make(channel.id, { publish_now: true });
  await p.reaches(unconfirmed.post, 'unconfirmed');
  const published = await make(group.id, { publish_now: true });
  await p.reaches(published.post, 'published');
  await p.rest();
  // The bells that still ring would change their own rows.
  await quiet();
  const scheduled = await make(group.id, { scheduled_at: new Date(Date.now() + 3_600_000).toISOString() });
  const late = await make(group.id, { scheduled_at: new Date(Date.now() + 3_600_000).toISOString() });
  await p.test.ctx.sql`
    update publications set state = 'held', hold_reason = 'late' where id = ${late.publication}`;
  const draft = await make(group.id, {});
  published.act = (await p.ask('POST', `/v1/publications/${published.publication}/pin`)).body.id;
  victims = [scheduled, late, draft, failed, unconfirmed, published];
  for (const one of victims) one.act = published.act;
  await p.ask('PUT', `/v1/communities/${channel.id}/slots`, { weekly: [{ weekday: 'mon', time: '09:00' }] });
  const series = (await p.ask('POST', '/v1/series', { ...yearly(), posts: [content(scheduled)] })).body;
  await p.ask('POST', `/v1/series/${series.id}/skip`, { occurrence: yearly().starts });
  for (const one of victims) one.series = series.id;
  const { job } = (await p.ask('POST', `/v1/communities/${group.id}/refresh-analytics`)).body;
  for (const one of victims) one.job = job.id;
  const scheduled_report = (
    await p.ask('POST', '/v1/report-schedules', { every: 'week', format: 'csv', title: scheduled.post })
  ).body;
  const { report } = (await p.ask('POST', '/v1/reports', { format: 'csv', title: scheduled.post })).body;
  const whole = (await p.ask('POST', '/v1/exports', {})).body.export;
  const kept = (await p.ask('POST', '/v1/saved-queries', { name: scheduled.post, sql: 'select 1' })).body;
  for (const one of victims) {
    one.saved_query = kept.id;
    one.report = report.id;
    one.report_export = whole.id;
    one.report_schedule = scheduled_report.id;
  }
  // What updates and sign-ins leave.
  const { sql } = p.test.ctx;
  const insight = Bun.randomUUIDv7();
  for (const one of victims) one.insight = insight;
  await sql`
    insert into insights (id, workspace_id, community_id, day, kind, subject, evidence, weight)
    values (${insight}, ${victim.workspaceId}, ${channel.id}, now(), 'growth_break', 'x', ${sql.json({
      figure: 'members',
      direction: 'up',
      from: '2026-01-01',
      to: '2026-01-01',
      days: 1,
      value: 50,
      usual: 5,
      history_days: 30,
    })}, 1)`;
  await sql`
    insert into media_handles (workspace_id, media_id, scope, handle)
    values (${victim.workspaceId}, ${media}, 'telegram:bot:1', ${draft.post})`;
  await sql`
    insert into observed_posts (workspace_id, community_id, remote_id, posted_at, text)
    values (${victim.workspaceId}, ${channel.id}, '1', now(), ${draft.post})`;
  await sql`
    insert into media_uploads (id, workspace_id, size, name, file_key)
    values (${Bun.randomUUIDv7()}, ${victim.workspaceId}, 1, 'x', ${draft.post})`;
  await sql`
    insert into seen_places (workspace_id, source_key, external_id, title, type, status)
    values (${victim.workspaceId}, 'telegram:bot:1', '-100', ${draft.post}, 'channel', 'administrator')`;
  await sql`
    insert into connection_places (connection_id, workspace_id, external_id)
    values (${connection}, ${victim.workspaceId}, '-100')`;
  // A folder takes no direct uploads; a bucket does.
  await sql`
    insert into media_uploads (id, workspace_id, size, name, file_key)
    values (${Bun.randomUUIDv7()}, ${victim.workspaceId}, 1, 'x', ${`${victim.workspaceId}/x.upload`})`;
  await sql`
    insert into metrics_outbox (workspace_id, community_id, kind, data)
    values (${victim.workspaceId}, ${channel.id}, 'about', ${sql.json({ text: draft.post })})`;
  await sql`
    insert into metrics_quarantine (id, workspace_id, community_id, kind, data, reason)
    values (1, ${victim.workspaceId}, ${channel.id}, 'about', ${sql.json({ text: draft.post })}, 'x')`;
  await sql`
    insert into metrics_purges (community_id, workspace_id) values (${someId}, ${victim.workspaceId})`;
  await sql`
    insert into community_topics (community_id, workspace_id, topic_id)
    values (${channel.id}, ${victim.workspaceId}, '7')`;
  await sql`
    insert into access_grants (id, workspace_id, network, sealed, version, expires_at)
    values (${Bun.randomUUIDv7()}, ${victim.workspaceId}, 'vk', '\\x00', 1, now())`;

  const mine = await p.telegram({ as: attacker });
  const picture = await p.picture(attacker);
  const key = await p.test.request('POST', '/v1/api-keys', {
    cookie: attacker.cookie,
    body: { name: 'mine', scopes: ['*'] },
  });
  const post = await p.test.request('POST', '/v1/posts', {
    cookie: attacker.cookie,
    body: {
      text: 'mine',
      community_ids: [mine.id],
      media_ids: [picture],
      scheduled_at: new Date(Date.now() + 3_600_000).toISOString(),
    },
  });
  const plan = await p.test.request('POST', '/v1/report-schedules', {
    cookie: attacker.cookie,
    body: { every: 'week', format: 'csv' },
  });
  own = {
    act: someId,
    api_key: key.body.id,
    community: mine.id,
    connection: await connectionOf(attacker),
    insight: someId,
    job: someId,
    media: picture,
    post: post.body.id,
    publication: post.body.publications[0].id,
    report: someId,
    report_export: someId,
    report_schedule: plan.body.id,
    saved_query: someId,
    series: someId,
    workspace: attacker.workspaceId,
  };
  await quiet();
}, 30_000);
afterAll(() => p.close());

/** Waits until no job is open. */
async function quiet(): Promise<void> {
  for (let n = 0; n < 200; n += 1) {
    const [open] = await p.test.ctx
      .sql`select 1 as one from pgboss.job where state in ('created', 'retry', 'active')`;
    if (!open) break;
    await Bun.sleep(50);
  }
}

/** A connection that a person has proved. */
async function connectionOf(account: Account): Promise<string> {
  const bot = p.sandbox.addBot();
  const { id, code } = (
    await p.test.request('POST', '/v1/connections', {
      cookie: account.cookie,
      body: { network: 'telegram', credentials: { bot_token: bot.token } },
    })
  ).body;
  const person = { id: '1', name: 'Anna' };
  await redeemCode(p.test.ctx, { network: 'telegram', botId: String(bot.id), code, person });
  return id;
}

function guarded(): { about: DescribedOperation; row: Row }[] {
  return operations.flatMap((about) => {
    const row = matrix[about.about.operationId];
    return row ? [{ about, row }] : [];
  });
}

/** The request of an operation, as it would be taken for these ids. */
function send(about: DescribedOperation, row: Row, ids: Ids, options: TestRequest, bodyIds: Ids = ids) {
  const path = about.path.replace('{id}', row.id ? ids[row.id] : '') + (row.query?.() ?? '');
  const body = row.body?.(bodyIds);
  return p.test.request(about.method, path, { ...options, ...(body === undefined ? {} : { body }) });
}

/** Every row of every table, but for the minute at which a key was last used. */
async function digest(): Promise<Record<string, string>> {
  const tables = await p.test.ctx.sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and (n.nspname = 'public' or (n.nspname = 'pgboss' and c.relname like 'job%'))`;
  expect(tables.length).toBeGreaterThan(18);
  const [row] = await p.test.ctx.sql.unsafe(
    `select ${tables
      .map(
        ({ name }, index) => `(select md5(string_agg(line, '' order by line))
          from (select (to_jsonb(t) - 'last_used_at')::text as line from ${name} t) lines) as t${index}`,
      )
      .join(', ')}`,
  );
  return Object.fromEntries(tables.map(({ name }, index) => [name, String(row?.[`t${index}`])]));
}

/** Fails when an answer tells anything of the victim: an id, a text. */
function expectNothingOf(answer: { body: unknown }, where: string): void {
  const text = JSON.stringify(answer.body);
  const told = [
    ...marks,
    ...victims.flatMap(({ post, publication, media, community, connection, job, api_key, series }) => [
      post,
      publication,
      media,
      community,
      connection,
      job,
      api_key,
      series,
    ]),
    victim.email,
  ].filter((mark) => mark !== someId && text.includes(mark));
  expect([where, told]).toEqual([where, []]);
}

describe('the matrix', () => {
  test('names every operation and every id that one takes', async () => {
    const names = operations.map(({ about }) => about.operationId);
    expect(names.filter((name) => !matrix[name] && !open.includes(name))).toEqual([]);
    expect([...Object.keys(matrix), ...open].filter((name) => !names.includes(name))).toEqual([]);
    const document = (await p.test.request('GET', '/openapi.json')).body;
    for (const { about, row } of guarded()) {
      const where = about.about.operationId;
      expect([where, about.about.security.length > 0]).toEqual([where, true]);
      const parameters = about.about.parameters ?? [];
      const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      expect([where, inPath]).toEqual([where, row.id ? ['id'] : []]);
      const raw = document.paths[about.path][about.method.toLowerCase()];
      const schema = raw.requestBody && resolved(document, Object.values(raw.requestBody.content)[0]);
      const takes = [
        ...Object.keys(schema?.properties ?? {}),
        ...parameters.filter((one) => one.in === 'query').map(({ name }) => name),
      ].filter((name) => /_ids?$|^id$/.test(name) && !foreignNames.includes(name));
      expect([where, takes.sort()]).toEqual([where, Object.keys(row.refs ?? {}).sort()]);
    }
    for (const { about, method } of operations.filter(({ about }) => open.includes(about.operationId))) {
      expect([about.operationId, about.security]).toEqual([about.operationId, []]);
      if (method !== 'GET') expect(['register', 'login', 'takeUpdate']).toContain(about.operationId);
    }
  });

  test('without credentials, and with dead ones, nothing answers and nothing changes', async () => {
    const revoked = await p.test.request('POST', '/v1/api-keys', {
      cookie: victim.cookie,
      body: { name: 'revoked', scopes: ['*'] },
    });
    await p.test.request('DELETE', `/v1/api-keys/${revoked.body.id}`, { cookie: victim.cookie });
    const expired = await p.test.request('POST', '/v1/api-keys', {
      cookie: victim.cookie,
      body: { name: 'expired', scopes: ['*'] },
    });
    await p.test.ctx
      .sql`update api_keys set expires_at = now() - interval '1 second' where id = ${expired.body.id}`;
    const login = await p.test.request('POST', '/v1/auth/login', {
      body: { email: victim.email, password: victim.password },
    });
    const ended = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    await p.test.request('POST', '/v1/auth/logout', { cookie: ended });
    const dead: [string, TestRequest][] = [
      ['nobody', {}],
      ['a revoked key', { key: revoked.body.key }],
      ['an expired key', { key: expired.body.key }],
      ['an ended session', { cookie: ended }],
      ['a made-up session', { cookie: `${ended.split('=')[0]}=${'A'.repeat(43)}` }],
      ['a key of another installation', { key: 'sk_sandbox_00000000000000000000000000000000' }],
    ];
    const before = await digest();
    for (const { about, row } of guarded()) {
      for (const [name, options] of dead) {
        for (const ids of row.id ? victims : victims.slice(0, 1)) {
          const answer = await send(about, row, ids, options);
          const where = `${about.about.operationId} as ${name}`;
          expect([where, answer.status]).toEqual([where, 401]);
          expectNothingOf(answer, where);
        }
      }
    }
    expect(await digest()).toEqual(before);
  });

  test("another workspace's things are not there: 404 for the path, 422 for the body, no row in a list", async () => {
    const key = await p.test.apiKey(attacker);
    const before = await digest();
    for (const options of [{ key }, { cookie: attacker.cookie }] satisfies TestRequest[]) {
      for (const { about, row } of guarded()) {
        const where = about.about.operationId;
        // The workspace of somebody else cannot be chosen, whatever is asked.
        const headers = { 'outpost-workspace': victim.workspaceId };
        const chosen = await send(about, row, own, { ...options, headers });
        expect([where, chosen.status]).toEqual([where, 404]);
        for (const ids of victims) {
          if (row.id) {
            for (const cased of [ids, mapped(ids, (id) => id.toUpperCase())]) {
              const answer = await send(about, row, cased, options, own);
              expect([where, answer.status, answer.body.code]).toEqual([where, 404, 'not_found']);
              expectNothingOf(answer, where);
            }
          }
          for (const [name, kind] of Object.entries(row.refs ?? {})) {
            if (about.method === 'GET') {
              const answer = await p.test.request('GET', `${about.path}?${name}=${ids[kind]}`, options);
              expect([where, answer.status, answer.body.data]).toEqual([where, 200, []]);
              continue;
            }
            const answer = await send(about, row, own, options, { ...own, [kind]: ids[kind] });
            const path = name.endsWith('s') ? `/${name}/0` : `/${name}`;
            expect([where, answer.status, answer.body.errors?.[0].path]).toEqual([where, 422, path]);
          }
        }
        if (about.method === 'GET' && !row.id) {
          const answer = await send(about, row, own, options);
          expect([where, answer.status]).toEqual([where, row.operator ? 403 : 200]);
          expectNothingOf(answer, where);
        }
      }
      for (const path of [
        '/v1/posts',
        '/v1/communities',
        '/v1/media',
        '/v1/api-keys',
        '/v1/series',
        '/v1/reports',
        '/v1/report-schedules',
        '/v1/saved-queries',
      ]) {
        // A cursor of another workspace leads through one's own rows only.
        const [foreign] = (await p.ask('GET', `${path}?limit=1`)).body.data;
        for (const value of [foreign.id, { id: foreign.id }]) {
          const cursor = Buffer.from(JSON.stringify(value)).toString('base64url');
          const answer = await p.test.request('GET', `${path}?cursor=${cursor}`, options);
          expect([200, 422]).toContain(answer.status);
          expectNothingOf(answer, path);
        }
      }
    }
    expect(await digest()).toEqual(before);
    // The same requests work for whom the things belong to: the refusals above were about the asker.
    for (const { about, row } of guarded().filter(({ about }) => about.method === 'GET')) {
      const answer = await send(about, row, victims[0] ?? own, { key: p.key });
      expect([about.about.operationId, answer.status]).toEqual([about.about.operationId, 200]);
    }
  }, 90_000);

  test('a key without the scope of an operation is refused, and with it alone is let in', async () => {
    const without = new Map<string, string>();
    const only = new Map<string, string>();
    for (const scope of new Set(guarded().map(({ row }) => row.scope))) {
      if (scope === 'signed_in') continue;
      without.set(
        scope,
        await p.test.apiKey(
          victim,
          scopes.filter((other) => other !== scope),
        ),
      );
      only.set(scope, await p.test.apiKey(victim, [scope]));
    }
    const before = await digest();
    for (const { about, row } of guarded()) {
      if (row.scope === 'signed_in') continue;
      const where = `${about.about.operationId} needs ${row.scope}`;
      for (const ids of row.id ? victims : victims.slice(0, 1)) {
        const answer = await send(about, row, ids, { key: without.get(row.scope) ?? '' });
        expect([where, answer.status, answer.body.code]).toEqual([where, 403, 'forbidden']);
        expect(answer.body.detail).toContain(row.scope);
        expectNothingOf({ body: answer.body }, where);
      }
      // Let in as far as it goes without changing anything.
      const nothing = mapped(own, () => someId);
      const changes = about.method !== 'GET' && !row.id;
      const answer = changes
        ? await p.test.request(about.method, about.path, { key: only.get(row.scope) ?? '', body: '{' })
        : await send(about, row, nothing, { key: only.get(row.scope) ?? '' });
      const refused = [400, 415, 404, 422];
      expect([where, about.method === 'GET' && !row.id ? [200] : refused]).toEqual([
        where,
        expect.arrayContaining([answer.status]),
      ]);
    }
    expect(await digest()).toEqual(before);
  });

  test('pictures need a signature, whoever asks', async () => {
    for (const options of [{}, { key: p.key }, { cookie: attacker.cookie }] satisfies TestRequest[]) {
      for (const path of [`/media/${victims[0]?.media}`, `/avatars/${victims[0]?.community}`]) {
        expect((await p.test.request('GET', path, options)).status).toBe(404);
        const [signed] = (await p.test.request('GET', '/v1/media', { cookie: attacker.cookie })).body.data;
        const borrowed = new URL(signed.url).search;
        expect((await p.test.request('GET', `${path}${borrowed}`, options)).status).toBe(404);
      }
    }
  });
});

describe('row-level security, were a query to forget its workspace', () => {
  interface Table {
    name: string;
    column: string;
    secured: boolean;
    policies: string[];
    privileges: string[];
  }

  /** Whatever has a workspace, found in the catalogue: a new table is in it by itself. */
  function tenantTables(): Promise<Table[]> {
    return p.test.ctx.sql<Table[]>`
      select c.relname as name, case when c.relname = 'workspaces' then 'id' else 'workspace_id' end as column,
        c.relrowsecurity as secured,
        array(select pg_get_expr(polqual, polrelid) from pg_policy
          where polrelid = c.oid and polpermissive and polroles = array['outpost_app'::regrole::oid]) as policies,
        array(select name from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) name
          where has_table_privilege('outpost_app', c.oid, name)) as privileges
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pgboss')
        and (c.relname = 'workspaces' or exists (
          select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped))`.then(
      (rows) => [...rows],
    );
  }

  /** As a request's role; `null`: no workspace was set. Always rolled back. */
  async function as<T>(workspaceId: string | null, act: (tx: Tx) => Promise<T>): Promise<T> {
    const undo = new Error('undo');
    let result: { value: T } | null = null;
    try {
      await p.test.ctx.sql.begin(async (reserved) => {
        const tx = reserved as unknown as Tx;
        await tx`select set_config('role', 'outpost_app', true)`;
        if (workspaceId) await tx`select set_config('outpost.workspace_id', ${workspaceId}, true)`;
        result = { value: await act(tx) };
        throw undo;
      });
    } catch (error) {
      if (error !== undo) throw error;
    }
    if (result === null) throw new Error('nothing was done');
    return (result as { value: T }).value;
  }

  const count = (tx: Tx, { name, column }: Table, of: string | null) =>
    tx
      .unsafe(`select count(*)::int as n from ${name} ${of ? `where ${column} = '${of}'` : ''}`)
      .then((rows) => Number(rows[0]?.n));

  test('every table with a workspace has one policy, for its own workspace', async () => {
    const tables = await tenantTables();
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'workspaces',
        'posts',
        'publications',
        'publication_attempts',
        'credentials',
        'media',
      ]),
    );
    for (const table of tables) {
      expect(table).toMatchObject({
        name: table.name,
        secured: true,
        policies: [`(${table.column} = current_workspace())`],
      });
    }
  });

  test('the role of requests has no right on any table without a policy', async () => {
    const open = await p.test.ctx.sql`
      select n.nspname || '.' || c.relname as name, privilege
      from pg_class c join pg_namespace n on n.oid = c.relnamespace,
        unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) privilege
      where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
        and has_table_privilege('outpost_app', c.oid, privilege)
        and not c.relrowsecurity
        -- The queue's tables hold ids alone; requests put jobs there.
        and not (n.nspname = 'pgboss' and privilege in ('SELECT', 'INSERT'))`;
    expect([...open]).toEqual([]);
    const [role] = await p.test.ctx.sql`
      select rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname = 'outpost_app'`;
    expect(role).toEqual({ rolsuper: false, rolbypassrls: false, rolcanlogin: false });
  });

  test('another workspace, or none, sees no row and changes none', async () => {
    for (const table of await tenantTables()) {
      const { name, column, privileges } = table;
      // The test proves nothing about a table that is empty.
      const all = await count(p.test.ctx.sql, table, victim.workspaceId);
      expect([name, all > 0]).toEqual([name, true]);
      if (!privileges.includes('SELECT')) {
        await expect(as(victim.workspaceId, (tx) => count(tx, table, null))).rejects.toThrow(
          'permission denied',
        );
        continue;
      }
      const seen = {
        theirs: await as(attacker.workspaceId, (tx) => count(tx, table, victim.workspaceId)),
        none: await as(null, (tx) => count(tx, table, null)),
        own: await as(victim.workspaceId, (tx) => count(tx, table, null)),
      };
      expect([name, seen]).toEqual([name, { theirs: 0, none: 0, own: all }]);
      for (const [privilege, statement] of [
        ['UPDATE', `update ${name} set ${column} = ${column}`],
        ['DELETE', `delete from ${name}`],
      ] as const) {
        if (!privileges.includes(privilege)) continue;
        const left = await as(attacker.workspaceId, async (tx) => {
          await tx.unsafe(`${statement} where ${column} = '${victim.workspaceId}'`);
          await tx`select set_config('role', 'none', true)`;
          return count(tx, table, victim.workspaceId);
        });
        expect([name, privilege, left]).toEqual([name, privilege, all]);
      }
    }
  });

  test('no row can be written into another workspace, nor moved there', async () => {
    for (const { name, column, privileges } of await tenantTables()) {
      const columns = await p.test.ctx.sql<{ column: string }[]>`
        select quote_ident(column_name) as column from information_schema.columns
        where table_schema = 'public' and table_name = ${name} and is_identity = 'NO'`;
      const list = columns.map((one) => one.column).join(', ');
      const [kept] = await p.test.ctx.sql.unsafe(
        `select to_jsonb(t) as row from ${name} t where ${column} = '${victim.workspaceId}' limit 1`,
      );
      const insert = (workspaceId: string | null) =>
        as(workspaceId, (tx) =>
          tx
            .unsafe(
              `insert into ${name} (${list}) select ${list} from jsonb_populate_record(null::${name}, $1::text::jsonb)`,
              [JSON.stringify(kept?.row)],
            )
            .then(() => 'written'),
        ).catch((error: Error & { code?: string }) => error.code ?? error.message);
      // 42501: refused by the policy, or by the lack of any right.
      const refusals = [await insert(attacker.workspaceId), await insert(null)];
      expect([name, refusals]).toEqual([name, ['42501', '42501']]);
      if (!privileges.includes('UPDATE')) continue;
      const moved = await as(victim.workspaceId, (tx) =>
        tx.unsafe(`update ${name} set ${column} = '${attacker.workspaceId}'`).then(() => 'moved'),
      ).catch((error: Error & { code?: string }) => error.code);
      expect([name, moved]).toEqual([name, '42501']);
    }
  });
});

describe('a sealed value', () => {
  const key = newSealingKey();
  const plain = Buffer.from(JSON.stringify({ bot_token: '123456:not-a-real-token-at-all' }));

  test('opens in its own place with its own key, and with no bit, byte or place changed', () => {
    const sealed = seal(key, plain, 'credentials|sealed|a|b|1');
    expect(unseal(key, sealed, 'credentials|sealed|a|b|1').equals(plain)).toBe(true);
    for (let at = 0; at < sealed.length * 8; at += 1) {
      const bent = Buffer.from(sealed);
      bent[at >> 3] = (bent[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(() => unseal(key, bent, 'credentials|sealed|a|b|1'), `bit ${at}`).toThrow();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => unseal(key, sealed.subarray(0, length), 'credentials|sealed|a|b|1')).toThrow();
    }
    expect(() => unseal(key, Buffer.concat([sealed, Buffer.of(0)]), 'credentials|sealed|a|b|1')).toThrow();
    for (const place of [
      'credentials|sealed|a|b|2',
      'credentials|sealed|b|a|1',
      'credentials|hint|a|b|1',
      'secrets|sealed|a|b|1',
      '',
    ]) {
      expect(() => unseal(key, sealed, place)).toThrow();
    }
    expect(() => unseal(newSealingKey(), sealed, 'credentials|sealed|a|b|1')).toThrow('another key');
  });

  test('differs from every other seal of the same text, and shows nothing of it', () => {
    const seals = Array.from({ length: 500 }, () => seal(key, plain, 'x').toString('hex'));
    expect(new Set(seals).size).toBe(500);
    expect(new Set(seals.map((hex) => hex.slice(10, 34))).size).toBe(500);
    for (const hex of seals) expect(hex).not.toContain(plain.subarray(0, 8).toString('hex'));
  });

  test('of one workspace does not open for another: neither its data key nor its credentials', async () => {
    const { sql, masterKey } = p.test.ctx;
    // As another process would read them: the cache of this one hangs on the key object.
    const fresh = { masterKey: { ...masterKey } };
    await expect(
      sql.begin(async (tx) => {
        await tx`
          update workspaces w set data_key = other.data_key from workspaces other
          where w.id = ${victim.workspaceId} and other.id = ${attacker.workspaceId}`;
        await dataKey(fresh, tx as unknown as Tx, victim.workspaceId);
      }),
    ).rejects.toThrow();
    expect((await dataKey(fresh, sql, victim.workspaceId)).bytes).toEqual(
      (await dataKey({ masterKey }, sql, victim.workspaceId)).bytes,
    );
  });
});

function mapped(ids: Ids, change: (id: string) => string): Ids {
  return Object.fromEntries(Object.entries(ids).map(([kind, id]) => [kind, change(id)])) as Ids;
}

// biome-ignore lint/suspicious/noExplicitAny: a document of any shape
function resolved(document: any, content: any): any {
  const { schema } = content;
  const ref: string | undefined = schema?.$ref;
  return ref ? document.components.schemas[ref.split('/').at(-1) ?? ''] : schema;
}
