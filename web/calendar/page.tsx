import { ChevronLeft, ChevronRight, Download, Plus, Radio, Upload } from 'lucide-react';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { useLocation, useSearchParams } from 'wouter';
import { client, send } from '../api.ts';
import { useCommunities } from '../communities/list.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { download } from '../parts/download.ts';
import { Select } from '../parts/field.tsx';
import { Empty, Failed, Page, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTellError } from '../parts/toast.tsx';
import { Board } from './board.tsx';
import { Bulk } from './bulk.tsx';
import { Chip, type ChipActs } from './chip.tsx';
import { Filters, type Wanted } from './filters.tsx';
import { Hours } from './hours.tsx';
import { DayList } from './list.tsx';
import { Month } from './month.tsx';
import { type CalendarPost, useCalendar, useCalendarActs } from './posts.ts';
import { boundsOf, daysOf, momentOf, step, today, type View, views, wallOf } from './span.ts';

const ImportDialog = lazy(async () => ({ default: (await import('./import.tsx')).ImportDialog }));

export default function CalendarPage() {
  const { t } = useTranslation(['calendar', 'common', 'communities']);
  const [, go] = useLocation();
  const place = usePlace();
  const { view, day, zone } = place;
  const communities = useCommunities();
  const [wanted, setWanted] = useState<Wanted>({ communities: new Set(), states: new Set() });
  const [chosen, setChosen] = useState<ReadonlyMap<string, CalendarPost>>(new Map());
  const [importing, setImporting] = useState(false);
  const days = useMemo(() => daysOf(view, day), [view, day]);
  const calendar = useCalendar(useMemo(() => boundsOf(days, zone), [days, zone]));
  const acts = useCalendarActs();
  const tellError = useTellError();
  const { mutate: move } = acts.move;

  const networkOf = useMemo(
    () => new Map(communities.data?.data.map(({ id, network }) => [id, network])),
    [communities.data],
  );
  const byDay = useMemo(() => {
    const fitting = calendar.data?.data.filter((post) => fits(post, wanted)) ?? [];
    return Map.groupBy(fitting, ({ at }) => wallOf(at, zone).toPlainDate().toString());
  }, [calendar.data, wanted, zone]);
  const postsOf = (one: string) => byDay.get(one) ?? [];

  const chipActs = useMemo<ChipActs>(
    () => ({
      open: ({ id }) => go(`/posts/${id}`),
      choose: (post) =>
        setChosen((before) => {
          const after = new Map(before);
          if (!after.delete(post.id)) after.set(post.id, post);
          return after;
        }),
      shift: (post, by) => move([{ post, at: momentOf(wallOf(post.at, zone).add({ days: by }), zone) }]),
    }),
    [go, move, zone],
  );
  const chip = useCallback(
    (post: CalendarPost) => (
      <Chip
        key={post.id}
        post={post}
        zone={zone}
        networks={[...new Set(post.publications.map((one) => networkOf.get(one.community_id) ?? ''))].filter(
          Boolean,
        )}
        chosen={chosen.has(post.id)}
        acts={chipActs}
      />
    ),
    [zone, networkOf, chosen, chipActs],
  );

  const shared = {
    days,
    postsOf,
    chip,
    openDay: (one: Temporal.PlainDate) => place.set({ view: 'day', day: one }),
  };
  return (
    <Page
      wide
      title={t('common:nav.calendar')}
      actions={
        <>
          <Button small icon={Upload} onClick={() => setImporting(true)}>
            {t('import.open')}
          </Button>
          <Button small icon={Download} onClick={() => exportPlan(boundsOf(days, zone)).catch(tellError)}>
            {t('export')}
          </Button>
        </>
      }
    >
      <div className="flex flex-wrap items-center gap-2">
        <Steps place={place} />
        <Filters wanted={wanted} onChange={setWanted} communities={communities.data?.data ?? []} />
        <ZoneChoice
          zone={zone}
          zones={[place.home, ...(communities.data?.data.map(({ timezone }) => timezone) ?? [])]}
          onChange={place.setZone}
        />
      </div>
      <p id="calendar-keys" className="sr-only">
        {t('keys')}
      </p>
      {calendar.error && <Failed error={calendar.error} again={() => calendar.refetch()} />}
      {calendar.data?.complete === false && <p className="text-warn">{t('overfull')}</p>}
      {communities.data?.data.length === 0 && (
        <Empty icon={Radio} title={t('communities:empty')} text={t('communities:empty_text')}>
          <Button look="primary" icon={Plus} onClick={() => go('/communities/new')}>
            {t('communities:connect')}
          </Button>
        </Empty>
      )}
      {calendar.isPending ? (
        <Skeleton className="h-[70dvh]" />
      ) : (
        <Board zone={zone} acts={acts} networkOf={networkOf}>
          {view === 'month' && <Month {...shared} month={day.month} now={today(zone)} />}
          {(view === 'week' || view === 'day') && (
            <Hours {...shared} zone={zone} now={Temporal.Now.plainDateTimeISO(zone)} />
          )}
          {view === 'list' && <DayList {...shared} zone={zone} />}
        </Board>
      )}
      <Bulk posts={[...chosen.values()]} zone={zone} acts={acts} onDone={() => setChosen(new Map())} />
      {importing && (
        <Suspense>
          <ImportDialog onClose={() => setImporting(false)} />
        </Suspense>
      )}
    </Page>
  );
}

