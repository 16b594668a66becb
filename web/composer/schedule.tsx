import { Info, TrendingUp } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { Checkbox, FieldError, Input, Select } from '../parts/field.tsx';
import { Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import type { Preview } from './remarks.ts';
import { type Proposals, useProposals } from './slots.ts';
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

/** When it goes out, and what clocks show then. */
export function Schedule(props: Props) {
  const { when, onChange, chosen, home, preview, isPlanned } = props;
  const { t } = useTranslation('composer');
  const proposals = useProposals(chosen);
  const zone = zoneOf(
    chosen.map(({ timezone }) => timezone),
    home,
  );
  const hasSlots = proposals.some(({ next }) => next.length > 0);
  const kinds: When['kind'][] = [
    'at',
    ...(hasSlots || when.kind === 'slot' ? (['slot'] as const) : []),
    ...(proposals.some(({ knowsBest }) => knowsBest) ? (['best'] as const) : []),
    'now',
    'draft',
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
        {(when.kind === 'at' || when.kind === 'best') && hasSlots && (
          <Free
            proposals={proposals}
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

interface FreeProps {
  proposals: readonly Proposals[];
  onChoose(proposal: Proposals['next'][number]): void;
}

/** Free moments to choose from, with what speaks for them. */
function Free({ proposals, onChoose }: FreeProps) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  const lift = (percent: number) =>
    `${percent > 0 ? '+' : ''}${formats.number(percent, { maximumFractionDigits: 0 })} %`;
  const shown = proposals.filter(({ next }) => next.length > 0);
  const why = ({ evidence, source }: Proposals['next'][number]): ReactNode =>
    evidence ? (
      <span className={cx('text-xs', evidence.reliable ? 'text-good' : 'text-ink-soft')}>
        {evidence.reliable && <TrendingUp className="mr-1 inline size-3.5" aria-hidden />}
        {t(evidence.reliable ? 'when.reliable' : 'when.unreliable', {
          lift: lift(evidence.lift_percent),
          count: evidence.posts,
        })}
      </span>
    ) : (
      <span className="text-xs text-ink-soft">
        {source === 'usual_hour' ? t('when.usual') : t('when.weekly')}
      </span>
    );
  return (
    <div className="flex flex-col gap-2">
      <h3 className="text-[13px] font-medium text-ink-soft">{t('when.free')}</h3>
      {shown.map(({ community, next, note }) => (
        <div key={community.id} className="flex flex-col gap-1">
          {proposals.length > 1 && <p className="text-[13px] font-medium">{community.title}</p>}
          <ul className="flex flex-wrap gap-2">
            {next.map((proposal) => (
              <li key={proposal.at}>
                <button
                  type="button"
                  onClick={() => onChoose(proposal)}
                  className="flex flex-col items-start rounded-lg border border-line bg-panel px-3 py-1.5 text-left hover:border-line-strong hover:bg-sunken"
                >
                  <span className="font-medium tabular-nums">
                    {formats.day(proposal.at, proposal.timezone)},{' '}
                    {formats.time(proposal.at, proposal.timezone)}
                  </span>
                  {why(proposal)}
                </button>
              </li>
            ))}
          </ul>
          {note && <p className="text-[13px] text-ink-soft">{note}</p>}
        </div>
      ))}
    </div>
  );
}
