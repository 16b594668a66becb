import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Pencil, Plus, Trash2 } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, send } from '../api.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Field, FieldError, Select } from '../parts/field.tsx';
import { Failed, Loading, Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { type Common, CommunitiesField, FormatField, LanguageAndZone, TitleField } from './fields.tsx';
import { asked, faultsOf } from './new-report.tsx';
import { type NewSchedule, type Report, type Schedule, scheduleApi, useSchedules } from './queries.ts';
import { FormatIcon, useWhose } from './row.tsx';

/** Reports that are made by themselves. */
export function Schedules() {
  const { t } = useTranslation(['reports', 'common']);
  const schedules = useSchedules();
  /** null: a new one. */
  const [open, setOpen] = useState<Schedule | null | undefined>();
  return (
    <Panel
      title={t('schedules')}
      actions={
        <Button small icon={Plus} onClick={() => setOpen(null)}>
          {t('schedule_new')}
        </Button>
      }
    >
      {schedules.isPending && <Loading rows={1} />}
      {schedules.error && <Failed error={schedules.error} again={() => schedules.refetch()} />}
      {schedules.data?.data.length === 0 && <p className="text-ink-soft">{t('schedules_none')}</p>}
      <ul className="flex flex-col">
        {schedules.data?.data.map((schedule) => (
          <li key={schedule.id} className="border-b border-line py-3 last:border-0 last:pb-0">
            <ScheduleRow schedule={schedule} edit={() => setOpen(schedule)} />
          </li>
        ))}
      </ul>
      {open !== undefined && <ScheduleForm schedule={open} onClose={() => setOpen(undefined)} />}
    </Panel>
  );
}

function ScheduleRow({ schedule, edit }: { schedule: Schedule; edit(): void }) {
  const { t } = useTranslation(['reports', 'common']);
  const formats = useFormats();
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const whose = useWhose(schedule.community_ids);
  const settled = () => queries.invalidateQueries({ queryKey: ['reports'] });
  const bringBack = useMutation({
    mutationFn: () => {
      const { id: _id, next_at: _next, created_at: _created, ...json } = schedule;
      return ask(scheduleApi.$post({ json }));
    },
    onError: tellError,
    onSettled: settled,
  });
  const ending = useMutation({
    mutationFn: () => send(scheduleApi[':id'].$delete({ param: { id: schedule.id } })),
    onSuccess: () => tell({ text: t('schedule_ended'), undo: () => bringBack.mutate() }),
    onError: tellError,
    onSettled: settled,
  });
  const next = formats.moment(schedule.next_at, schedule.timezone);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <FormatIcon format={schedule.format} />
      <div className="min-w-0 grow basis-48">
        <p className="truncate font-medium">{schedule.title}</p>
        <p className="text-[13px] text-ink-soft tabular-nums">
          {[
            t(`every_${schedule.every}`),
            t('schedule_next', { at: next, zone: schedule.timezone }),
            whose,
            schedule.format.toUpperCase(),
          ].join(' · ')}
        </p>
      </div>
      <div className="ml-auto flex items-center gap-1">
        <IconButton small icon={Pencil} label={t('edit_named', { title: schedule.title })} onClick={edit} />
        <IconButton
          small
          icon={Trash2}
          label={t('end_named', { title: schedule.title })}
          busy={ending.isPending}
          onClick={() => ending.mutate()}
        />
      </div>
    </div>
  );
}

function ScheduleForm({ schedule, onClose }: { schedule: Schedule | null; onClose(): void }) {
  const { t, i18n } = useTranslation(['reports', 'common']);
  const { timezone } = useWorkspace();
  const queries = useQueryClient();
  const tell = useTell();
  const [every, setEvery] = useState<NewSchedule['every']>(schedule?.every ?? 'week');
  const [value, setValue] = useState<Common>({
    format: schedule?.format ?? 'pdf',
    communities: schedule?.community_ids.length ? schedule.community_ids : null,
    language: schedule?.language ?? (i18n.language as Report['language']),
    timezone: schedule?.timezone ?? timezone,
    title: schedule?.title ?? '',
  });
  const saving = useMutation({
    mutationFn: () => {
      const json = { every, ...asked(value) };
      return schedule
        ? ask(scheduleApi[':id'].$patch({ param: { id: schedule.id }, json }))
        : ask(scheduleApi.$post({ json }));
    },
    onSuccess: () => {
      tell({ text: t(schedule ? 'schedule_saved' : 'schedule_made') });
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['reports'] }),
  });
  const fault = faultsOf(saving.error);
  const props = { value, change: (part: Partial<Common>) => setValue({ ...value, ...part }), fault };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t(schedule ? 'schedule_edit' : 'schedule_new')}
      lead={t('schedule_lead')}
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          saving.mutate();
        }}
      >
        <Field label={t('every')} error={fault('/every')}>
          <Select value={every} onChange={(event) => setEvery(event.target.value as typeof every)}>
            <option value="week">{t('every_week')}</option>
            <option value="month">{t('every_month')}</option>
          </Select>
        </Field>
        <FormatField {...props} />
        <CommunitiesField {...props} />
        <LanguageAndZone {...props} />
        <TitleField {...props} />
        <FieldError error={fault('')} />
        <Button
          type="submit"
          look="primary"
          busy={saving.isPending}
          disabled={value.communities?.length === 0}
        >
          {t('common:action.save')}
        </Button>
      </form>
    </Dialog>
  );
}
