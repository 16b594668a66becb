import { X } from 'lucide-react';
import { AlertDialog, Dialog as Radix } from 'radix-ui';
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from './button.tsx';
import { cx } from './class.ts';

const shade = 'fixed inset-0 z-40 bg-shade';
const box =
  'fixed z-50 bg-panel text-ink shadow-xl inset-x-0 bottom-0 max-h-[92dvh] overflow-y-auto rounded-t-2xl p-5 ' +
  'sm:inset-auto sm:top-1/2 sm:left-1/2 sm:w-[min(92vw,34rem)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-2xl';

interface DialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  title: string;
  lead?: ReactNode;
  wide?: boolean;
  /** A press beside it does not close it: what it shows is not to be had again. */
  insists?: boolean;
  children: ReactNode;
}

export function Dialog({ open, onOpenChange, title, lead, wide, insists, children }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={shade} />
        <Radix.Content
          className={cx(box, wide && 'sm:w-[min(94vw,56rem)]')}
          {...(!lead && { 'aria-describedby': undefined })}
          {...(insists && { onInteractOutside: (event: Event) => event.preventDefault() })}
        >
          <header className="mb-4 flex items-start gap-3">
            <div className="mr-auto">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {lead && <Radix.Description className="mt-1 text-ink-soft">{lead}</Radix.Description>}
            </div>
            <Radix.Close asChild>
              <IconButton small icon={X} label={t('action.close')} />
            </Radix.Close>
          </header>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface Question {
  title: string;
  text?: ReactNode;
  /** What the button that does it says. */
  confirm: string;
  danger?: boolean;
}
type Ask = (question: Question) => Promise<boolean>;
const Asking = createContext<Ask>(() => Promise.resolve(false));

/** Asks before what cannot be undone: `if (await confirm({…})) …`. */
export function useConfirm(): Ask {
  return useContext(Asking);
}

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [question, setQuestion] = useState<Question | null>(null);
  const [open, setOpen] = useState(false);
  const answer = useRef<(yes: boolean) => void>(() => {});
  const ask = useCallback<Ask>((asked) => {
    setQuestion(asked);
    setOpen(true);
    return new Promise((resolve) => {
      answer.current = resolve;
    });
  }, []);
  const settle = (yes: boolean) => {
    answer.current(yes);
    setOpen(false);
  };
  return (
    <Asking value={ask}>
      {children}
      <AlertDialog.Root open={open} onOpenChange={(next) => !next && settle(false)}>
        <AlertDialog.Portal>
          <AlertDialog.Overlay className={shade} />
          <AlertDialog.Content className={box} {...(!question?.text && { 'aria-describedby': undefined })}>
            <AlertDialog.Title className="text-lg font-semibold">{question?.title}</AlertDialog.Title>
            {question?.text && (
              <AlertDialog.Description className="mt-2 text-ink-soft">
                {question.text}
              </AlertDialog.Description>
            )}
            <div className="mt-5 flex justify-end gap-2">
              <AlertDialog.Cancel asChild>
                <Button>{t('action.cancel')}</Button>
              </AlertDialog.Cancel>
              <Button look={question?.danger ? 'danger' : 'primary'} onClick={() => settle(true)}>
                {question?.confirm}
              </Button>
            </div>
          </AlertDialog.Content>
        </AlertDialog.Portal>
      </AlertDialog.Root>
    </Asking>
  );
}
