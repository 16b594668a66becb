import { accessTo } from '../communities/ask.ts';
import { listeningCredentials } from '../communities/listening.ts';
import { asOwner, type Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networkNamed } from '../networks/index.ts';
import { paceOf, takePace } from '../publishing/pace.ts';
import { type After, apply } from './apply.ts';
import type { Ear } from './sight.ts';

/**
 * Takes one update of an account: it counts as taken, and has its effects, in one commit, and once however often the
 * network repeats it. Throws when the store failed and the network should repeat it; what can never be used is logged
 * and counts as taken.
 */
export async function receive(ctx: Context, ear: Ear, update: unknown): Promise<void> {
  const { key, network } = ear;
  const told = networkNamed(network).inbound?.read(update) ?? null;
  if (told === null || told.events.length === 0) return;
  // Of another account than the one that was posted to: nobody proved that.
  if (told.source !== undefined && told.source !== key) return;
  let after: After | null = null;
  try {
    after = await asOwner(ctx, async (tx): Promise<After | null> => {
      const fresh = await tx`
        insert into inbound_events (source_key, event_id) values (${key}, ${told.id})
        on conflict do nothing returning event_id`;
      if (fresh.length === 0) return null;
      const after: After = { due: null, replies: [] };
      for (const event of told.events) await apply(ctx, tx, ear, event, after);
      await tx`
        update inbound_sources set last_event_at = now()
        where key = ${key} and (last_event_at is null or last_event_at < now() - interval '10 seconds')`;
      return after;
    });
  } catch (error) {
    if (!isOurs(error)) throw error;
    ctx.log.error({ err: error, source: key, event: told.id }, 'an update could not be used');
    await ctx.sql`
      insert into inbound_events (source_key, event_id) values (${key}, ${told.id}) on conflict do nothing`;
  }
  if (after?.due) ctx.planned.changed(after.due);
  for (const { personId, text } of after?.replies ?? []) await tell(ctx, ear, personId, text);
}

/** A fault in the update or in what we made of it: no repetition mends it. Everything else is a trouble of the store. */
function isOurs(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code !== 'string' || !/^(08|40|53|55|57|58|XX|CONNECT|E[A-Z])/.test(code);
}

/** Answers a person, unless sends are waiting for this account. */
async function tell(
  ctx: Context,
  { key, network: name }: Ear,
  personId: string,
  text: string,
): Promise<void> {
  const network = networkNamed(name);
  if (!network.inbound?.tell) return;
  try {
    const [account] = await listeningCredentials(ctx, key);
    if (!account) return;
    const credentials = await account.credentials();
    const place = { externalId: personId, capabilities: {} as never, details: {}, settings: {} };
    const { credential } = paceOf(ctx, network, credentials, place);
    const taken = await takePace(ctx.sql, [credential], null, 0);
    if ('slot' in taken) return;
    await network.inbound.tell(accessTo(ctx, network, credentials), personId, text);
  } catch (error) {
    // What was asked for is done; only the answer to the person is missing.
    if (!(error instanceof NetworkError || error instanceof AppError)) throw error;
    ctx.log.info({ source: key, code: error.code }, 'a person was not answered');
  }
}