/** The plan of the days that are shown. */
async function exportPlan(bounds: { from: string; to: string }): Promise<void> {
  await download(
    await send(client.v1.posts.export.$get({ query: { format: 'csv', ...bounds } })),
    'plan.csv',
  );
}

function fits(post: CalendarPost, { communities, states }: Wanted): boolean {
  return (
    (communities.size === 0 || post.publications.some((one) => communities.has(one.community_id))) &&
    (states.size === 0 || states.has(post.status) || (states.has('attention') && post.needs_attention))
  );
}

/** What is shown stands in the address, so that it can be linked and the way back works. */
function usePlace() {
  const { timezone: home } = useWorkspace();
  const [search, setSearch] = useSearchParams();
  const [zone, setZone] = useState(home);
  const view = views.find((one) => one === search.get('view')) ?? 'month';
  const asked = search.get('day');
  const day = useMemo(() => {
    try {
      return asked ? Temporal.PlainDate.from(asked) : today(zone);
    } catch {
      return today(zone);
    }
  }, [asked, zone]);
  const set = (to: { view?: View; day?: Temporal.PlainDate }) =>
    setSearch({ view: to.view ?? view, day: (to.day ?? day).toString() });
  return { view, day, zone, home, setZone, set };
}
type Place = ReturnType<typeof usePlace>;

function Steps({ place }: { place: Place }) {
  const { t } = useTranslation(['calendar', 'common']);
  const formats = useFormats();
  const { view, day, zone, set } = place;
  const days = daysOf(view, day);
  const noon = (one: Temporal.PlainDate) => new Date(`${one}T12:00:00Z`);
  const [first = day, last = day] = [days[0], days.at(-1)];
  const title =
    view === 'day'
      ? formats.date(noon(day), 'UTC')
      : view === 'week'
        ? `${formats.day(noon(first), 'UTC')} – ${formats.day(noon(last), 'UTC')}`
        : formats.month(noon(day), 'UTC');
  return (
    <>
      <div className="flex items-center">
        <IconButton
          small
          icon={ChevronLeft}
          label={t('common:action.previous')}
          onClick={() => set({ day: step(view, day, -1) })}
        />
        <IconButton
          small
          icon={ChevronRight}
          label={t('common:action.next')}
          onClick={() => set({ day: step(view, day, 1) })}
        />
      </div>
      <h2 className="min-w-40 text-base font-semibold first-letter:uppercase" aria-live="polite">
        {title}
      </h2>
      <Button small onClick={() => set({ day: today(zone) })}>
        {t('today')}
      </Button>
      <fieldset className="flex overflow-hidden rounded-lg border border-line bg-panel sm:ml-auto">
        <legend className="sr-only">{t('view')}</legend>
        {views.map((one) => (
          <label
            key={one}
            className={cx(
              'cursor-pointer px-3 py-1.5 text-[13px] font-medium text-ink-soft has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-accent',
              one === view ? 'bg-accent-soft text-ink' : 'hover:bg-sunken',
            )}
          >
            <input
              type="radio"
              name="view"
              className="sr-only"
              checked={one === view}
              onChange={() => set({ view: one })}
            />
            {t(`views.${one}`)}
          </label>
        ))}
      </fieldset>
    </>
  );
}

function ZoneChoice(props: { zone: string; zones: readonly string[]; onChange(zone: string): void }) {
  const { t } = useTranslation(['calendar', 'common']);
  return (
    <Select
      aria-label={t('zone')}
      value={props.zone}
      onChange={(event) => props.onChange(event.target.value)}
      className="h-8 w-auto py-0 text-[13px]"
    >
      {[...new Set([props.zone, ...props.zones])].map((zone) => (
        <option key={zone}>{zone}</option>
      ))}
    </Select>
  );
}
