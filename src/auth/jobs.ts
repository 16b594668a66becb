import type { Context } from '../context.ts';
import { sweepIdempotencyKeys } from '../http/idempotency.ts';
import { sweepSessions } from './session.ts';
import { sweepLimits } from './throttle.ts';

/** Handler of `auth.sweep`: removes sessions, limits and idempotency keys that have run out. */
export async function sweepAuth(ctx: Context): Promise<void> {
  await sweepSessions(ctx);
  await sweepLimits(ctx);
  await sweepIdempotencyKeys(ctx);
}
