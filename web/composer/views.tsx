import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';

/** Where there is no room for both: the text, or what becomes of it. */
export function Views({ looking, onChange }: { looking: boolean; onChange(looking: boolean): void }) {
  const { t } = useTranslation('composer');
  return (
    <fieldset className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-panel lg:hidden">
      <legend className="sr-only">{t('view.label')}</legend>
      {[false, true].map((one) => (
        <label
          key={String(one)}
          className={cx(
            'cursor-pointer px-3 py-2 text-center font-medium has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-accent',
            one === looking ? 'bg-accent-soft text-ink' : 'text-ink-soft',
          )}
        >
          <input
            type="radio"
            name="composer-view"
            className="sr-only"
            checked={one === looking}
            onChange={() => onChange(one)}
          />
          {t(one ? 'preview.title' : 'view.write')}
        </label>
      ))}
    </fieldset>
  );
}
