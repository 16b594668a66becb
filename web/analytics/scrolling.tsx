import type { ReactNode } from 'react';
import { cx } from '../parts/class.ts';

const shade = 'color-mix(in srgb, var(--line) 75%, transparent)';
/** A shade at the side on which there is more, which what scrolls lies over when there is not. */
const shades = {
  backgroundImage:
    'linear-gradient(to right, var(--panel) 40%, transparent), linear-gradient(to left, var(--panel) 40%, transparent), ' +
    `linear-gradient(to right, ${shade}, transparent), linear-gradient(to left, ${shade}, transparent)`,
  backgroundPosition: 'left, right, left, right',
  backgroundSize: '40px 100%, 40px 100%, 12px 100%, 12px 100%',
  backgroundRepeat: 'no-repeat',
  backgroundAttachment: 'local, local, scroll, scroll',
} as const;

/** A box that scrolls on its own, by the keyboard too; hidden words in it widen no page. */
export function Scrolling(props: { label: string; className?: string; children: ReactNode }) {
  return (
    <section
      aria-label={props.label}
      className={cx('relative overflow-auto', props.className)}
      style={shades}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
    >
      {props.children}
    </section>
  );
}
