import { Temporal } from 'temporal-polyfill';
import type { Response } from './best-time.ts';
import type { Lift } from './lift.ts';

/** Posts between two turns of others: reading a clock takes microseconds, of thousands of posts it is felt. */
const together = 500;

/** Where posts stood in the week, on a community's clock, with how far they went. Lets others take their turn. */
export async function responsesOf(
  lifts: readonly Lift[],
  zone: string,
): Promise<(Response & { post_key: string })[]> {
  const responses: (Response & { post_key: string })[] = [];
  for (const { post_key, published_at, lift } of lifts) {
    if (responses.length % together === together - 1) await turn();
    const at = Temporal.Instant.from(published_at);
    const { dayOfWeek, hour } = at.toZonedDateTimeISO(zone);
    responses.push({ post_key, at: new Date(at.epochMilliseconds), weekday: dayOfWeek - 1, hour, lift });
  }
  return responses;
}

/** Lets other requests go first. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
