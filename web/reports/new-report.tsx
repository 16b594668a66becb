import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { ApiError, ask } from '../api.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Field, FieldError, Input, Select } from '../parts/field.tsx';
import { useTell } from '../parts/toast.tsx';
import { type Common, CommunitiesField, FormatField, LanguageAndZone, TitleField } from './fields.tsx';
import { api, type Report, type NewReport as Wish } from './queries.ts';

const spans = [7, 30, 90, 365] as const;

/** Asks for a report: its format, its period, of which communities. */
export function NewReport({ onClose }: { onClose(): void }) {
  const { t, i18n } = useTranslation(['reports', 'common']);
  const { timezone } = useWorkspace();
  const queries = useQueryClient();
  const tell = useTell();
  const [value, setValue] = useState<Common>({
    format: 'pdf',
    communities: null,
    language: i18n.language as Report['language'],
    timezone,
    title: '',
  });
  const today = Temporal.Now.plainDateISO(value.timezone);
  /** null: from day to day. */
  const [days, setDays] = useState<number | null>(30);
  const [from, setFrom] = useState(today.subtract({ days: 29 }).toString());
  const [to, setTo] = useState(today.toString());
  const making = useMutation({
    mutationFn: () =>
      ask(
        api.$post({
          json: { ...asked(value), ...(days === null ? periodOf(from, to, value.timezone) : { days }) },
        }),
      ),
    onSuccess: () => {
      tell({ text: t('made') });
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['reports'] }),
  });
  const fault = faultsOf(making.error);
  const props = { value, change: (part: Partial<Common>) => setValue({ ...value, ...part }), fault };
  return (
    <Dialog open onOpenChange={onClose} title={t('new')}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          making.mutate();
        }}
      >
        <FormatField {...props} />
        <Field label={t('period')} error={fault('/days')}>
          <Select
            value={days ?? 'between'}
            onChange={(event) =>
              setDays(event.target.value === 'between' ? null : Number(event.target.value))
            }
          >
            {spans.map((span) => (
              <option key={span} value={span}>
                {t('last_days', { count: span })}
              </option>
            ))}
            <option value="between">{t('between')}</option>
          </Select>
        </Field>
        {days === null && (
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('from')} error={fault('/from')}>
              <Input
                type="date"
                required
                max={to}
                value={from}
                onChange={(event) => setFrom(event.target.value)}
              />
            </Field>
            <Field label={t('to')} error={fault('/to')}>
              <Input
                type="date"
                required
                min={from}
                max={today.toString()}
                value={to}
                onChange={(event) => setTo(event.target.value)}
              />
            </Field>
          </div>
        )}
        <CommunitiesField {...props} />
        <LanguageAndZone {...props} />
        <TitleField {...props} />
        <FieldError error={fault('')} />
        <Button
          type="submit"
          look="primary"
          busy={making.isPending}
          disabled={value.communities?.length === 0}
        >
          {t('make')}
        </Button>
      </form>
    </Dialog>
  );
}

/** What a request says of the fields that a report and a schedule share. */
export function asked(value: Common) {
  return {
    format: value.format,
    community_ids: [...(value.communities ?? [])],
    language: value.language,
    timezone: value.timezone,
    ...(value.title.trim() && { title: value.title.trim() }),
  };
}

/** Whole days on the clock of a zone, the last one included. */
function periodOf(from: string, to: string, zone: string): Pick<Wish, 'from' | 'to'> {
  const begin = (day: Temporal.PlainDate) => day.toZonedDateTime(zone).toInstant().toString();
  return {
    from: begin(Temporal.PlainDate.from(from)),
    to: begin(Temporal.PlainDate.from(to).add({ days: 1 })),
  };
}

const shown = /^\/(format|days|from|to|community_ids(\/\d+)?|language|timezone|title|every)$/;

/** Finds what a refusal says of a path; of the empty one, what belongs to no field here. */
export function faultsOf(error: Error | null): (path: string) => string | undefined {
  const errors = error instanceof ApiError ? error.errors : [];
  return (path) => {
    if (path !== '') return errors.find((one) => one.path === path)?.message;
    return errors.some((one) => shown.test(one.path)) ? undefined : error?.message;
  };
}
