import { ImagePlus } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

/**
 * Files that are dropped or pasted anywhere on the page; what the text took is gone already. Answers whether some are
 * being dragged over it.
 */
export function useFiles(take: (files: File[]) => void): boolean {
  const [dragging, setDragging] = useState(false);
  const now = useRef(take);
  now.current = take;
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setDragging(true);
    };
    const away = (event: DragEvent) => {
      // Not from one element of the page to another.
      if (event.relatedTarget === null) setDragging(false);
    };
    const got = (event: Event, data: DataTransfer | null) => {
      const files = [...(data?.files ?? [])];
      if (event.defaultPrevented || files.length === 0) return;
      event.preventDefault();
      now.current(files);
    };
    const drop = (event: DragEvent) => got(event, event.dataTransfer);
    const paste = (event: ClipboardEvent) => got(event, event.clipboardData);
    const settled = () => setDragging(false);
    addEventListener('dragover', over);
    addEventListener('dragleave', away);
    // The text stops the event that it takes.
    addEventListener('drop', settled, { capture: true });
    addEventListener('drop', drop);
    addEventListener('paste', paste);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', away);
      removeEventListener('drop', settled, { capture: true });
      removeEventListener('drop', drop);
      removeEventListener('paste', paste);
    };
  }, []);
  return dragging;
}

/** Over the page, while files are dragged over it. */
export function DropSign() {
  const { t } = useTranslation('composer');
  return (
    <div className="pointer-events-none fixed inset-3 z-30 flex items-end justify-center rounded-2xl border-2 border-dashed border-accent pb-24">
      <p className="flex items-center gap-2 rounded-xl bg-accent px-4 py-3 font-medium text-accent-ink shadow-lg">
        <ImagePlus className="size-5" aria-hidden />
        {t('media.drop')}
      </p>
    </div>
  );
}
