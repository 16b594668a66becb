import { asOwner, type Context } from '../context.ts';
import { NetworkError } from '../networks/error.ts';
import type { DayStats } from '../networks/stats.ts';
import { dayOf, resolveLocalTime } from '../timezone.ts';
import { type Outgoing, putOut } from './outbox.ts';
import type { ReadCommunity, Reading } from './reading.ts';

const day = 86_400_000;

/**
 * Reads the days that are over and were not read yet, on the network's clock: after a pause all that were missed, at the
 * start those of `durations.collectHistory`. A whole day is put out at its last moment, so that it has the last word over
 * what was read of it while it went on; read twice, it is the same row. Throws what the network throws, and
 * {@link Busy}: then all of them are read again.
 */
export async function readWholeDays(
  ctx: Context,
  community: ReadCommunity,
  { stats, access, place }: Reading,
): Promise<void> {
  const { days } = stats;
  if (!days) return;
  const zone = days.timezone;
  const end = dayOf(new Date(Date.now() - ctx.config.durations.collectDayAfter), zone).from.getTime();
  const start = await firstUnread(ctx, community, end, zone);
  // The newest first: of days long gone a network may refuse to tell.
  for (let to = end; to > start; ) {
    // From the midnight before the noon of the first one: days have 23 or 25 hours when the clocks change.
    const from = Math.max(start, dayOf(new Date(to - (days.most - 0.5) * day), zone).from.getTime());
    const told = await days.read(access, place, from, to).catch((error: unknown) => {
      if (to < end && error instanceof NetworkError && error.kind === 'rejected') return [];
      throw error;
    });
    if (told === null) return;
    const rows = told.filter(({ at }) => at >= from && at < to).flatMap((one) => rowOf(community, one, zone));
    await asOwner(ctx, (tx) => putOut(tx, community, rows));
    to = from;
  }
  if (start >= end) return;
  const last = dayOf(new Date(end - 1), zone).date;
  await ctx.sql`
    update communities set day_read = greatest(day_read, ${last}::date) where id = ${community.id}`;
}

/** The midnight at which the first day begins that was not read. */
async function firstUnread(ctx: Context, { id }: ReadCommunity, end: number, zone: string): Promise<number> {
  const [kept] = await ctx.sql<{ read: string | null }[]>`
    select day_read::text as read from communities where id = ${id}`;
  const earliest = dayOf(new Date(end - ctx.config.durations.collectHistory), zone).from.getTime();
  if (!kept?.read) return earliest;
  return Math.max(earliest, dayOf(resolveLocalTime(`${kept.read}T12:00`, zone).at, zone).to.getTime());
}

/** None where the network tells nothing of that day. */
function rowOf({ network }: ReadCommunity, { at, ...figures }: DayStats, zone: string): Outgoing[] {
  if (Object.values(figures).every((figure) => figure === null)) return [];
  const ts = new Date(dayOf(new Date(at), zone).to.getTime() - 1).toISOString();
  return [{ kind: 'community', data: { ts, network, members: null, ...figures } }];
}
