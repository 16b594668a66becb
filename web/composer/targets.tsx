import { Radio, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { Input } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { RemarkList } from './remark-list.tsx';
import type { Remark } from './remarks.ts';

interface Props {
  communities: readonly Community[];
  chosen: readonly string[];
  onChange(ids: string[]): void;
  /** What is public stays where it is. */
  locked: boolean;
  remarks: readonly Remark[];
}

/** With so many they are looked for, not read through. */
const many = 9;

/** Where the post goes. */
export function Targets({ communities, chosen, onChange, locked, remarks }: Props) {
  const { t } = useTranslation('composer');
  const [sought, setSought] = useState('');
  if (communities.length === 0) {
    return (
      <p className="flex flex-wrap items-center gap-2 rounded-xl border border-dashed border-line-strong p-4">
        <Radio className="size-5 text-ink-soft" aria-hidden />
        {t('targets.none')}
        <Link href="/communities/new" className="font-medium text-accent underline">
          {t('targets.connect')}
        </Link>
      </p>
    );
  }
  const words = sought.trim().toLowerCase();
  const fitting = communities.filter(
    ({ id, title, handle }) =>
      chosen.includes(id) || `${title} ${handle ?? ''}`.toLowerCase().includes(words),
  );
  const toggle = (id: string) =>
    onChange(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <fieldset disabled={locked} className="flex min-w-0 flex-col gap-2">
      <legend className="mb-2 font-semibold">{t('targets.label')}</legend>
      {communities.length >= many && (
        <Input
          type="search"
          aria-label={t('targets.search')}
          placeholder={t('targets.search')}
          value={sought}
          onChange={({ target }) => setSought(target.value)}
          className="h-9"
        />
      )}
      <div className="flex -m-0.5 max-h-40 flex-wrap gap-2 overflow-y-auto p-0.5">
        {fitting.map(({ id, title, network, status }) => {
          const isChosen = chosen.includes(id);
          return (
            <label
              key={id}
              className={cx(
                'inline-flex max-w-full cursor-pointer items-center gap-2 rounded-full border py-1.5 pr-3.5 pl-2 font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent',
                isChosen
                  ? 'border-accent bg-accent-soft text-ink'
                  : 'border-line bg-panel text-ink-soft hover:border-line-strong hover:text-ink',
                locked && 'cursor-not-allowed',
              )}
            >
              <input type="checkbox" className="sr-only" checked={isChosen} onChange={() => toggle(id)} />
              <NetworkMark network={network} />
              <span className="truncate">{title}</span>
              {status !== 'active' && (
                <TriangleAlert className="size-4 shrink-0 text-warn" aria-label={t('targets.not_active')} />
              )}
            </label>
          );
        })}
      </div>
      <RemarkList remarks={remarks} count={chosen.length} />
      {locked && <p className="text-[13px] text-ink-soft">{t('targets.locked')}</p>}
    </fieldset>
  );
}
