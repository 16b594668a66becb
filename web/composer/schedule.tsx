import { Info } from 'lucide-react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { Checkbox, FieldError, Input, Select } from '../parts/field.tsx';
import { Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { FreeTimes, usePercent } from './free-times.tsx';
import type { Preview } from './remarks.ts';
import { useProposals } from './slots.ts';
import { isPast, momentOf, soon, type When, zoneOf } from './when.ts';

interface Props {
  when: When;
  onChange(when: When): void;
  /** The communities that it goes to. */
  chosen: readonly Community[];
  /** The workspace's zone. */
  home: string;
  preview: Preview | null;
  /** What the API has against the time. */
  error: string | undefined;
  /** It has a time already: «draft» takes it back. */
  isPlanned: boolean;
  timeSensitive: boolean;
  onTimeSensitive(on: boolean): void;
}

/** Of a post to many communities, how many are asked for their free times, and how many of those are listed. */
const asked = 10;
const listed = 3;

/** When it goes out, and what clocks show then. */
export function Schedule(props: Props) {
  const { when, onChange, chosen, home, preview, isPlanned } = props;
  const { t } = useTranslation('composer');
  const percent = usePercent();
  const proposals = useProposals(chosen.slice(0, asked));
  const zone = zoneOf(
    chosen.map(({ timezone }) => timezone),
    home,
  );
  const hasSlots = proposals.length > 0 && proposals.every(({ slots }) => slots.weekly.length > 0);
  const hasBest = proposals.some(({ slots }) => slots.next.some(({ source }) => source === 'best_hour'));
  const free = proposals.filter(({ slots }) => slots.next.length > 0);
  const kinds: When['kind'][] = [
    'at',
    'now',
    'draft',
    // These come late, and must not move the others from under the mouse.
    ...(hasBest || hasSlots || when.kind === 'best' ? (['best'] as const) : []),
    ...(hasSlots || when.kind === 'slot' ? (['slot'] as const) : []),
  ];
  const choose = (kind: When['kind']) =>
    onChange(kind === 'at' ? { kind, local: soon(zone), zone: null } : { kind });
  return (
    <Panel title={t('when.title')}>
      <div className="flex flex-col gap-4">
        <fieldset className="flex flex-wrap gap-1.5">
          <legend className="sr-only">{t('when.title')}</legend>
          {kinds.map((kind) => (
            <label
              key={kind}
              className={cx(
                'cursor-pointer rounded-lg border px-3 py-1.5 font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent',
                when.kind === kind
                  ? 'border-accent bg-accent-soft text-ink'
                  : 'border-line text-ink-soft hover:bg-sunken hover:text-ink',
              )}
            >
              <input
                type="radio"
                name="when"
                className="sr-only"
                checked={when.kind === kind}
                onChange={() => choose(kind)}
              />
              {kind === 'draft' && isPlanned ? t('when.unschedule') : t(`when.${kind}`)}
            </label>
          ))}
        </fieldset>
        {when.kind === 'at' ? (
          <Time {...props} when={when} zone={when.zone ?? zone} home={home} />
        ) : (
          <p className="text-ink-soft">{t(`when.${when.kind}_hint`)}</p>
        )}
        {when.kind !== 'at' && <FieldError error={props.error} />}
        {(when.kind === 'slot' || when.kind === 'best') && preview?.scheduled_at && !props.error && (
          <Clocks at={preview.scheduled_at} zones={chosen.map(({ timezone }) => timezone)} home={zone} />
        )}
        {when.kind === 'best' && preview?.time_choice && !props.error && (
          <p className="text-[13px] text-ink-soft">
            {t(preview.time_choice.source === 'best_hour' ? 'when.chosen_best' : 'when.chosen_slot', {
              lift: percent(preview.time_choice.lift_percent ?? 0),
            })}
          </p>
        )}
        {(when.kind === 'at' || when.kind === 'best') && free.length > 0 && (
          <FreeTimes
            proposals={free.slice(0, listed)}
            onChoose={({ local_time, timezone }) =>
              onChange({ kind: 'at', local: local_time.slice(0, 16), zone: timezone })
            }
          />
        )}
        <div className="flex flex-col gap-1 border-t border-line pt-3">
          <Checkbox
            label={t('when.sensitive')}
            checked={props.timeSensitive}
            onChange={({ target }) => props.onTimeSensitive(target.checked)}
          />
          <p className="pl-6 text-[13px] text-ink-soft">{t('when.sensitive_hint')}</p>
        </div>
      </div>
    </Panel>
  );
}

interface TimeProps extends Props {
  when: Extract<When, { kind: 'at' }>;
  zone: string;
}

function Time({ when, zone, home, chosen, preview, error, onChange }: TimeProps) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  const errorId = useId();
  const [date = '', clock = ''] = when.local.split('T');
  const past = isPast(when.local, zone);
  const at = momentOf(when.local, zone);
  const wrong = past ? t('when.past') : error;
  const zones = [...new Set([zone, ...chosen.map(({ timezone }) => timezone), home])];
  const set = (change: { date?: string; clock?: string }) =>
    onChange({ ...when, local: `${change.date ?? date}T${change.clock ?? clock}` });
  const note = preview?.time_note;
  const described = wrong ? errorId : undefined;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Input
          type="date"
          aria-label={t('when.date')}
          aria-invalid={wrong ? true : undefined}
          aria-describedby={described}
          value={date}
          onChange={({ target }) => set({ date: target.value })}
          className="w-40"
        />
        <Input
          type="time"
          aria-label={t('when.clock')}
          aria-invalid={wrong ? true : undefined}
          aria-describedby={described}
          value={clock}
          onChange={({ target }) => set({ clock: target.value.slice(0, 5) })}
          className="w-32"
        />
        {zones.length > 1 ? (
          <Select
            aria-label={t('when.zone')}
            value={zone}
            onChange={({ target }) => onChange({ ...when, zone: target.value })}
            className="w-auto"
          >
            {zones.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        ) : (
          <span className="text-ink-soft">{t('when.in_zone', { zone })}</span>
        )}
      </div>
      <FieldError id={errorId} error={wrong} />
      {at && !past && (
        <Clocks at={preview?.scheduled_at && note ? preview.scheduled_at : at} zones={zones} home={zone} />
      )}
      {note && !past && at && (
        <p className="flex items-start gap-1.5 text-[13px] text-warn">
          <Info className="mt-0.5 size-4 shrink-0" aria-hidden />
          {t(`when.${note.kind}`, {
            clock,
            zone,
            moved: preview?.scheduled_at ? formats.time(preview.scheduled_at, zone) : '',
          })}
        </p>
      )}
    </div>
  );
}

/** A moment on the clocks of several zones; the first is the one that was meant. */
function Clocks({ at, zones, home }: { at: string; zones: readonly string[]; home: string }) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  const others = [...new Set(zones)].filter((zone) => zone !== home);
  return (
    <p className="text-[13px] text-ink-soft">
      <span className="font-medium text-ink">
        {formats.day(at, home)}, {formats.time(at, home)}
      </span>{' '}
      {home} · {formats.ago(at)}
      {others.length > 0 && (
        <span className="block">
          {t('when.elsewhere')}{' '}
          {others.map((zone) => `${formats.day(at, zone)}, ${formats.time(at, zone)} ${zone}`).join(' · ')}
        </span>
      )}
    </p>
  );
}
