import { useEffect, useRef } from 'react';

interface Keys {
  act(): void;
  keep(): void;
  open(tab: number): void;
}

/** Ctrl+Enter does what the button does; Ctrl+S saves; Alt with a number opens a tab. */
export function useKeys(keys: Keys): void {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // What is open over the page has the keys.
      if (document.querySelector('[role=dialog], [role=alertdialog]')) return;
      const { act, keep, open } = now.current;
      const control = event.ctrlKey || event.metaKey;
      if (control && event.key === 'Enter') act();
      else if (control && !event.shiftKey && !event.altKey && event.code === 'KeyS') keep();
      else if (event.altKey && /^Digit[1-9]$/.test(event.code)) open(Number(event.code.at(-1)) - 1);
      else return;
      event.preventDefault();
    };
    // Before the editor, which would break the line.
    addEventListener('keydown', onKey, { capture: true });
    return () => removeEventListener('keydown', onKey, { capture: true });
  }, []);
}

/** Has the browser ask before the tab is closed: a file that has not arrived is lost then. */
export function useStay(wanted: boolean): void {
  useEffect(() => {
    if (!wanted) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', stay);
    return () => removeEventListener('beforeunload', stay);
  }, [wanted]);
}
