import { useId } from 'react';
import { cx } from '../parts/class.ts';

interface Props<Option extends string> {
  legend: string;
  options: readonly Option[];
  value: Option;
  wordOf(option: Option): string;
  onChange(option: Option): void;
}

/** One of a few, all in sight. */
export function Choice<Option extends string>({ legend, options, value, wordOf, onChange }: Props<Option>) {
  const name = useId();
  return (
    <fieldset className="relative flex w-fit max-w-full min-w-0 overflow-x-auto rounded-lg border border-line bg-panel">
      <legend className="sr-only">{legend}</legend>
      {options.map((option) => (
        <label
          key={option}
          className={cx(
            'cursor-pointer px-3 py-1.5 text-[13px] font-medium whitespace-nowrap text-ink-soft has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-accent',
            option === value ? 'bg-accent-soft text-ink' : 'hover:bg-sunken',
          )}
        >
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={option === value}
            onChange={() => onChange(option)}
          />
          {wordOf(option)}
        </label>
      ))}
    </fieldset>
  );
}
