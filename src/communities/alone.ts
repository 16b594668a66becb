import { asOwner, type Context } from '../context.ts';

/** Milliseconds between two looks whether it is free. */
const look = 100;
/** Each of them keeps a connection of the pool as long as it runs: publishing is to find the others free. */
const most = 2;

/** Lets some in at once; the others stand in line. */
class Gate {
  private inside = 0;
  private readonly line = new Set<() => void>();

  constructor(private readonly most: number) {}

  get empty(): boolean {
    return this.inside === 0;
  }

  /** Whether it was let in before `end`, by `performance.now()`; then it is to {@link leave}. */
  async enter(end: number): Promise<boolean> {
    if (this.inside < this.most) {
      this.inside += 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const letIn = () => resolve(true);
    this.line.add(letIn);
    const late = setTimeout(
      () => {
        if (this.line.delete(letIn)) resolve(false);
      },
      Math.max(end - performance.now(), 0),
    );
    const entered = await promise;
    clearTimeout(late);
    return entered;
  }

  leave(): void {
    const [next] = this.line;
    if (next === undefined) this.inside -= 1;
    else {
      this.line.delete(next);
      next();
    }
  }
}

const all = new Gate(most);
const named = new Map<string, Gate>();

/**
 * Runs `act` while nothing else runs under `name` in the whole installation; a process that dies lets go. Waits up to
 * `patience` milliseconds for it, then throws `busy()`. Whoever waits for another of the same process holds no
 * connection to the database; in each process two run at once, whatever their names.
 */
export async function alone<T>(
  ctx: Pick<Context, 'sql'>,
  name: string,
  patience: number,
  busy: () => Error,
  act: () => Promise<T>,
): Promise<T> {
  const end = performance.now() + patience;
  const gate = named.get(name) ?? new Gate(1);
  named.set(name, gate);
  if (!(await gate.enter(end))) throw busy();
  try {
    for (;;) {
      if (!(await all.enter(end))) throw busy();
      const begun = await locked(ctx, name, act).finally(() => all.leave());
      if (begun) return begun.value;
      if (performance.now() > end) throw busy();
      await Bun.sleep(look);
    }
  } finally {
    gate.leave();
    if (gate.empty) named.delete(name);
  }
}

/** null: another process has it. */
async function locked<T>(
  ctx: Pick<Context, 'sql'>,
  name: string,
  act: () => Promise<T>,
): Promise<{ value: T } | null> {
  const begun: Promise<T>[] = [];
  try {
    await asOwner(ctx, async (tx) => {
      const [row] = await tx<{ mine: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as mine`;
      if (!row?.mine || begun.length > 0) return;
      begun.push(act());
      await Promise.allSettled(begun);
    });
  } catch (error) {
    // What came of it counts, however the transaction ended: it wrote nothing.
    if (begun.length === 0) throw error;
  }
  const [acted] = begun;
  return acted ? { value: await acted } : null;
}
