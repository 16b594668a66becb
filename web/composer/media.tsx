import { useQueryClient } from '@tanstack/react-query';
import { ArrowLeft, ArrowRight, Crop, ImagePlus, Images, Trash2, Type } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field, Textarea } from '../parts/field.tsx';
import { dialogPart } from '../parts/part.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { putBack } from './content.ts';
import { Face } from './face.tsx';
import { type FilePlace, filesMost, type Uploads } from './media-queries.ts';
import { moved, Order, Orderable } from './order.tsx';
import type { Medium } from './send-file.ts';
import { UploadRow } from './upload-row.tsx';

const CropDialog = dialogPart(async () => (await import('./crop.tsx')).CropDialog);
const Library = dialogPart(async () => (await import('./library.tsx')).Library);

interface Props {
  ids: readonly string[];
  media: ReadonlyMap<string, Medium>;
  uploads: Uploads;
  place: FilePlace;
  change(update: (ids: string[]) => string[]): void;
  /** Which of them something is wrong with. */
  faulty?: ReadonlySet<number>;
}

/** Files of one message: added, put in order, described, cropped. */
export function MediaField({ ids, media, uploads, place, change, faulty }: Props) {
  const { t } = useTranslation('composer');
  const tell = useTell();
  const picker = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState<{ id: string; as: 'alt' | 'crop' } | null>(null);
  const [choosing, setChoosing] = useState(false);
  const waiting = uploads.at(place);
  const opened = open && media.get(open.id);
  const room = filesMost - ids.length - waiting.length;
  const remove = (id: string) => {
    const index = ids.indexOf(id);
    change((all) => all.filter((one) => one !== id));
    tell({ text: t('media.removed'), undo: () => change((all) => putBack(all, id, index)) });
  };
  return (
    <div className="flex flex-col gap-3">
      {ids.length > 0 && (
        <Order ids={ids} onChange={(next) => change(() => next)}>
          <ul className="grid grid-cols-2 gap-2 sm:grid-cols-4" aria-label={t('media.label')}>
            {ids.map((id, index) => {
              const medium = media.get(id);
              const name = t('media.nth', { n: index + 1, name: medium?.name ?? '' });
              return (
                <Orderable
                  key={id}
                  id={id}
                  index={index}
                  label={t('media.drag', { name })}
                  className={cx(
                    'overflow-hidden rounded-lg border bg-sunken',
                    faulty?.has(index) ? 'border-2 border-bad' : 'border-line',
                  )}
                >
                  <Face medium={medium} />
                  <div className="flex items-center justify-end bg-panel">
                    <IconButton
                      small
                      icon={ArrowLeft}
                      label={t('media.earlier', { name })}
                      disabled={index === 0}
                      onClick={() => change((all) => moved(all, index, index - 1))}
                      className="mr-auto w-7"
                    />
                    {medium?.kind === 'image' && (
                      <IconButton
                        small
                        icon={Crop}
                        label={t('media.crop', { name })}
                        onClick={() => setOpen({ id, as: 'crop' })}
                        className="w-7"
                      />
                    )}
                    <IconButton
                      small
                      icon={Type}
                      label={t(medium?.alt ? 'media.alt_change' : 'media.alt_add', { name })}
                      onClick={() => setOpen({ id, as: 'alt' })}
                      className={cx('w-7', medium?.alt && 'text-good')}
                    />
                    <IconButton
                      small
                      icon={Trash2}
                      label={t('media.remove', { name })}
                      onClick={() => remove(id)}
                      className="w-7"
                    />
                    <IconButton
                      small
                      icon={ArrowRight}
                      label={t('media.later', { name })}
                      disabled={index === ids.length - 1}
                      onClick={() => change((all) => moved(all, index, index + 1))}
                      className="ml-auto w-7"
                    />
                  </div>
                </Orderable>
              );
            })}
          </ul>
        </Order>
      )}
      <ul className={cx('flex flex-col gap-2', waiting.length === 0 && 'hidden')} aria-live="polite">
        {waiting.map((upload) => (
          <UploadRow
            key={upload.id}
            upload={upload}
            onCancel={() => uploads.cancel(upload.id)}
            onRetry={() => uploads.retry(upload.id)}
          />
        ))}
      </ul>
      <div className="flex flex-wrap items-center gap-2">
        <input
          ref={picker}
          type="file"
          multiple
          aria-label={t('media.choose')}
          tabIndex={-1}
          className="sr-only"
          onChange={({ target }) => {
            uploads.add([...(target.files ?? [])], place);
            target.value = '';
          }}
        />
        <Button small icon={ImagePlus} disabled={room <= 0} onClick={() => picker.current?.click()}>
          {t('media.add')}
        </Button>
        <Button small look="quiet" icon={Images} disabled={room <= 0} onClick={() => setChoosing(true)}>
          {t('media.from_library')}
        </Button>
        <span className="text-[13px] text-ink-soft max-md:hidden">{t('media.hint')}</span>
      </div>
      {opened && open.as === 'alt' && <AltDialog medium={opened} onClose={() => setOpen(null)} />}
      {opened && open.as === 'crop' && (
        <CropDialog
          medium={opened}
          onClose={() => setOpen(null)}
          onCropped={(file) => uploads.add([file], place, { replaces: opened.id, alt: opened.alt })}
        />
      )}
      {choosing && (
        <Library
          taken={ids}
          most={room}
          onClose={() => setChoosing(false)}
          onChosen={(chosen) => change((all) => [...all, ...chosen])}
        />
      )}
    </div>
  );
}

function AltDialog({ medium, onClose }: { medium: Medium; onClose: () => void }) {
  const { t } = useTranslation(['composer', 'common']);
  const queries = useQueryClient();
  const tellError = useTellError();
  const [alt, setAlt] = useState(medium.alt ?? '');
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const json = { alt: alt.trim() || null };
      const fresh = await ask(client.v1.media[':id'].$patch({ param: { id: medium.id }, json }));
      queries.setQueryData(['media', medium.id], fresh);
      onClose();
    } catch (error) {
      tellError(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('media.alt_title')}
      lead={t('media.alt_lead')}
    >
      <div className="flex flex-col gap-4">
        <Face medium={medium} className="aspect-auto max-h-64 rounded-lg bg-sunken object-contain" />
        <Field label={t('media.alt')}>
          <Textarea value={alt} maxLength={1_000} onChange={({ target }) => setAlt(target.value)} />
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('common:action.cancel')}</Button>
          <Button look="primary" busy={busy} onClick={save}>
            {t('common:action.save')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
