import { CircleAlert, RotateCw, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api.ts';
import { IconButton } from '../parts/button.tsx';
import { useFormats } from '../parts/time.ts';
import type { Medium } from './send-file.ts';
import type { Upload } from './uploads.ts';

interface Props {
  upload: Upload<Medium>;
  onCancel(): void;
  onRetry(): void;
}

/** A file on its way: how far it is, or why it did not arrive. */
export function UploadRow({ upload, onCancel, onRetry }: Props) {
  const { t } = useTranslation(['composer', 'common']);
  const formats = useFormats();
  const { file, state, progress, error } = upload;
  const percent = Math.round((progress ?? 0) * 100);
  return (
    <li className="flex items-center gap-3 rounded-lg border border-line bg-ground px-3 py-2">
      <span className="min-w-0 grow">
        <span className="flex items-baseline gap-2">
          <span className="truncate font-medium">{file.name}</span>
          <span className="shrink-0 text-[13px] text-ink-soft tabular-nums">{formats.bytes(file.size)}</span>
        </span>
        {state === 'failed' ? (
          <span className="flex items-start gap-1.5 text-[13px] text-bad">
            <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
            {error instanceof ApiError && error.status !== 0 ? error.message : t('common:error.offline')}
          </span>
        ) : (
          <span className="mt-1 flex items-center gap-2">
            <progress
              aria-label={t('media.progress', { name: file.name })}
              value={percent}
              max={100}
              className="h-1.5 grow appearance-none overflow-hidden rounded-full bg-sunken [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-sunken [&::-webkit-progress-value]:bg-accent"
            />
            <span className="w-20 text-right text-[13px] text-ink-soft tabular-nums">
              {/* The whole file is there, and it is being looked at. */}
              {percent === 100 ? t('media.checking') : `${percent} %`}
            </span>
          </span>
        )}
      </span>
      {state === 'failed' && (
        <IconButton small icon={RotateCw} label={t('media.retry', { name: file.name })} onClick={onRetry} />
      )}
      <IconButton small icon={X} label={t('media.cancel', { name: file.name })} onClick={onCancel} />
    </li>
  );
}
