import { useCallback, useMemo } from 'react';
import { Temporal } from 'temporal-polyfill';
import { useSearchParams } from 'wouter';
import { useWorkspace } from '../frame/session.tsx';
import type { Wanted } from './filters.tsx';
import { today, type View, views } from './span.ts';

const viewKey = 'outpost.calendar.view';

const viewNamed = (name: string | null) => views.find((one) => one === name);

/** What is shown stands in the address, so that it can be linked and the way back leads to it. */
export function usePlace() {
  const { timezone: home } = useWorkspace();
  const [search, setSearch] = useSearchParams();
  // The menu leads to the view that was chosen last.
  const view = viewNamed(search.get('view')) ?? viewNamed(localStorage.getItem(viewKey)) ?? 'month';
  const zone = known(search.get('zone')) ?? home;
  const asked = search.get('day');
  const day = useMemo(() => {
    try {
      return asked ? Temporal.PlainDate.from(asked) : today(zone);
    } catch {
      return today(zone);
    }
  }, [asked, zone]);
  const communities = search.getAll('community').join();
  const states = search.getAll('state').join();
  const wanted = useMemo<Wanted>(
    () => ({ communities: setOf(communities), states: setOf(states) as Wanted['states'] }),
    [communities, states],
  );
  // `passing`: a look at one day, and not the view that somebody works in.
  const set = useCallback(
    (to: { view?: View; day?: Temporal.PlainDate; zone?: string; wanted?: Wanted; passing?: boolean }) => {
      if (to.view && !to.passing) localStorage.setItem(viewKey, to.view);
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          if (to.view) next.set('view', to.view);
          if (to.day) next.set('day', to.day.toString());
          if (to.zone) next.set('zone', to.zone);
          if (to.wanted) {
            next.delete('community');
            next.delete('state');
            for (const id of to.wanted.communities) next.append('community', id);
            for (const state of to.wanted.states) next.append('state', state);
          }
          return next;
        },
        // Another time is a step that can be gone back; what is left out of it is not.
        { replace: !to.view && !to.day },
      );
    },
    [setSearch],
  );
  return { view, day, zone, home, wanted, set };
}
export type Place = ReturnType<typeof usePlace>;

const setOf = (joined: string) => new Set(joined === '' ? [] : joined.split(','));

function known(zone: string | null): string | null {
  try {
    return zone && new Intl.DateTimeFormat('en', { timeZone: zone }) ? zone : null;
  } catch {
    return null;
  }
}
