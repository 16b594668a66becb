import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { Toast } from 'radix-ui';
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api.ts';
import { Button, IconButton } from './button.tsx';
import { cx } from './class.ts';

interface Notice {
  text: string;
  bad?: boolean;
  /** Takes it back; shown as a button for as long as the notice stands. */
  undo?: () => void;
}
/** More would cover the page. */
const mostNotices = 3;
const Telling = createContext<(notice: Notice) => void>(() => {});

/** Tells what was done in the corner of the page: `tell({ text, undo })`. */
export function useTell(): (notice: Notice) => void {
  return useContext(Telling);
}

/** Tells why something was refused. */
export function useTellError(): (error: unknown) => void {
  const tell = useTell();
  const { t } = useTranslation();
  return useCallback(
    (error) => tell({ text: error instanceof ApiError ? error.message : t('error.internal'), bad: true }),
    [tell, t],
  );
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [notices, setNotices] = useState<(Notice & { id: number })[]>([]);
  const made = useRef(0);
  const tell = useCallback((notice: Notice) => {
    made.current += 1;
    const id = made.current;
    setNotices((all) => {
      // What can be taken back stays longest.
      const dull = all.findIndex(({ undo }) => !undo);
      return [...(all.length < mostNotices ? all : all.toSpliced(Math.max(dull, 0), 1)), { ...notice, id }];
    });
  }, []);
  const forget = (id: number) => setNotices((all) => all.filter((one) => one.id !== id));
  return (
    <Telling value={tell}>
      <Toast.Provider label={t('frame.notices')} swipeDirection="right">
        {children}
        {notices.map(({ id, text, bad, undo }) => (
          <Toast.Root
            key={id}
            duration={bad || undo ? 9_000 : 4_500}
            type={bad ? 'foreground' : 'background'}
            onOpenChange={(open) => !open && forget(id)}
            className={cx(
              'flex items-center gap-3 rounded-xl border bg-panel p-3 shadow-lg',
              bad ? 'border-bad' : 'border-line',
            )}
          >
            {bad ? (
              <CircleAlert className="size-5 shrink-0 text-bad" aria-hidden />
            ) : (
              <CircleCheck className="size-5 shrink-0 text-good" aria-hidden />
            )}
            <Toast.Description className="mr-auto">{text}</Toast.Description>
            {undo && (
              <Toast.Action asChild altText={t('action.undo')}>
                <Button small onClick={undo}>
                  {t('action.undo')}
                </Button>
              </Toast.Action>
            )}
            <Toast.Close asChild>
              <IconButton small icon={X} label={t('action.close')} />
            </Toast.Close>
          </Toast.Root>
        ))}
        <Toast.Viewport
          label={`${t('frame.notices')} ({hotkey})`}
          // Above the bar at the bottom of a phone, and above what stands at the foot of a page.
          className="fixed right-0 bottom-0 z-[60] flex w-full flex-col gap-2 p-4 max-md:bottom-14 sm:max-w-md [body:has([data-foot])_&]:bottom-16 max-md:[body:has([data-foot])_&]:bottom-32"
        />
      </Toast.Provider>
    </Telling>
  );
}
