import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { checkCommunity } from './check.ts';

/** One run of the job may take so long, in milliseconds; its next one goes on. */
const runMost = 8 * 60_000;

/**
 * The job `communities.health`: checks each active community once a day at a moment of its own, one after another with
 * `durations.healthPause` between them. What it finds stands in the community: its capabilities, its warnings, or that
 * it needs to be connected again. Answers how many it checked.
 */
export async function checkDue(ctx: Context): Promise<number> {
  const { health, healthPause } = ctx.config.durations;
  const end = performance.now() + runMost;
  let checked = 0;
  while (performance.now() < end) {
    // Taken before it is checked, so that two workers never check one, and one that fails waits for its next day.
    const [due] = await ctx.sql<{ id: string; workspace_id: string }[]>`
      update communities
      set health_at = greatest(
        health_at + ${health} * interval '1 millisecond', now() + ${health} / 2.0 * interval '1 millisecond')
      where id = (
        select id from communities where status = 'active' and health_at <= now()
        order by health_at limit 1 for update skip locked)
      returning id, workspace_id`;
    if (!due) break;
    checked += 1;
    try {
      await checkCommunity(ctx, { workspaceId: due.workspace_id }, due.id);
    } catch (error) {
      // A refusal stands as a warning; a network that is away is asked again tomorrow.
      if (!(error instanceof AppError) || error.code === 'internal') {
        ctx.log.error({ err: error, community: due.id }, 'health check failed');
      }
    }
    await Bun.sleep(healthPause);
  }
  return checked;
}
