import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { CloudOff, RefreshCw } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { placeOfSession, useWorkspace } from './session.tsx';
import { type Hearing, listen } from './stream.ts';

/** A connection that is away for less than this is not worth a word. Milliseconds. */
const blink = 2_000;
/** Changes come in bursts: they are gathered for a moment, and what is shown is not asked for more often than this. */
const gathered = 50;
const apart = 300;
/** How long an act of this page that is under way is waited for. */
const patience = 3_000;

const watchNetwork = (changed: () => void) => {
  addEventListener('online', changed);
  addEventListener('offline', changed);
  return () => {
    removeEventListener('online', changed);
    removeEventListener('offline', changed);
  };
};

/** Keeps what is shown up to date, and says when it may be old. */
export function LiveSign() {
  const { t } = useTranslation();
  const online = useSyncExternalStore(watchNetwork, () => navigator.onLine);
  const connection = useLive();
  const offline = !online && connection !== 'live';
  return (
    <p role="status" className="text-[13px] text-warn">
      {(offline || connection === 'lost') && (
        // On a phone over the page, above the menu: beside the search there is no room for words.
        <span className="flex items-center gap-1.5 max-sm:fixed max-sm:inset-x-3 max-sm:bottom-17 max-sm:z-30 max-sm:justify-center max-sm:rounded-lg max-sm:border max-sm:border-warn max-sm:bg-warn-soft max-sm:p-2">
          {offline ? (
            <CloudOff className="size-4 shrink-0" aria-hidden />
          ) : (
            <RefreshCw className="size-4 shrink-0" aria-hidden />
          )}
          {offline ? t('frame.offline') : t('frame.reconnecting')}
        </span>
      )}
    </p>
  );
}

/** `away`: not connected, but for so short that it may be back at once. */
function useLive(): 'live' | 'away' | 'lost' {
  const queries = useQueryClient();
  const { id } = useWorkspace();
  const [connection, setConnection] = useState<'live' | 'away' | 'lost'>('away');
  useEffect(() => {
    const refresh = refresher(queries);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const away = () => {
      setConnection((before) => (before === 'lost' ? before : 'away'));
      timer ??= setTimeout(() => setConnection('lost'), blink);
    };
    away();
    const hearing: Hearing = {
      live(again) {
        clearTimeout(timer);
        timer = undefined;
        setConnection('live');
        // Also what no change is told of, and what failed meanwhile.
        if (again) refresh.all();
      },
      change({ kind, id }) {
        refresh.of(kind === 'jobs' || kind === 'analytics' ? [kind, id] : [kind]);
        if (kind === 'analytics') for (const one of ['overview', 'compare']) refresh.of([kind, one]);
        // What waits and what went wrong is counted on the operator's page; a series shows its posts.
        if (kind === 'posts') for (const one of ['operator', 'series']) refresh.of([one]);
      },
      reset: refresh.all,
      lost: away,
      refused: () => queries.invalidateQueries({ queryKey: ['me'] }),
    };
    const stop = listen(hearing, placeOfSession());
    return () => {
      stop();
      clearTimeout(timer);
      refresh.stop();
    };
  }, [queries, id]);
  return connection;
}

/** Has what is shown asked for again, soon and not too often. */
function refresher(queries: QueryClient) {
  const waiting = new Map<string, readonly string[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let before = 0;
  function plan(since: number): void {
    const wait = Math.max(gathered, before + apart - performance.now());
    timer ??= setTimeout(() => {
      timer = undefined;
      // An answer in the middle of an act would show for a moment what was before it.
      if (queries.isMutating() > 0 && performance.now() - since < patience) return plan(since);
      before = performance.now();
      for (const queryKey of waiting.values()) void queries.invalidateQueries({ queryKey });
      waiting.clear();
    }, wait);
  }
  const of = (key: readonly string[]) => {
    waiting.set(key.join(' '), key);
    plan(performance.now());
  };
  return {
    of,
    all: () => of([]),
    stop: () => clearTimeout(timer),
  };
}
