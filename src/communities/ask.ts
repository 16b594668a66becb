import * as v from 'valibot';
import type { Context } from '../context.ts';
import { AppError, type InputFault, invalid } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import type { Json } from '../networks/message.ts';
import type { Access, Connection, Network } from '../networks/network.ts';
import { alone } from './alone.ts';

export type Settings = Readonly<Record<string, Json>>;

/** What a call to a network needs, with one deadline (`durations.ask`) over all calls that are made with it. */
export function accessTo<T>(ctx: Pick<Context, 'config'>, network: Network, credentials: T): Access<T> {
  const root = ctx.config.roots[network.name];
  if (root === undefined) throw new Error(`no API root for ${network.name}`);
  const { ask: timeout, connect, networkSecond: second } = ctx.config.durations;
  const roots = rootsOf(ctx, network);
  return { credentials, root, roots, timeout, connect, second, signal: AbortSignal.timeout(timeout) };
}

/** The further addresses of a network. */
export function rootsOf(ctx: Pick<Context, 'config'>, network: Network): Readonly<Record<string, string>> {
  return ctx.config.otherRoots[network.name] ?? {};
}

function inUse(): NetworkError {
  return new NetworkError('limited', {
    code: 'in_use',
    message: 'This account is being read with just now.',
  });
}

/**
 * Outside of any transaction of the caller: a network may take its time. Where it wants to be asked by one at a time,
 * {@link alone} holds a connection to the database meanwhile, two in a process at most. Follows a place that moved, once.
 * `before` are the details of a place that is only checked.
 */
export async function ask(
  ctx: Pick<Context, 'config' | 'sql'>,
  network: Network,
  credentials: unknown,
  externalId: string,
  settings: Settings,
  before?: Settings,
): Promise<Connection> {
  const access: Access<unknown> = {
    ...accessTo(ctx, network, credentials),
    alone: (name, act) => alone(ctx, name, ctx.config.durations.ask, inUse, act),
  };
  try {
    return await network.connect(access, externalId, settings, before);
  } catch (error) {
    if (error instanceof NetworkError && error.kind === 'rejected' && error.movedTo !== null) {
      return network.connect(access, error.movedTo, settings, before);
    }
    throw error;
  }
}

/** What the asker is told of a network's error; anything else is passed on as it is. */
export function refusal(ctx: Pick<Context, 'config'>, error: unknown, path: string): unknown {
  if (!(error instanceof NetworkError)) return error;
  const message = wordsOf(error);
  switch (error.kind) {
    case 'rejected':
      return new AppError('network_refused', message, { errors: [{ path, message }], cause: error });
    case 'auth':
      return new AppError('network_refused', message, {
        errors: [{ path: '/credentials', message }],
        cause: error,
      });
    case 'limited': {
      const wait = error.retryAfter ?? ctx.config.durations.limitedFirst;
      return new AppError('too_many_requests', message, {
        retryAfter: Math.ceil(wait / 1_000),
        cause: error,
      });
    }
    case 'not_sent':
    case 'unknown':
      return new AppError('network_unreachable', `${message} Nothing was changed: try again in a while.`, {
        cause: error,
      });
  }
}

/** What happened and what to do, as one text. */
export function wordsOf(error: NetworkError): string {
  return error.nextStep === null ? error.message : `${error.message} ${error.nextStep}`;
}

/** Settings that a person gave, over those that are kept. Throws `invalid` with paths below `/settings`. */
export function parseSettings(network: Network, kept: Settings, given: Settings): Settings {
  const parsed = v.safeParse(network.settings, { ...readSettings(network, kept), ...given });
  if (parsed.success) return parsed.output;
  throw invalid(
    parsed.issues.map(
      (issue): InputFault => ({
        path: ['/settings', ...(issue.path ?? []).map((step) => escaped(String(step.key)))].join('/'),
        message:
          issue.expected === 'never'
            ? 'This network has no such setting: GET /v1/networks tells those that there are.'
            : issue.message.startsWith('Invalid ')
              ? `Expected ${issue.expected ?? 'something else'}.`
              : issue.message,
      }),
    ),
  );
}

/** Kept settings as the network reads them, with its defaults; those that no longer fit are left out. */
export function readSettings(network: Network, kept: Settings): Settings {
  const whole = v.safeParse(network.settings, kept);
  if (whole.success) return whole.output;
  const wrong = new Set(whole.issues.map((issue) => String(issue.path?.[0]?.key)));
  const rest = Object.fromEntries(Object.entries(kept).filter(([name]) => !wrong.has(name)));
  return v.parse(network.settings, rest);
}

function escaped(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}
