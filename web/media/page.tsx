import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Image, Trash2, Upload } from 'lucide-react';
import { type DragEvent, type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client, send } from '../api.ts';
import { type Medium, sendFile } from '../composer/send-file.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog, useConfirm } from '../parts/dialog.tsx';
import { Field, FieldError, Textarea } from '../parts/field.tsx';
import { Empty, Failed, Loading, Page } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';

interface Sending {
  id: number;
  name: string;
  share: number;
  error?: string;
}

/** Every file of the workspace: look, describe, delete, bring more. */
export default function MediaPage() {
  const { t } = useTranslation(['media', 'common']);
  const [open, setOpen] = useState<Medium | null>(null);
  const [over, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const { sending, add } = useSending();
  const media = useInfiniteQuery({
    queryKey: ['media', 'list'],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      ask(client.v1.media.$get({ query: { limit: '48', ...(pageParam && { cursor: pageParam }) } })),
    getNextPageParam: (last) => last.next_cursor,
  });
  const all = media.data?.pages.flatMap(({ data }) => data) ?? [];
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add([...event.dataTransfer.files]);
  };
  const choose = (
    <Button look="primary" icon={Upload} onClick={() => chooser.current?.click()}>
      {t('upload')}
    </Button>
  );
  return (
    <Page title={t('common:nav.media')} lead={t('lead')} actions={choose}>
      <input
        ref={chooser}
        type="file"
        multiple
        aria-label={t('upload')}
        className="sr-only"
        tabIndex={-1}
        onChange={(event) => {
          add([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a second way to what the button does */}
      <div
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={cx(
          'flex min-h-60 flex-col gap-4 rounded-xl',
          over && 'outline-2 outline-accent outline-dashed',
        )}
      >
        {sending.length > 0 && (
          <ul className="flex flex-col gap-2">
            {sending.map(({ id, name, share, error }) => (
              <li key={id} className="rounded-lg border border-line bg-panel p-3">
                <p className="flex justify-between gap-3">
                  <span className="truncate">{name}</span>
                  <span className="text-ink-soft tabular-nums">{Math.round(share * 100)} %</span>
                </p>
                {error ? (
                  <FieldError error={error} />
                ) : (
                  <progress aria-label={name} value={share} className="mt-1 h-1.5 w-full accent-accent" />
                )}
              </li>
            ))}
          </ul>
        )}
        {media.isPending && <Loading rows={3} />}
        {media.error && <Failed error={media.error} again={() => media.refetch()} />}
        {media.data && all.length === 0 && sending.length === 0 && (
          <Empty icon={Image} title={t('none')} text={t('none_text')} />
        )}
        <ul className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5">
          {all.map((medium) => (
            <li key={medium.id}>
              <Tile medium={medium} open={() => setOpen(medium)} />
            </li>
          ))}
        </ul>
        {media.hasNextPage && (
          <Button
            className="self-center"
            busy={media.isFetchingNextPage}
            onClick={() => media.fetchNextPage()}
          >
            {t('common:action.load_more')}
          </Button>
        )}
      </div>
      {open && <Details medium={open} onClose={() => setOpen(null)} />}
    </Page>
  );
}

/** Files on their way, one after the other; what was refused stays in the list with its reason. */
function useSending() {
  const queries = useQueryClient();
  const { t } = useTranslation(['media', 'common']);
  const [sending, setSending] = useState<readonly Sending[]>([]);
  const change = (id: number, to: Partial<Sending> | null) =>
    setSending((all) => all.flatMap((one) => (one.id !== id ? [one] : to ? [{ ...one, ...to }] : [])));
  const add = async (files: readonly File[]) => {
    const rows = files.map((file, index) => ({
      id: performance.now() + index / 1_000,
      name: file.name,
      share: 0,
    }));
    setSending((all) => [...all.filter(({ error }) => !error), ...rows]);
    for (const [index, file] of files.entries()) {
      const id = rows[index]?.id ?? 0;
      try {
        await sendFile({ file, alt: null }, (share) => change(id, { share }), new AbortController().signal);
        change(id, null);
        await queries.invalidateQueries({ queryKey: ['media', 'list'] });
      } catch (error) {
        change(id, { error: error instanceof Error ? error.message : t('common:error.internal') });
      }
    }
  };
  return { sending, add };
}

function Tile({ medium, open }: { medium: Medium; open(): void }) {
  const { t } = useTranslation(['media', 'common']);
  return (
    <button
      type="button"
      onClick={open}
      className="group flex w-full flex-col overflow-hidden rounded-xl border border-line bg-panel text-left hover:border-line-strong"
    >
      <span className="flex aspect-square w-full items-center justify-center overflow-hidden bg-sunken">
        {medium.kind === 'image' ? (
          <img src={medium.url} alt="" loading="lazy" className="size-full object-cover" />
        ) : (
          <span className="p-3 text-center text-xs break-all text-ink-soft">{medium.mime}</span>
        )}
      </span>
      <span className="truncate px-2.5 py-2 text-[13px]">{medium.name ?? t(`kind.${medium.kind}`)}</span>
    </button>
  );
}

function Details({ medium, onClose }: { medium: Medium; onClose(): void }) {
  const { t } = useTranslation(['media', 'common']);
  const formats = useFormats();
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const confirm = useConfirm();
  const [alt, setAlt] = useState(medium.alt ?? '');
  const param = { id: medium.id };
  const settled = () => queries.invalidateQueries({ queryKey: ['media'] });
  const describing = useMutation({
    mutationFn: () => ask(client.v1.media[':id'].$patch({ param, json: { alt } })),
    onSuccess: () => {
      tell({ text: t('described') });
      onClose();
    },
    onSettled: settled,
  });
  const removing = useMutation({
    mutationFn: () => send(client.v1.media[':id'].$delete({ param })),
    onSuccess: () => {
      tell({ text: t('deleted') });
      onClose();
    },
    onError: tellError,
    onSettled: settled,
  });
  const remove = async () => {
    const yes = await confirm({
      title: t('ask_delete'),
      text: t('ask_delete_text'),
      confirm: t('common:action.delete'),
      danger: true,
    });
    if (yes) removing.mutate();
  };
  const facts = [
    t(`kind.${medium.kind}`),
    medium.width && medium.height ? `${medium.width} × ${medium.height}` : null,
    medium.duration ? t('seconds', { count: Math.round(medium.duration) }) : null,
    `${formats.number(medium.size / 1_000_000, { maximumFractionDigits: 2 })} MB`,
    formats.date(medium.created_at),
  ];
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={medium.name ?? t(`kind.${medium.kind}`)}
      lead={facts.filter(Boolean).join(' · ')}
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          describing.mutate();
        }}
      >
        {medium.kind === 'image' && (
          <img
            src={medium.url}
            alt={medium.alt ?? ''}
            className="max-h-72 w-full rounded-lg object-contain"
          />
        )}
        {(medium.kind === 'video' || medium.kind === 'animation') && (
          // biome-ignore lint/a11y/useMediaCaption: people upload what they have
          <video src={medium.url} controls className="max-h-72 w-full rounded-lg" />
        )}
        <Field label={t('alt')} hint={t('alt_hint')}>
          <Textarea maxLength={1_000} value={alt} onChange={(event) => setAlt(event.target.value)} />
        </Field>
        <FieldError error={describing.error?.message} />
        <div className="flex justify-between gap-2">
          <Button icon={Trash2} busy={removing.isPending} onClick={remove}>
            {t('common:action.delete')}
          </Button>
          <Button
            type="submit"
            look="primary"
            busy={describing.isPending}
            disabled={alt === (medium.alt ?? '')}
          >
            {t('common:action.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
