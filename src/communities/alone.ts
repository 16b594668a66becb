import { asOwner, type Context } from '../context.ts';

/** Milliseconds between two looks whether it is free. */
const look = 100;

/**
 * Runs `act` while nothing else runs under `name` in the whole installation; a process that dies lets go. Waits up to
 * `patience` milliseconds for it, then throws `busy()`.
 */
export async function alone<T>(
  ctx: Pick<Context, 'sql'>,
  name: string,
  patience: number,
  busy: () => Error,
  act: () => Promise<T>,
): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const done = await asOwner(ctx, async (tx) => {
      const [row] = await tx<{ mine: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as mine`;
      return row?.mine ? { value: await act() } : null;
    });
    if (done) return done.value;
    if (performance.now() > end) throw busy();
    await Bun.sleep(look);
  }
}
