import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { repeat, within } from '../interval.ts';
import type { Sql } from '../stores/postgres.ts';
import { type Change, presentPlace, readChanges } from './changes.ts';

export interface Watcher {
  workspaceId: string;
  /** Hears what changed in its workspace; `place` is from where to go on after it. */
  tell(changes: readonly Change[], place: string): void;
  /** Nothing more will be told: the database does not answer. */
  lost(): void;
}

export interface Watching {
  /** Up to here everything has been told. */
  place(): string;
  leave(): void;
}

type Parts = Pick<Context, 'sql' | 'config' | 'log'>;

interface Feed {
  join(watcher: Watcher): Promise<Watching>;
}

/** Those that run now: one for each pool, that is, one in a process. */
const running = new WeakMap<Sql, Feed>();

/**
 * Tells the watcher of everything that changes from the moment of the answer on. Throws `unavailable`, or what the
 * database throws.
 */
export function watchChanges(ctx: Parts, watcher: Watcher): Promise<Watching> {
  let feed = running.get(ctx.sql);
  if (!feed) {
    feed = startFeed(ctx, () => running.delete(ctx.sql));
    running.set(ctx.sql, feed);
  }
  return feed.join(watcher);
}

/**
 * Reads what changed, once for all who watch, until the last of them leaves. It looks every `durations.changesLook`
 * instead of being called by NOTIFY: that holds one lock of the whole server from each commit until it is on disk, and
 * made a thousand small commits take half as long again.
 */
function startFeed(ctx: Parts, onEnd: () => void): Feed {
  const { changesLook, changesPatience } = ctx.config.durations;
  const watchers = new Set<Watcher>();
  let place = '';
  let ended = false;
  let stop = () => {};

  function end(): void {
    if (ended) return;
    ended = true;
    stop();
    onEnd();
  }
  async function look(): Promise<void> {
    try {
      const reading = await within(readChanges(ctx, place), changesPatience);
      place = reading.place;
      for (const watcher of [...watchers]) {
        const changes = reading.changes.get(watcher.workspaceId);
        if (changes) watcher.tell(changes, place);
      }
    } catch (error) {
      if (ended) return;
      ctx.log.warn({ err: error, watchers: watchers.size }, 'changes cannot be read');
      end();
      // They come back with the place that they have, and know meanwhile that they are not live.
      for (const watcher of watchers) watcher.lost();
    }
  }
  const begun = presentPlace(ctx.sql).then(
    (present) => {
      place = present;
      if (!ended) stop = repeat(ctx.log, 'telling changes', changesLook, look);
    },
    (error: unknown) => {
      end();
      throw error;
    },
  );
  return {
    async join(watcher) {
      watchers.add(watcher);
      await begun;
      if (ended) throw new AppError('unavailable', 'The database does not answer.', { retryAfter: 1 });
      return {
        place: () => place,
        leave() {
          if (watchers.delete(watcher) && watchers.size === 0) end();
        },
      };
    },
  };
}
