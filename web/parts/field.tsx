import { CircleAlert } from 'lucide-react';
import { type ComponentProps, cloneElement, type ReactElement, useId } from 'react';
import { cx } from './class.ts';

interface FieldProps {
  label: string;
  hint?: React.ReactNode;
  /** What is wrong with it, in words; it is read out when it comes. */
  error?: string | undefined;
  /** One input: it gets the id and the descriptions. */
  children: ReactElement<ComponentProps<'input'> | ComponentProps<'select'> | ComponentProps<'textarea'>>;
  className?: string;
}

/** A labelled input with its hint and, beside it, what is wrong. */
export function Field({ label, hint, error, children, className }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={cx('flex flex-col gap-1.5', className)}>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {cloneElement(children, {
        id,
        'aria-invalid': error ? true : undefined,
        'aria-describedby': described || undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} className="text-[13px] text-ink-soft">
          {hint}
        </p>
      )}
      <FieldError id={`${id}-error`} error={error} />
    </div>
  );
}

export function FieldError({ id, error }: { id?: string; error: string | undefined }) {
  return (
    <p
      id={id}
      role="alert"
      className={cx('flex items-start gap-1.5 text-[13px] text-bad', !error && 'hidden')}
    >
      <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      {error}
    </p>
  );
}

export const inputLook =
  'w-full rounded-lg border border-line-strong bg-panel px-3 py-2 text-ink placeholder:text-ink-soft ' +
  'aria-invalid:border-bad disabled:opacity-55';

export function Input(props: ComponentProps<'input'>) {
  return <input {...props} className={cx(inputLook, 'h-10', props.className)} />;
}

export function Textarea(props: ComponentProps<'textarea'>) {
  return <textarea {...props} className={cx(inputLook, 'min-h-24', props.className)} />;
}

/** The browser's own: it works with every keyboard, screen reader and phone. */
export function Select(props: ComponentProps<'select'>) {
  return <select {...props} className={cx(inputLook, 'h-10 pr-8', props.className)} />;
}

export function Checkbox({ label, ...rest }: ComponentProps<'input'> & { label: React.ReactNode }) {
  return (
    <label className="flex items-start gap-2">
      <input type="checkbox" {...rest} className={cx('mt-0.5 size-4 accent-accent', rest.className)} />
      <span>{label}</span>
    </label>
  );
}
