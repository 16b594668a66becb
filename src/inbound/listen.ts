import { type Listening, listeningCredentials } from '../communities/listening.ts';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { repeat } from '../interval.ts';
import { NetworkError } from '../networks/error.ts';
import type { Position } from '../networks/inbound.ts';
import { networks } from '../networks/index.ts';
import { accessTo, inboundOf } from './access.ts';
import { receive } from './receive.ts';
import {
  addressesOf,
  addressOf,
  keepSources,
  type Mode,
  note,
  prolongLeases,
  releaseLease,
  type Source,
  secretOf,
  takeLease,
} from './source.ts';

/**
 * Requests that wait for updates at once in one process. Bun lets 256 requests run at a time: those that publish must
 * find room beside them.
 */
const waitingMost = 100;

export interface Listener {
  /** An account came or got other credentials: looks now, and ends the waits of those that were refused. */
  changed(): Promise<void>;
  /** Hears nothing more; what is being written down is finished. */
  stop(): Promise<void>;
}

interface Heard {
  account: Listening;
  over: AbortController;
  ended: Promise<void>;
  /** Ends its wait after a trouble; null: it is not waiting. */
  wake: (() => void) | null;
}

/** Hears the updates of every account; of several processes one hears each. */
export function startListening(ctx: Context, mode: Mode): Listener {
  const { durations } = ctx.config;
  const owner = crypto.randomUUID();
  const heard = new Map<string, Heard>();
  /** Accounts that this process has the lease of, and what tells that it lost it. */
  const held = new Map<string, AbortController>();
  const line = waitingLine(waitingMost);
  let looking: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  async function lookOnce(): Promise<void> {
    do {
      again = false;
      const accounts = (await listeningCredentials(ctx)).filter(isHeard);
      if (stopped) return;
      await keepSources(ctx, mode, accounts);
      const keys = new Set(accounts.map(({ sourceKey }) => sourceKey));
      for (const [key, { over }] of heard) if (!keys.has(key)) over.abort();
      for (const account of accounts) {
        const one = heard.get(account.sourceKey);
        if (one && !one.over.signal.aborted) one.account = account;
        else if (!one && !stopped) begin(account);
      }
    } while (again);
  }

  function begin(account: Listening): void {
    const key = account.sourceKey;
    const one: Heard = { account, over: new AbortController(), ended: Promise.resolve(), wake: null };
    heard.set(key, one);
    one.ended = listen(key, one).finally(() => heard.delete(key));
  }

  async function listen(key: string, one: Heard): Promise<void> {
    while (!one.over.signal.aborted) {
      let wait = durations.inboundSources;
      const lost = new AbortController();
      const signal = AbortSignal.any([one.over.signal, lost.signal]);
      try {
        const source = await takeLease(ctx, key, owner);
        if (source) {
          held.set(key, lost);
          await (source.mode === 'webhook' ? keepAddress : fetchUpdates)(source, one, signal);
        }
      } catch (error) {
        // Our own store, most likely: nothing is lost, since nothing was confirmed.
        ctx.log.error({ err: error, source: key }, 'updates were not taken');
        wait = durations.inboundRetry;
      } finally {
        if (held.delete(key)) await releaseLease(ctx, key, owner).catch(() => {});
      }
      await pause(wait, one.over.signal);
    }
  }

  /** The network posts to our address; it is told again from time to time, in case somebody took it away. */
  async function keepAddress(source: Source, one: Heard, signal: AbortSignal): Promise<void> {
    const inbound = inboundOf(source.network);
    const address = { url: addressOf(ctx, source), secret: secretOf(ctx, source.key) };
    const trouble = troubles(source);
    while (!signal.aborted) {
      try {
        await line.wait(signal, async () =>
          inbound.listen(await accessTo(ctx, one.account, durations.ask, signal), one.account.place, address),
        );
        await trouble.over({ registered_at: new Date() });
        await pause(durations.inboundRegister, signal);
      } catch (error) {
        if (!signal.aborted) await recover(one, await trouble.met(error), signal);
      }
    }
  }

  async function fetchUpdates(source: Source, one: Heard, signal: AbortSignal): Promise<void> {
    const { key, network } = source;
    const inbound = inboundOf(network);
    const trouble = troubles(source);
    let at: Position = { cursor: source.cursor, session: null };
    let posted = source.registered_at !== null;
    while (!signal.aborted) {
      try {
        if (posted) {
          const access = await accessTo(ctx, one.account, durations.ask, signal);
          await inbound.unlisten(access, one.account.place, addressesOf(ctx));
          await note(ctx, key, owner, { registered_at: null });
          posted = false;
        }
        const next = await line.wait(signal, async () => {
          const wait =
            heard.size > waitingMost ? Math.min(1_000, durations.inboundPoll) : durations.inboundPoll;
          const access = await accessTo(ctx, one.account, wait + durations.ask, signal);
          return inbound.fetch(access, one.account.place, at, wait);
        });
        if (next.lost) ctx.log.warn({ source: key }, 'the network has forgotten updates');
        for (const update of next.updates) {
          if (signal.aborted) return;
          await receive(ctx, { key, network }, update);
        }
        // Only now: what was not written down comes again.
        if (next.cursor !== at.cursor && !(await note(ctx, key, owner, { cursor: next.cursor }))) return;
        at = next;
        await trouble.over({});
      } catch (error) {
        if (signal.aborted) return;
        // An address of ours from before may be what stands in the way.
        const conflict = error instanceof NetworkError && error.httpStatus === 409;
        if (conflict && trouble.none()) posted = true;
        await recover(one, await trouble.met(error), signal);
      }
    }
  }

  async function recover(one: Heard, milliseconds: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    one.wake = () => woken.abort();
    await pause(milliseconds, AbortSignal.any([signal, woken.signal]));
    one.wake = null;
  }

  /** Troubles of one account: told once, kept in its row, and waited for. */
  function troubles({ key, network, error: kept }: Source) {
    let failures = 0;
    let known = kept;
    return {
      none: () => failures === 0,
      async over(also: { registered_at?: Date }): Promise<void> {
        failures = 0;
        if (known !== null || also.registered_at) await note(ctx, key, owner, { ...also, error: null });
        if (known !== null) ctx.log.info({ source: key }, 'updates are heard again');
        known = null;
      },
      /** Answers how long to wait. */
      async met(error: unknown): Promise<number> {
        if (!(error instanceof NetworkError || error instanceof AppError)) throw error;
        const { inboundRetry, inboundRetryMost } = durations;
        const wait = Math.min(inboundRetry * 2 ** failures, inboundRetryMost);
        failures = Math.min(failures + 1, 30);
        // A moment's trouble on the way is no news.
        const passing =
          error instanceof NetworkError &&
          (error.kind === 'not_sent' || error.kind === 'unknown' || error.kind === 'limited');
        if (known !== error.message && (!passing || failures > 3)) {
          known = error.message;
          ctx.log.warn({ source: key, code: error.code }, 'updates cannot be heard');
          await note(ctx, key, owner, { error: error.message });
          if (error instanceof NetworkError && error.kind === 'auth') await askAbout(network, key);
        }
        if (passing) return error.kind === 'limited' ? (error.retryAfter ?? wait) : wait;
        return failures === 1 ? wait : inboundRetryMost;
      },
    };
  }

  /** The account is refused: its communities find out now, not when the next post is due. */
  async function askAbout(network: string, key: string): Promise<void> {
    const communities = await ctx.sql<{ workspace_id: string; community_id: string }[]>`
      select c.workspace_id, c.id as community_id from communities c
      join credentials k on k.community_id = c.id and k.workspace_id = c.workspace_id
      where c.network = ${network} and c.status = 'active'
        and (k.source_key = ${key} or c.details ->> 'witness_source' = ${key})`;
    await ctx.queue.enqueue(
      ctx.sql,
      'inbound.check',
      communities.map((row) => ({ payload: row })),
    );
  }

  function look(): Promise<void> {
    if (stopped) return Promise.resolve();
    again = true;
    looking ??= lookOnce().finally(() => {
      looking = null;
    });
    return looking;
  }

  const stopLooking = repeat(ctx.log, 'inbound sources', durations.inboundSources, look);
  const stopHeartbeat = repeat(ctx.log, 'inbound heartbeat', durations.heartbeat, async () => {
    if (held.size === 0) return;
    const before = [...held];
    const keys = before.map(([key]) => key);
    const kept = await prolongLeases(ctx, keys, owner);
    for (const [key, lost] of before) if (!kept.has(key)) lost.abort();
  });

  return {
    async changed() {
      await look();
      for (const { wake } of heard.values()) wake?.();
    },
    async stop() {
      stopped = true;
      stopLooking();
      for (const { over } of heard.values()) over.abort();
      await looking?.catch(() => {});
      await Promise.all([...heard.values()].map(({ ended }) => ended));
      stopHeartbeat();
    },
  };
}

/** Whether the network tells this account anything with what it may do. */
function isHeard({ network, place }: Listening): boolean {
  // What was found out before this was asked for is not there.
  const updates = place?.capabilities.updates as { available: boolean } | undefined;
  return networks[network]?.inbound !== undefined && (updates?.available ?? true);
}

/** Lets `most` of them run at a time, the others in their order. */
function waitingLine(most: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async wait<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
      if (running >= most) await new Promise<void>((go) => waiting.push(go));
      else running += 1;
      try {
        signal.throwIfAborted();
        return await act();
      } finally {
        // The place goes to the next one, who has it from now on.
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
