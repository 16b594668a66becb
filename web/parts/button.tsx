import { LoaderCircle, type LucideIcon } from 'lucide-react';
import type { ComponentProps, MouseEvent } from 'react';
import { cx } from './class.ts';

const looks = {
  primary: 'bg-accent text-accent-ink not-aria-disabled:hover:brightness-110 border-transparent',
  plain: 'bg-panel text-ink border-line not-aria-disabled:hover:bg-sunken',
  quiet:
    'bg-transparent text-ink-soft border-transparent not-aria-disabled:hover:bg-sunken not-aria-disabled:hover:text-ink',
  danger: 'bg-bad text-panel border-transparent not-aria-disabled:hover:brightness-110',
} as const;

interface Props extends ComponentProps<'button'> {
  look?: keyof typeof looks;
  icon?: LucideIcon;
  small?: boolean;
  /** Something is under way: it turns, and pressing it does nothing. */
  busy?: boolean;
}

export function Button({
  look = 'plain',
  icon: Icon,
  small,
  busy,
  disabled,
  className,
  children,
  ...rest
}: Props) {
  const off = disabled || busy;
  return (
    <button
      type="button"
      {...rest}
      // The browser's own `disabled` takes the focus away from whoever has just pressed it.
      aria-disabled={off || undefined}
      onClick={off ? refuse : rest.onClick}
      aria-busy={busy || undefined}
      className={cx(
        'inline-flex shrink-0 items-center justify-center gap-2 rounded-lg border font-medium whitespace-nowrap',
        'transition-[background,filter] aria-disabled:cursor-not-allowed aria-disabled:opacity-55',
        small ? 'h-8 px-2.5 text-[13px]' : 'h-10 px-4',
        looks[look],
        className,
      )}
    >
      {busy ? (
        <LoaderCircle className="size-4 animate-spin" aria-hidden />
      ) : (
        Icon && <Icon className="size-4" aria-hidden />
      )}
      {children}
    </button>
  );
}

/** Neither the form of the button nor what it stands in hears of it; Enter in a field presses it, too. */
function refuse(event: MouseEvent): void {
  event.preventDefault();
  event.stopPropagation();
}

interface IconProps extends Omit<Props, 'children'> {
  icon: LucideIcon;
  /** What it does, for those who do not see it; shown as a hint too. */
  label: string;
}

export function IconButton({ icon, label, className, small, ...rest }: IconProps) {
  return (
    <Button
      look="quiet"
      {...rest}
      icon={icon}
      small={small}
      aria-label={label}
      title={label}
      className={cx(small ? 'w-8 px-0' : 'w-10 px-0', className)}
    />
  );
}
