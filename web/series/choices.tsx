import { cx } from '../parts/class.ts';

interface ChoicesProps<Value extends string> {
  label: string;
  name: string;
  options: readonly (readonly [Value, string])[];
  value: Value;
  onChange(value: Value): void;
}

/** One of a few, side by side. */
export function Choices<Value extends string>({
  label,
  name,
  options,
  value,
  onChange,
}: ChoicesProps<Value>) {
  return (
    <fieldset className="flex flex-wrap gap-1.5">
      <legend className="sr-only">{label}</legend>
      {options.map(([one, words]) => (
        <label key={one} className={choiceLook(value === one)}>
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={value === one}
            onChange={() => onChange(one)}
          />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

export const choiceLook = (chosen: boolean, className?: string) =>
  cx(
    'cursor-pointer rounded-lg border px-3 py-1.5 text-center font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent',
    chosen
      ? 'border-accent bg-accent-soft text-ink'
      : 'border-line text-ink-soft hover:bg-sunken hover:text-ink',
    className,
  );
