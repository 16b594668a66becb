import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { Input, Select } from '../parts/field.tsx';
import { Failed, Loading } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
type Weekday = (typeof weekdays)[number];
interface Slot {
  weekday: Weekday;
  time: string;
}

/** The weekly times at which a community publishes; «next free slot» takes them in turn. */
export function SlotsEditor({ id }: { id: string }) {
  const { t } = useTranslation(['communities', 'common']);
  const formats = useFormats();
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const [day, setDay] = useState<Weekday | 'every'>('every');
  const [time, setTime] = useState('10:00');
  const queryKey = ['communities', id, 'slots'];
  const slots = useQuery({
    queryKey,
    queryFn: () => ask(client.v1.communities[':id'].slots.$get({ param: { id }, query: {} })),
  });
  const put = (weekly: Slot[]) =>
    ask(client.v1.communities[':id'].slots.$put({ param: { id }, json: { weekly } }));
  const setting = useMutation({
    mutationFn: put,
    onSuccess: () => {
      const before = slots.data?.weekly ?? [];
      tell({
        text: t('slots_saved'),
        undo: () => put(before).then(() => queries.invalidateQueries({ queryKey }), tellError),
      });
    },
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
  if (slots.error) return <Failed error={slots.error} again={() => slots.refetch()} />;
  if (!slots.data) return <Loading rows={3} />;
  const { weekly, next, timezone } = slots.data;
  const add = (event: FormEvent) => {
    event.preventDefault();
    const days = day === 'every' ? weekdays : [day];
    const fresh = days.filter((one) => !weekly.some((slot) => slot.weekday === one && slot.time === time));
    if (fresh.length > 0) setting.mutate([...weekly, ...fresh.map((weekday) => ({ weekday, time }))]);
  };
  return (
    <div className="flex flex-col gap-4">
      <p className="text-ink-soft">{t('slots_lead', { zone: timezone })}</p>
      <ul className="flex flex-col">
        {weekdays.map((weekday) => (
          <li
            key={weekday}
            className="flex min-h-10 items-center gap-3 border-b border-line py-1.5 last:border-0"
          >
            <span className="w-10 shrink-0 font-medium">{t(`common:weekday.${weekday}`)}</span>
            <ul className="flex flex-wrap gap-1.5">
              {weekly
                .filter((slot) => slot.weekday === weekday)
                .map((slot) => (
                  <li
                    key={slot.time}
                    className="inline-flex items-center rounded-full bg-sunken pl-2.5 text-[13px] tabular-nums"
                  >
                    {slot.time}
                    <IconButton
                      small
                      icon={X}
                      className="size-7 rounded-full"
                      label={t('slot_remove', { day: t(`common:weekday.${weekday}`), time: slot.time })}
                      onClick={() => setting.mutate(weekly.filter((one) => one !== slot))}
                    />
                  </li>
                ))}
            </ul>
          </li>
        ))}
      </ul>
      <form onSubmit={add} className="flex flex-wrap items-end gap-2">
        <Select
          aria-label={t('slot_day')}
          value={day}
          onChange={(event) => setDay(event.target.value as Weekday | 'every')}
          className="w-auto"
        >
          <option value="every">{t('every_day')}</option>
          {weekdays.map((one) => (
            <option key={one} value={one}>
              {t(`common:weekday.${one}`)}
            </option>
          ))}
        </Select>
        <Input
          type="time"
          required
          aria-label={t('slot_time')}
          value={time}
          onChange={(event) => setTime(event.target.value)}
          className="w-auto"
        />
        <Button type="submit" icon={Plus} busy={setting.isPending}>
          {t('slot_add')}
        </Button>
      </form>
      {next.length > 0 && (
        <p className="text-[13px] text-ink-soft">
          {t('slots_next')} {next.map(({ at }) => formats.moment(at, timezone)).join(' · ')}
        </p>
      )}
    </div>
  );
}
