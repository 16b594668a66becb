import type { ReactNode } from 'react';
import { cx } from '../parts/class.ts';

/** A box that scrolls on its own, by the keyboard too; hidden words in it widen no page. */
export function Scrolling(props: { label: string; className?: string; children: ReactNode }) {
  return (
    <section
      aria-label={props.label}
      className={cx('relative overflow-auto', props.className)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
    >
      {props.children}
    </section>
  );
}
