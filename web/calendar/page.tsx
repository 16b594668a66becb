import { CheckCheck, Download, Plus, Radio, Upload } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { useLocation } from 'wouter';
import { client, send } from '../api.ts';
import { type Community, useCommunities } from '../communities/list.tsx';
import { Button } from '../parts/button.tsx';
import { download } from '../parts/download.ts';
import { Select } from '../parts/field.tsx';
import { Empty, Failed, Page, Skeleton } from '../parts/page.tsx';
import { dialogPart } from '../parts/part.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { Board } from './board.tsx';
import { Bulk } from './bulk.tsx';
import { Chip, type ChipActs } from './chip.tsx';
import { Filters, type Wanted } from './filters.tsx';
import { Hours } from './hours.tsx';
import { DayList } from './list.tsx';
import { Month } from './month.tsx';
import { usePlace } from './place.ts';
import { type CalendarPost, isMovable, useCalendar, useCalendarActs } from './posts.ts';
import { boundsOf, daysOf, isPast, momentOf, today, wallOf } from './span.ts';
import { Steps } from './steps.tsx';

const ImportDialog = dialogPart(async () => (await import('./import.tsx')).ImportDialog);

export default function CalendarPage() {
  const { t } = useTranslation(['calendar', 'common', 'communities']);
  const [, go] = useLocation();
  const place = usePlace();
  const { view, day, zone, wanted, set: showDay } = place;
  const communities = useCommunities();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [choosing, setChoosing] = useState(false);
  const [importing, setImporting] = useState(false);
  const days = useMemo(() => daysOf(view, day), [view, day]);
  const calendar = useCalendar(useMemo(() => boundsOf(days, zone), [days, zone]));
  const acts = useCalendarActs(zone);
  const tell = useTell();
  const tellError = useTellError();
  const { mutate: move } = acts.move;
  /** The post that the keyboard moved last. */
  const followed = useRef<string | null>(null);

  const communitiesOf = useMemo(() => {
    const known = new Map(communities.data?.data.map((community) => [community.id, community]));
    // The same answer for the same post: a chip is drawn again only when something of it changed.
    const found = new WeakMap<CalendarPost, Community[]>();
    return (post: CalendarPost) => {
      const before = found.get(post);
      if (before) return before;
      const ids = new Set(post.publications.map((one) => one.community_id));
      const now = [...ids].flatMap((id) => known.get(id) ?? []);
      found.set(post, now);
      return now;
    };
  }, [communities.data]);
  const fitting = useMemo(
    () => calendar.data?.data.filter((post) => fits(post, wanted)) ?? [],
    [calendar.data, wanted],
  );
  const byDay = useMemo(
    () => Map.groupBy(fitting, ({ at }) => wallOf(at, zone).toPlainDate().toString()),
    [fitting, zone],
  );
  const postsOf = (one: string) => byDay.get(one) ?? [];

  const chipActs = useMemo<ChipActs>(
    () => ({
      open: ({ id }) => go(`/posts/${id}`),
      choose: ({ id }) => setChosen((before) => toggled(before, id)),
      shift: (post, across, down) => {
        const by = view === 'week' || view === 'day' ? { hours: down } : { days: 7 * down };
        const to = wallOf(post.at, zone).add({ days: across }).add(by);
        const at = momentOf(to, zone);
        if (isPast(at)) return tell({ text: t('past'), bad: true });
        followed.current = post.id;
        move([{ post, at }]);
        const there = to.toPlainDate();
        if (!days.some((one) => one.equals(there))) showDay({ day: there });
      },
    }),
    [go, move, tell, t, zone, view, days, showDay],
  );
  // A moved post is drawn anew in its new place: whoever moved it by the keyboard is still on it.
  useEffect(() => {
    const moved =
      followed.current && document.querySelector<HTMLElement>(`[data-post="${followed.current}"]`);
    if (!moved) return;
    followed.current = null;
    if (document.activeElement === document.body) moved.focus();
  }, [byDay]);
  const chip = useCallback(
    (post: CalendarPost) => (
      <Chip
        key={post.id}
        post={post}
        zone={zone}
        communities={communitiesOf(post)}
        chosen={chosen.has(post.id)}
        choosing={choosing}
        acts={chipActs}
      />
    ),
    [zone, communitiesOf, chosen, choosing, chipActs],
  );
  const chooseNone = () => {
    setChosen(new Set());
    setChoosing(false);
  };

  const openList = (one: Temporal.PlainDate) => place.set({ view: 'list', day: one, passing: true });
  const shared = {
    days,
    zone,
    postsOf,
    chip,
    // By the hour a phone has room for few posts.
    openDay: (one: Temporal.PlainDate) =>
      isPhone() && postsOf(one.toString()).length > 0
        ? openList(one)
        : place.set({ view: 'day', day: one, passing: true }),
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
        <Filters
          wanted={wanted}
          onChange={(next) => place.set({ wanted: next })}
          communities={communities.data?.data ?? []}
        />
        <Button
          small
          icon={CheckCheck}
          aria-pressed={choosing}
          className={choosing ? 'border-accent bg-accent-soft' : undefined}
          onClick={() => (choosing ? chooseNone() : setChoosing(true))}
        >
          {t('choose')}
        </Button>
        <ZoneChoice
          zone={zone}
          zones={[place.home, ...(communities.data?.data.map(({ timezone }) => timezone) ?? [])]}
          onChange={(next) => place.set({ zone: next })}
        />
      </div>
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
        <Board zone={zone} acts={acts} communitiesOf={communitiesOf}>
          {view === 'month' && <Month {...shared} month={day.month} now={today(zone)} />}
          {(view === 'week' || view === 'day') && (
            <Hours
              {...shared}
              ready={!calendar.isPlaceholderData}
              openList={openList}
              now={Temporal.Now.plainDateTimeISO(zone)}
            />
          )}
          {view === 'list' && <DayList {...shared} day={day} />}
        </Board>
      )}
      <p className="text-[13px] text-ink-soft max-md:sr-only">
        {t('hint')}{' '}
        <span id="calendar-keys">{t(view === 'week' || view === 'day' ? 'keys_hours' : 'keys')}</span>
      </p>
      <Bulk
        posts={fitting.filter(({ id }) => chosen.has(id))}
        choosing={choosing}
        zone={zone}
        acts={acts}
        movable={fitting.filter(isMovable).length}
        onAll={() => setChosen(new Set(fitting.filter(isMovable).map(({ id }) => id)))}
        onDone={chooseNone}
      />
      {importing && <ImportDialog zone={zone} onClose={() => setImporting(false)} />}
    </Page>
  );
}

const isPhone = () => matchMedia('(max-width: 639px)').matches;

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

function toggled<Item>(set: ReadonlySet<Item>, item: Item): Set<Item> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
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
