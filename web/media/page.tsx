import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Image, Trash2, Type, Upload } from 'lucide-react';
import { type DragEvent, type FormEvent, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'wouter';
import { ask, client, send } from '../api.ts';
import { Face } from '../composer/face.tsx';
import { useStay } from '../composer/keys.ts';
import { type Medium, sendFile } from '../composer/send-file.ts';
import { UploadRow } from '../composer/upload-row.tsx';
import { UploadQueue } from '../composer/uploads.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog, useConfirm } from '../parts/dialog.tsx';
import { Field, FieldError, Textarea } from '../parts/field.tsx';
import { Empty, Failed, Page, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { UsedIn } from './used-in.tsx';

const grid = 'grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5';

/** Every file of the workspace: look, describe, delete, bring more. */
export default function MediaPage() {
  const { t } = useTranslation(['media', 'common']);
  const [opened, setOpen] = useState<Medium | null>(null);
  // One that was searched for, and may stand far down.
  const [search, setSearch] = useSearchParams();
  const sought = search.get('file');
  const found = useQuery({
    queryKey: ['media', 'one', sought],
    queryFn: () => ask(client.v1.media[':id'].$get({ param: { id: sought ?? '' } })),
    enabled: sought !== null,
  });
  const open = opened ?? (sought === null ? null : (found.data ?? null));
  const close = () => {
    setOpen(null);
    if (sought !== null) setSearch({}, { replace: true });
  };
  const [over, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const { sending, queue } = useSending();
  const add = (files: FileList | null) => queue.add([...(files ?? [])], 'library');
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
    add(event.dataTransfer.files);
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
          add(event.target.files);
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
          <ul className="flex flex-col gap-2" aria-live="polite">
            {sending.map((upload) => (
              <UploadRow
                key={upload.id}
                upload={upload}
                onCancel={() => queue.cancel(upload.id)}
                onRetry={() => queue.retry(upload.id)}
              />
            ))}
          </ul>
        )}
        {media.isPending && (
          <ul className={grid} aria-hidden>
            {Array.from({ length: 10 }, (_, index) => (
              <li key={index}>
                <Skeleton className="aspect-[5/6]" />
              </li>
            ))}
          </ul>
        )}
        {media.error && <Failed error={media.error} again={() => media.refetch()} />}
        {media.data && all.length === 0 && sending.length === 0 && (
          <Empty icon={Image} title={t('none')} text={t('none_text')} />
        )}
        <ul className={grid}>
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
      {open && <Details medium={open} onClose={close} />}
    </Page>
  );
}

/** Files on their way; what was refused stays in the list with its reason until it is given up. */
function useSending() {
  const queries = useQueryClient();
  const [queue] = useState(
    () =>
      new UploadQueue<Medium>(sendFile, () => {
        queries.invalidateQueries({ queryKey: ['media', 'list'] });
        queries.invalidateQueries({ queryKey: ['media', 'library'] });
      }),
  );
  const sending = useSyncExternalStore(queue.subscribe, queue.all);
  useStay(sending.some(({ state }) => state !== 'failed'));
  return { sending, queue };
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
        <Face medium={medium} className="aspect-square size-full" />
      </span>
      <span className="flex w-full items-center gap-2 px-2.5 py-2 text-[13px]">
        <span className="mr-auto truncate">{medium.name ?? t(`kind.${medium.kind}`)}</span>
        {medium.alt && <Type className="size-4 shrink-0 text-good" aria-label={t('has_alt')} />}
      </span>
    </button>
  );
}

function Details({ medium, onClose }: { medium: Medium; onClose(): void }) {
  const { t } = useTranslation(['media', 'common']);
  const formats = useFormats();
  const { timezone } = useWorkspace();
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const confirm = useConfirm();
  const [alt, setAlt] = useState(medium.alt ?? '');
  const param = { id: medium.id };
  const settled = () => queries.invalidateQueries({ queryKey: ['media'] });
  const describe = (words: string | null) =>
    ask(client.v1.media[':id'].$patch({ param, json: { alt: words?.trim() || null } }));
  const describing = useMutation({
    mutationFn: describe,
    onSuccess: () => {
      tell({ text: t('described'), undo: () => describe(medium.alt).then(settled, tellError) });
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
    formats.bytes(medium.size),
    formats.date(medium.created_at, timezone),
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
          describing.mutate(alt);
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
        <UsedIn id={medium.id} />
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
