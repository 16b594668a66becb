import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { centerCrop, makeAspectCrop, type PercentCrop, ReactCrop } from 'react-image-crop';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useTell } from '../parts/toast.tsx';
import type { Medium } from './send-file.ts';

interface Props {
  medium: Medium;
  onCropped(file: File): void;
  onClose(): void;
}

const shapes = [
  ['free', undefined],
  ['1:1', 1],
  ['4:5', 4 / 5],
  ['3:2', 3 / 2],
  ['16:9', 16 / 9],
] as const;

const everything: PercentCrop = { unit: '%', x: 0, y: 0, width: 100, height: 100 };

/** Cuts a picture; what comes out is a new file, the old one stays in the library. */
export function CropDialog({ medium, onCropped, onClose }: Props) {
  const { t } = useTranslation(['composer', 'common']);
  const tell = useTell();
  const picture = useRef<HTMLImageElement>(null);
  const [shape, setShape] = useState<(typeof shapes)[number][0]>('free');
  const [crop, setCrop] = useState<PercentCrop>({ unit: '%', x: 5, y: 5, width: 90, height: 90 });
  const aspect = shapes.find(([name]) => name === shape)?.[1];
  const choose = ([name, ratio]: (typeof shapes)[number]) => {
    setShape(name);
    const image = picture.current;
    if (!image || ratio === undefined) return;
    const { naturalWidth, naturalHeight } = image;
    const fitting = makeAspectCrop({ unit: '%', width: 100 }, ratio, naturalWidth, naturalHeight);
    setCrop(centerCrop(fitting, naturalWidth, naturalHeight));
  };
  const cut = async () => {
    const file = picture.current && (await cutOut(picture.current, crop, medium));
    if (file) onCropped(file);
    else tell({ text: t('crop.failed'), bad: true });
    onClose();
  };
  return (
    <Dialog wide open onOpenChange={(open) => !open && onClose()} title={t('crop.title')}>
      <div className="flex flex-col gap-4">
        <fieldset className="flex flex-wrap gap-1.5">
          <legend className="sr-only">{t('crop.shape')}</legend>
          {shapes.map((one) => (
            <label
              key={one[0]}
              className={cx(
                'cursor-pointer rounded-lg border border-line px-3 py-1.5 text-[13px] font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent',
                one[0] === shape ? 'bg-accent-soft text-ink' : 'text-ink-soft hover:bg-sunken',
              )}
            >
              <input
                type="radio"
                name="shape"
                className="sr-only"
                checked={one[0] === shape}
                onChange={() => choose(one)}
              />
              {one[0] === 'free' ? t('crop.free') : one[0]}
            </label>
          ))}
        </fieldset>
        <div className="flex justify-center rounded-lg bg-sunken">
          <ReactCrop
            crop={crop}
            {...(aspect !== undefined && { aspect })}
            keepSelection
            ruleOfThirds
            ariaLabels={{
              cropArea: t('crop.area'),
              nwDragHandle: t('crop.corner'),
              nDragHandle: t('crop.edge'),
              neDragHandle: t('crop.corner'),
              eDragHandle: t('crop.edge'),
              seDragHandle: t('crop.corner'),
              sDragHandle: t('crop.edge'),
              swDragHandle: t('crop.corner'),
              wDragHandle: t('crop.edge'),
            }}
            onChange={(_, percent) => setCrop(percent)}
          >
            <img ref={picture} src={medium.url} alt={medium.alt ?? ''} className="max-h-[60dvh]" />
          </ReactCrop>
        </div>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('common:action.cancel')}</Button>
          <Button look="primary" onClick={cut}>
            {t('crop.cut')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** The cut in the pixels of the picture itself; null where the browser cannot make it. */
async function cutOut(image: HTMLImageElement, crop: PercentCrop, medium: Medium): Promise<File | null> {
  const { x, y, width, height } = crop.width > 0 && crop.height > 0 ? crop : everything;
  const [wide, high] = [image.naturalWidth / 100, image.naturalHeight / 100];
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * wide));
  canvas.height = Math.max(1, Math.round(height * high));
  const area = [x * wide, y * high, width * wide, height * high] as const;
  canvas.getContext('2d')?.drawImage(image, ...area, 0, 0, canvas.width, canvas.height);
  const mime = medium.mime === 'image/png' ? 'image/png' : 'image/jpeg';
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, mime, 0.92));
  return blob && new File([blob], medium.name ?? 'picture', { type: mime });
}
