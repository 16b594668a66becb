import { listeningCredentials } from '../communities/listening.ts';
import type { Context } from '../context.ts';
import { equalInConstantTime } from '../crypto.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networks } from '../networks/index.ts';
import { accessTo } from './access.ts';
import { receive } from './receive.ts';
import { modeOf, secretOf } from './source.ts';

/**
 * A network posts an update to one of our addresses. Answers the text that it wants to hear. Throws `not_found` for an
 * address that is none, `forbidden` without the right proof; any other error means that the network should repeat it.
 */
export async function takePosted(
  ctx: Context,
  input: { network: string; path: string; headers: Headers; body: ArrayBuffer },
): Promise<string> {
  const inbound = Object.hasOwn(networks, input.network) ? networks[input.network]?.inbound : undefined;
  if (!inbound || modeOf(ctx.config) === 'off' || !/^[A-Za-z0-9_-]{43}$/.test(input.path)) throw notThere();
  const [source] = await ctx.sql<{ key: string }[]>`
    select key from inbound_sources where path = ${input.path} and network = ${input.network}`;
  if (!source) throw notThere();
  const body = readJson(input.body);
  const asks = inbound.challenge?.is(body) ?? false;
  const proof = inbound.proofOf(input.headers, body);
  // Asking who we are may come before the secret is known there; whoever asks knows the address.
  const proved = proof === null ? asks : equalInConstantTime(proof, secretOf(ctx, source.key));
  if (!proved) throw new AppError('forbidden', 'This is not for you.');
  if (asks) return answerChallenge(ctx, source.key, inbound.challenge);
  await receive(ctx, { key: source.key, network: input.network }, body);
  return inbound.taken;
}

async function answerChallenge(
  ctx: Context,
  key: string,
  challenge: NonNullable<(typeof networks)[string]['inbound']>['challenge'],
): Promise<string> {
  const [account] = await listeningCredentials(ctx, key);
  if (!account?.place || !challenge) throw notThere();
  try {
    return await challenge.answer(await accessTo(ctx, account, ctx.config.durations.ask), account.place);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    // The network asks again by itself, and its words are nothing for the log of a request.
    throw new AppError('unavailable', 'Not available just now.');
  }
}

function notThere(): AppError {
  return new AppError('not_found', 'There is nothing at this address.');
}

/** What cannot be read is null: no network says that. */
function readJson(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
