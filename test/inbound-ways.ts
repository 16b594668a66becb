import { readConfig } from '../src/config.ts';
import type { Durations } from '../src/durations.ts';
import type { TestOverrides } from './harness.ts';
import { freePort, until } from './process.ts';
import { openPublishing, type Publishing } from './publishing.ts';

/** Waits of hearing, shortened. */
export const hearing: Partial<Durations> = {
  inboundPoll: 1_000,
  inboundSources: 300,
  inboundRetry: 100,
  inboundRetryMost: 600,
  threadWait: 10_000,
  healthPause: 5,
};

export interface Hearing {
  p: Publishing;
  /** Where networks reach the test's own server. */
  url: string;
  observed(communityId: string): Promise<Seen[]>;
  /** Waits until the posts that were seen at a community satisfy `done`, and answers them. */
  sees(communityId: string, what: string, done: (seen: Seen[]) => boolean): Promise<Seen[]>;
  source(key: string): Promise<SourceRow | undefined>;
  close(): Promise<void>;
}

export interface Seen {
  remote_id: string;
  remote_url: string | null;
  publication_id: string | null;
  by_hand: boolean;
  posted_at: string;
  text: string;
  media: string[];
  reactions: Record<string, number> | null;
  comments: number | null;
  edited_at: string | null;
}

export interface SourceRow {
  mode: string;
  path: string;
  cursor: string | null;
  lease_owner: string | null;
  registered_at: Date | null;
  error: string | null;
}

/** Everything real, served on a port of its own, so that the sandbox can post to it; the machine is started. */
export async function openHearing(
  mode: 'poll' | 'webhook',
  more: Partial<Durations> = {},
  overrides: Omit<TestOverrides, 'durations'> = {},
): Promise<Hearing> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const p = await openPublishing({
    inbound: mode,
    publicUrl: url,
    ...overrides,
    durations: { ...hearing, ...more },
  });
  const server = Bun.serve({
    port,
    hostname: '127.0.0.1',
    fetch: (request, server) => p.test.app.fetch(request, server),
  });
  await p.start();
  const made: Hearing = {
    p,
    url,
    async observed(communityId) {
      const answer = await p.ask('GET', `/v1/communities/${communityId}/observed`);
      if (answer.status !== 200) throw new Error(`observed answered ${JSON.stringify(answer.body)}`);
      return answer.body.data;
    },
    async sees(communityId, what, done) {
      let last: Seen[] = [];
      await until(
        what,
        async () => {
          last = await made.observed(communityId);
          return done(last);
        },
        10_000,
      ).catch((error: Error) => {
        throw new Error(`${error.message}: ${JSON.stringify(last)}`);
      });
      return last;
    },
    async source(key) {
      const [row] = await p.test.ctx.sql<SourceRow[]>`
        select mode, path, cursor, lease_owner, registered_at, error from inbound_sources where key = ${key}`;
      return row;
    },
    async close() {
      await p.close();
      await server.stop(true);
    },
  };
  return made;
}

/** A configuration as the environment gives it. */
export function configWith(env: Record<string, string>) {
  return readConfig(env);
}
