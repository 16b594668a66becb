import type { Durations } from '../src/durations.ts';
import { type Account, openTest, type Test, type TestAnswer } from './harness.ts';

export const hour = 3_600_000;
export const day = 24 * hour;
const nobody = '00000000-0000-0000-0000-000000000000';

/** A workspace full of figures, each of them recognizable. */
export interface Analyst {
  account: Account;
  key: string;
  community: string;
  /** Stands in every text of its rows. */
  canary: string;
  publication: string;
  post: string;
  /** Takes another key: one may ask a hundred times a minute. */
  renew(): Promise<void>;
  /** Asks over HTTP with its key. */
  ask(sql: string, options?: AskOptions): Promise<TestAnswer>;
  /** The rows of an answer, one object each. Fails when it is no answer. */
  // biome-ignore lint/suspicious/noExplicitAny: rows of any query
  rows(sql: string, params?: Record<string, string>): Promise<any[]>;
}

export interface AskOptions {
  /** Parameters of the address. */
  address?: Record<string, string>;
  headers?: Record<string, string>;
  get?: boolean;
}

export interface Analysts {
  test: Test;
  mine: Analyst;
  theirs: Analyst;
  /** Everything of the other workspace that may stand in no answer. */
  secrets: string[];
  close(): Promise<void>;
}

/** Two workspaces with the same kinds of figures. */
export async function openAnalysts(overrides: { durations?: Partial<Durations> } = {}): Promise<Analysts> {
  const test = await openTest({ registration: 'open', threads: 16, ...overrides });
  const mine = await analyst(test, 'mine', 1);
  const theirs = await analyst(test, 'theirs', 1_000_000);
  return {
    test,
    mine,
    theirs,
    secrets: [
      theirs.canary,
      theirs.community,
      theirs.publication,
      theirs.post,
      theirs.account.workspaceId,
      // Their figures: nothing of mine comes near a million.
      '1000100',
      '1000200',
    ],
    close: () => test.close(),
  };
}

async function analyst(test: Test, name: string, factor: number): Promise<Analyst> {
  const account = await test.register({ timezone: 'UTC' });
  let key = await test.apiKey(account, ['analytics:sql']);
  const community = Bun.randomUUIDv7();
  const publication = Bun.randomUUIDv7();
  const post = Bun.randomUUIDv7();
  const canary = `canary-${name}-${crypto.randomUUID().slice(0, 8)}`;
  const own = { workspace_id: account.workspaceId, community_id: community };
  const now = Date.now();
  // A post a day at 9:00 of UTC for 40 days; the last is two days old. Every fourth goes twice as far.
  const midnight = Math.floor(now / day) * day;
  const posts = Array.from({ length: 40 }, (_, index) => ({
    index,
    post_key: `${canary}-${index}`,
    publication_id: index === 0 ? publication : nobody,
    published_at: new Date(midnight - (41 - index) * day + 9 * hour),
    views: factor * 100 * (index % 4 === 0 ? 2 : 1) + (factor > 1 ? 100 : 0),
  }));
  const { ch } = test.ctx;
  await ch.insert(
    'posts_v1',
    posts.map(({ index, post_key, publication_id, published_at }) => ({
      ...own,
      post_key,
      publication_id,
      published_at,
      network: 'telegram',
      kind: index % 2 === 0 ? 'image' : 'text',
      length: index * 10,
      media: index % 2 === 0 ? 1 : 0,
      hashtags: [canary, index % 2 === 0 ? 'even' : 'odd'],
      links: 0,
      source: index === 0 ? 'ours' : 'elsewhere',
      seen_at: published_at,
    })),
  );
  await ch.insert(
    'raw_post_metrics_v1',
    posts.flatMap(({ post_key, publication_id, published_at, views }) =>
      ([1, 20, 28, 40] as const).map((age) => ({
        ts: new Date(published_at.getTime() + age * hour),
        ...own,
        post_key,
        publication_id,
        published_at,
        views: age === 1 ? views / 4 : views,
        reach: null,
        reactions: 10,
        comments: null,
        shares: 2,
        clicks: null,
      })),
    ),
  );
  await ch.insert(
    'raw_community_metrics_v1',
    Array.from({ length: 10 }, (_, back) => ({
      ts: new Date(Math.min(midnight - back * day + 12 * hour, now)),
      ...own,
      network: 'telegram',
      members: factor * 500 - back,
      reach: null,
      visitors: null,
      views: factor * 30,
      joins: 3,
      leaves: 2,
    })),
  );
  await ch.insert('publication_events_v1', [
    {
      event_id: String(now),
      ts: new Date(now - 3 * day + 1_500),
      ...own,
      post_id: post,
      publication_id: publication,
      network: canary,
      from_state: 'sending',
      event: 'published',
      due_at: new Date(now - 3 * day),
      lag_ms: 1_500,
    },
  ]);
  const ask: Analyst['ask'] = (sql, { address = {}, headers = {}, get = false } = {}) => {
    const search = new URLSearchParams(get ? { ...address, query: sql } : address);
    return test.request(get ? 'GET' : 'POST', `/v1/analytics/sql?${search}`, {
      key,
      headers: get ? headers : { 'Content-Type': 'text/plain', ...headers },
      ...(get ? {} : { body: sql }),
    });
  };
  return {
    account,
    get key() {
      return key;
    },
    async renew() {
      key = await test.apiKey(account, ['analytics:sql']);
    },
    community,
    canary,
    publication,
    post,
    ask,
    async rows(sql, params = {}) {
      const address = Object.fromEntries(
        Object.entries(params).map(([name, value]) => [`param_${name}`, value]),
      );
      const answer = await ask(sql, { address: { ...address, default_format: 'JSONEachRow' } });
      if (answer.status !== 200) throw new Error(`${sql}\nanswered ${answer.body}`);
      return String(answer.body ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
  };
}
