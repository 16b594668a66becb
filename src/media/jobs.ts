import type { Context } from '../context.ts';
import { removeUnneeded } from './media.ts';
import { removeUnfinished } from './upload.ts';

/** The job `media.sweep`. */
export async function sweepMedia(ctx: Context): Promise<void> {
  const removed = (await removeUnfinished(ctx)) + (await removeUnneeded(ctx));
  if (removed > 0) ctx.log.info({ removed }, 'media swept');
}
