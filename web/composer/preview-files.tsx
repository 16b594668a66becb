import { FileText, Music } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { useFormats } from '../parts/time.ts';
import type { Medium } from './send-file.ts';

interface Props {
  media: readonly Medium[];
  /** Covered until they are tapped. */
  covered?: boolean;
}

const isShown = ({ kind }: Medium) => kind === 'image' || kind === 'video' || kind === 'animation';

/** Files of a message: pictures and videos as a grid, the others as a list. */
export function PreviewFiles({ media, covered = false }: Props) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const shown = media.filter(isShown);
  const others = media.filter((medium) => !isShown(medium));
  const hidden = covered && !open;
  return (
    <>
      {shown.length > 0 && (
        <div className="relative">
          <ul className={cx('grid gap-0.5', shown.length > 1 && 'grid-cols-6', hidden && 'blur-lg')}>
            {shown.map((medium, index) => (
              <li key={medium.id} className={cx(shown.length > 1 && spanOf(index, shown.length))}>
                <Shown medium={medium} alone={shown.length === 1} />
              </li>
            ))}
          </ul>
          {hidden && (
            <button
              type="button"
              aria-label={t('preview.reveal')}
              onClick={() => setOpen(true)}
              className="absolute inset-0"
            />
          )}
        </div>
      )}
      {others.length > 0 && (
        <ul className="flex flex-col gap-1 p-2">
          {others.map(({ id, kind, name, size }) => {
            const Icon = kind === 'document' ? FileText : Music;
            return (
              <li key={id} className="flex items-center gap-2.5">
                <span className="flex size-10 shrink-0 items-center justify-center rounded-full bg-info-soft text-info">
                  <Icon className="size-5" aria-hidden />
                </span>
                <span className="min-w-0">
                  <span className="block truncate font-medium">{name}</span>
                  <span className="block text-xs text-ink-soft tabular-nums">
                    {formats.number(size / 1_048_576, { maximumFractionDigits: 1 })} MB
                  </span>
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}

/** Of six columns: two of a kind side by side, the rest in threes. */
function spanOf(index: number, count: number): string {
  const wide = count % 3 === 1 ? (count === 4 ? 4 : 4) : count % 3 === 2 ? 2 : 0;
  return index < wide ? 'col-span-3' : 'col-span-2';
}

function Shown({ medium, alone }: { medium: Medium; alone: boolean }) {
  const { kind, mime, url, alt } = medium;
  const look = cx('w-full object-cover', alone ? 'max-h-96' : 'aspect-square');
  if (kind === 'image' || mime === 'image/gif') {
    return <img src={url} alt={alt ?? ''} className={look} draggable={false} />;
  }
  // biome-ignore lint/a11y/useMediaCaption: a file as its owner made it
  return <video src={url} controls preload="metadata" aria-label={alt ?? undefined} className={look} />;
}
