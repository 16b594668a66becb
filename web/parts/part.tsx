import { CloudOff, RotateCw } from 'lucide-react';
import { type ComponentType, type ReactNode, useLayoutEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

type Load<P> = () => Promise<ComponentType<P>>;

interface State<P> {
  component: ComponentType<P> | null;
  coming: boolean;
  /** Why it did not come; stays while it is tried again. */
  error: unknown;
  /** So many times one after the other. */
  failures: number;
}

/**
 * A part of a page that is loaded when it is first shown, or when `ready` is called. What does not come fails in its own
 * place, where it can be asked for again; the page around it stays. `waiting` stands there meanwhile.
 */
export function part<P extends object>(load: Load<P>, waiting: ReactNode = null) {
  return made(load, (state, again) =>
    state.error === null ? (
      waiting
    ) : (
      <div className="flex h-full items-center justify-center overflow-auto p-3">
        <Missing state={state} again={again} />
      </div>
    ),
  );
}

/** The same for what opens over the page. */
export function dialogPart<P extends { onClose(): void }>(load: Load<P>) {
  return made(load, (state, again, { onClose }) =>
    state.error === null ? null : <MissingDialog state={state} again={again} onClose={onClose} />,
  );
}

/** `instead`: what is drawn as long as it is not there. */
function made<P extends object>(
  load: Load<P>,
  instead: (state: State<P>, again: () => void, props: P) => ReactNode,
) {
  let state: State<P> = { component: null, coming: false, error: null, failures: 0 };
  const watchers = new Set<() => void>();
  function be(next: Partial<State<P>>): void {
    state = { ...state, ...next };
    for (const tell of watchers) tell();
  }
  const watch = (tell: () => void) => {
    watchers.add(tell);
    return () => watchers.delete(tell);
  };
  function fetchIt(): void {
    if (state.component !== null || state.coming) return;
    be({ coming: true });
    load().then(
      (component) => be({ component, coming: false, error: null }),
      (error: unknown) => be({ coming: false, error, failures: state.failures + 1 }),
    );
  }
  function Part(props: P) {
    const now = useSyncExternalStore(watch, () => state);
    // Before it is painted: what failed elsewhere, or when it was opened before, is not shown for a moment.
    useLayoutEffect(() => {
      if (!state.coming && state.error !== null) be({ error: null });
      fetchIt();
    }, []);
    if (now.component) return <now.component {...props} />;
    // Its own fault, and no other try would help.
    if (now.error !== null && !isMissingPart(now.error)) throw now.error;
    return instead(now, fetchIt, props);
  }
  return Object.assign(Part, { ready: fetchIt });
}

/** A part of the dashboard did not come: there is no connection, or the server has another version by now. */
export const isMissingPart = (error: unknown) =>
  error instanceof TypeError && /module/i.test(error.message) && /import|fetch|load/i.test(error.message);

interface MissingProps {
  state: Pick<State<never>, 'coming' | 'failures'>;
  again(): void;
}

function Missing({ state: { coming, failures }, again }: MissingProps) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="flex max-w-prose flex-col items-center gap-2 text-center">
      <p className="flex items-center gap-2 font-medium">
        <CloudOff className="size-4 shrink-0 text-warn" aria-hidden />
        {t('frame.piece_missing')}
      </p>
      <p className="text-[13px] text-ink-soft">{t('frame.piece_missing_text')}</p>
      <Again coming={coming} failures={failures} again={again} />
    </div>
  );
}

function MissingDialog({ state: { coming, failures }, again, onClose }: MissingProps & { onClose(): void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('frame.piece_missing')}
      lead={t('frame.piece_missing_text')}
    >
      <Again coming={coming} failures={failures} again={again} />
    </Dialog>
  );
}

function Again({ coming, failures, again }: MissingProps['state'] & Pick<MissingProps, 'again'>) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap gap-2">
      <Button small icon={RotateCw} busy={coming} onClick={again}>
        {t('action.again')}
      </Button>
      {/* Another version of the server does not have it any more. */}
      {failures > 1 && (
        <Button small look="quiet" onClick={() => location.reload()}>
          {t('frame.reload_page')}
        </Button>
      )}
    </div>
  );
}
