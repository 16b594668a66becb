import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { useFormats } from '../parts/time.ts';
import type { Slot } from './queries.ts';
import { ReliableMark } from './verdict.tsx';
import { clock, useWeek, type WeekHour, weekdays } from './week.ts';

const hours = Array.from({ length: 24 }, (_, hour) => hour);
/** Of the colour of a side; more would leave no contrast to the number in it. */
const strongest = 42;

interface Props {
  slots: readonly Slot[];
  /** Which hour the numbers beside the map are of. */
  chosen: Slot | null;
  onChoose(slot: Slot): void;
  /** The pointer is over one; null: over none. */
  onPoint(slot: Slot | null): void;
}

/**
 * Weekday by hour. Better is blue and worse is orange, which no colour blindness takes for each other, and every hour
 * carries its number; a reliable one has a frame and a mark. The arrow keys go from one hour with posts to the next.
 */
export function HeatMap({ slots, chosen, onChoose, onPoint }: Props) {
  const { t } = useTranslation('analytics');
  const { long, short } = useWeek();
  const table = useRef<HTMLTableElement>(null);
  const byHour = useMemo(() => new Map(slots.map((slot) => [keyOf(slot), slot])), [slots]);
  const most = Math.max(0.2, ...slots.map(({ lift_percent }) => Math.abs(effectOf(lift_percent))));
  const first = chosen ?? slots[0];
  const [entry, setEntry] = useState(first && keyOf(first));
  useEffect(() => {
    // On a phone the hours of interest would lie beyond the edge.
    const box = table.current?.parentElement;
    const cell = table.current?.querySelector<HTMLElement>('button[tabindex="0"]');
    if (box && cell) box.scrollLeft = cell.offsetLeft - box.clientWidth / 2;
  }, []);
  const onKey = (event: KeyboardEvent, from: Slot) => {
    const to = next(event.key, from, byHour);
    if (!to) return;
    event.preventDefault();
    table.current?.querySelector<HTMLElement>(`[data-hour="${keyOf(to)}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: leaving it with the pointer forgets what was pointed at
    <div className="relative overflow-x-auto pb-1" onMouseLeave={() => onPoint(null)}>
      <table ref={table} className="w-full border-separate border-spacing-0.5 text-[11px] tabular-nums">
        <caption className="sr-only">{t('times.map')}</caption>
        <thead>
          <tr>
            <td className="sticky left-0 z-10 bg-panel" />
            {hours.map((hour) => (
              <th key={hour} scope="col" className="font-normal text-ink-soft">
                <span aria-hidden>{hour}</span>
                <span className="sr-only">{clock(hour)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weekdays.map((weekday) => (
            <tr key={weekday}>
              <th
                scope="row"
                className="sticky left-0 z-10 bg-panel pr-2 text-left text-[13px] font-normal text-ink-soft"
              >
                <span aria-hidden>{short(weekday)}</span>
                <span className="sr-only">{long(weekday)}</span>
              </th>
              {hours.map((hour) => {
                const slot = byHour.get(keyOf({ weekday, hour }));
                return (
                  <td key={hour} className="p-0">
                    {slot ? (
                      <Cell
                        slot={slot}
                        share={effectOf(slot.lift_percent) / most}
                        isChosen={chosen !== null && keyOf(chosen) === keyOf(slot)}
                        isEntry={entry === keyOf(slot)}
                        onFocus={() => {
                          setEntry(keyOf(slot));
                          onChoose(slot);
                        }}
                        onClick={() => onChoose(slot)}
                        onPoint={() => onPoint(slot)}
                        onKey={(event) => onKey(event, slot)}
                      />
                    ) : (
                      <span className="block h-8 min-w-9 rounded bg-ground">
                        <span className="sr-only">{t('times.no_posts')}</span>
                      </span>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  slot: Slot;
  /** −1 the worst, 1 the best of the map. */
  share: number;
  isChosen: boolean;
  isEntry: boolean;
  onFocus(): void;
  onClick(): void;
  onPoint(): void;
  onKey(event: KeyboardEvent): void;
}

function Cell({ slot, share, isChosen, isEntry, onFocus, onClick, onPoint, onKey }: CellProps) {
  const formats = useFormats();
  const told = useSlotWords();
  const strength = Math.round(Math.abs(share) * strongest);
  const side = share >= 0 ? 'info' : 'warn';
  return (
    <button
      type="button"
      data-hour={keyOf(slot)}
      tabIndex={isEntry ? 0 : -1}
      aria-pressed={isChosen}
      onFocus={onFocus}
      onClick={onClick}
      onMouseEnter={onPoint}
      onKeyDown={onKey}
      className={cx(
        'relative block h-8 w-full min-w-9 rounded text-ink',
        slot.reliable && 'font-bold ring-2 ring-ink ring-inset',
        isChosen && 'outline-2 outline-offset-1 outline-accent',
      )}
      style={{ background: `color-mix(in oklab, var(--${side}) ${strength}%, var(--sunken))` }}
    >
      <span className="sr-only">{told(slot)}</span>
      <span aria-hidden>{formats.number(Math.round(slot.lift_percent), { signDisplay: 'exceptZero' })}</span>
      {slot.reliable && <ReliableMark className="absolute -top-1 -right-1" />}
    </button>
  );
}

/** What is known of an hour, in one line. */
function useSlotWords(): (slot: Slot) => string {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const { moment } = useWeek();
  return (slot) =>
    t(slot.reliable ? 'times.slot_reliable' : slot.lift_percent < 0 ? 'times.slot_worse' : 'times.slot', {
      hour: moment(slot),
      lift: formats.percent(slot.lift_percent),
      from: formats.percent(slot.from_percent),
      to: formats.percent(slot.to_percent),
      count: slot.posts,
      p: formats.number(slot.p, { maximumFractionDigits: 3 }),
    });
}

function keyOf({ weekday, hour }: WeekHour): string {
  return `${weekday}-${hour}`;
}

/** Twice as much is as far from usual as half as much. */
function effectOf(percent: number): number {
  return Math.log(1 + Math.max(percent, -99) / 100);
}

const steps: Record<string, readonly [days: number, hours: number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** The next hour with posts in that direction; up and down the nearest one of the next weekday that has any. */
function next(key: string, from: Slot, byHour: ReadonlyMap<string, Slot>): Slot | null {
  const [days, aside] = steps[key] ?? [0, 0];
  const row = weekdays.indexOf(from.weekday);
  if (aside !== 0) {
    for (let hour = from.hour + aside; hour >= 0 && hour < 24; hour += aside) {
      const found = byHour.get(keyOf({ weekday: from.weekday, hour }));
      if (found) return found;
    }
  }
  if (days !== 0) {
    for (let at = row + days; at >= 0 && at < 7; at += days) {
      const [nearest] = [...byHour.values()]
        .filter(({ weekday }) => weekday === weekdays[at])
        .sort((a, b) => Math.abs(a.hour - from.hour) - Math.abs(b.hour - from.hour));
      if (nearest) return nearest;
    }
  }
  return null;
}
