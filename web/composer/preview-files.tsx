import { FileText, Music } from 'lucide-react';
import { type CSSProperties, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { useFormats } from '../parts/time.ts';
import { albumOf, type Tile } from './album.ts';
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
  const album = shown.length > 1 ? albumOf(shown.map(ratioOf)) : null;
  return (
    <>
      {shown.length > 0 && (
        <div className="relative">
          <ul
            className={cx('relative', hidden && 'blur-lg')}
            style={album ? { aspectRatio: album.ratio } : undefined}
          >
            {shown.map((medium, index) => (
              <li
                key={medium.id}
                className={cx(album && 'absolute overflow-hidden border border-panel')}
                style={album ? boxOf(album.tiles[index]) : undefined}
              >
                <Shown medium={medium} alone={!album} />
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
                  <span className="block text-xs text-ink-soft tabular-nums">{formats.bytes(size)}</span>
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}

const ratioOf = ({ width, height }: Medium) => (width && height ? width / height : 1);

function boxOf(tile: Tile | undefined): CSSProperties {
  const { left, top, width, height } = tile ?? { left: 0, top: 0, width: 0, height: 0 };
  return { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` };
}

function Shown({ medium, alone }: { medium: Medium; alone: boolean }) {
  const { kind, mime, url, alt } = medium;
  const look = cx('w-full object-cover', alone ? 'max-h-96' : 'h-full');
  if (kind === 'image' || mime === 'image/gif') {
    return <img src={url} alt={alt ?? ''} className={look} draggable={false} />;
  }
  // biome-ignore lint/a11y/useMediaCaption: a file as its owner made it
  return <video src={url} controls preload="metadata" aria-label={alt ?? undefined} className={look} />;
}
