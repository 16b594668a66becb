import type { Context } from '../context.ts';
import { repeat } from '../interval.ts';
import { shipPublicationEvents } from './delivery.ts';

/** Keeps ClickHouse up with what happened to publications. Answers what stops it. */
export function startShipping(ctx: Context): () => void {
  return repeat(ctx.log, 'ship', ctx.config.durations.ship, () => shipPublicationEvents(ctx));
}
