import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Context, Who } from '../context.ts';
import type { ClickHouse } from '../stores/clickhouse.ts';
import type { JailAnswer } from '../stores/jail.ts';
import { refusalOf } from './failure.ts';
import { checkWords, pass } from './gate.ts';
import { limits, queriesPerMinute, rowsMost } from './limits.ts';
import { withMetadata } from './metadata.ts';
import { settingsOf } from './pass.ts';
import { type Question, readQuestion } from './question.ts';
import { refusals } from './refusal.ts';
import { openTurns, type Turns } from './turns.ts';

export interface SqlAnswer extends JailAnswer {
  question: Question;
}

/** A request in ClickHouse's HTTP dialect, as far as it is one. */
export interface SqlRequest {
  address: URLSearchParams;
  headers: Headers;
  body: Uint8Array;
  /** Aborted when the caller goes away: the query is stopped. */
  signal: AbortSignal;
}

interface Places {
  /** To have a query run. */
  running: Turns;
  /** To have an answer sent: it lies on the disk until its last byte is taken. */
  sending: Turns;
}

const opened = new WeakMap<ClickHouse, Places>();

/**
 * Answers one SELECT over the asker's workspace. The question runs on a connection of its own that carries nothing but
 * this workspace's pass. Throws Refusal.
 */
export async function answerSql(ctx: Context, who: Who, request: SqlRequest): Promise<SqlAnswer> {
  const { durations } = ctx.config;
  await count(who);
  const question = readQuestion(request.address, request.headers, request.body, {
    time: Math.max(1, Math.round(durations.analystQuery / 1_000)),
    rows: rowsMost,
  });
  const words = withMetadata(question.words);
  checkWords(words);
  const { running, sending } = placesOf(ctx);
  const take = async (turns: Turns) => {
    const turn = await turns.take(who.workspaceId, durations.analystWait, request.signal);
    if (!turn) throw refusals.tooMany('Too many queries at once. Try again in a moment.', 2);
    return turn;
  };
  const sent = await take(sending);
  try {
    const ran = await take(running);
    try {
      const jail = await ctx.ch.openJail({
        settings: { ...limits, ...question.settings, ...(await settingsOf(ctx, who.workspaceId)) },
        params: question.params,
      });
      const close = () => jail.close();
      try {
        const tail = jail.tail(question.format);
        const answer = await jail.run(await pass(jail, words, tail), request.signal);
        const over = () => {
          sent();
          close().catch((error: unknown) =>
            ctx.log.warn({ err: error }, 'an analyst’s connection did not close'),
          );
        };
        return { ...answer, body: watched(answer.body, request.signal, over), question };
      } catch (error) {
        await close();
        throw error;
      }
    } finally {
      ran();
    }
  } catch (error) {
    sent();
    if (request.signal.aborted) throw refusals.cancelled('The caller went away.');
    throw refusalOf(error);
  }
}

/** The same bytes; `over` is called once they are all taken, or nobody wants them any more. */
function watched(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  over: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    signal.removeEventListener('abort', leave);
    over();
  };
  const leave = () => {
    reader.cancel().then(end, end);
  };
  signal.addEventListener('abort', leave);
  if (signal.aborted) leave();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    cancel: leave,
  });
}

/**
 * The embedded engine holds a thread of the pool for the length of a query, and files wait when none is left: a second
 * query at once is run where six threads are there for others.
 */
function placesOf(ctx: Context): Places {
  let places = opened.get(ctx.ch);
  if (!places) {
    const most = ctx.ch.embedded ? (ctx.config.threads > 6 ? 2 : 1) : 4;
    places = { running: openTurns(most, Math.max(1, most / 2)), sending: openTurns(16, 4) };
    opened.set(ctx.ch, places);
  }
  return places;
}

/** Each process counts by itself: the database has better things to do than to write down every question. */
const perMinute = new RateLimiterMemory({ points: queriesPerMinute, duration: 60 });

async function count(who: Who): Promise<void> {
  try {
    await perMinute.consume(who.keyId ?? `${who.userId}@${who.workspaceId}`);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    throw refusals.quota(
      `More than ${queriesPerMinute} queries in a minute.`,
      Math.max(1, Math.ceil(error.msBeforeNext / 1_000)),
    );
  }
}

const versions = new WeakMap<ClickHouse, Promise<string>>();

/** The engine's version, as its exceptions name it. */
export function engineVersion(ctx: Pick<Context, 'ch'>): Promise<string> {
  let version = versions.get(ctx.ch);
  if (!version) {
    version = ctx.ch
      .query<{ version: string }>('select version() as version')
      .then(([row]) => row?.version ?? 'unknown')
      .catch(() => {
        versions.delete(ctx.ch);
        return 'unknown';
      });
    versions.set(ctx.ch, version);
  }
  return version;
}
