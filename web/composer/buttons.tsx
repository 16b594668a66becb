import { Plus, Trash2, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../parts/button.tsx';
import { Input } from '../parts/field.tsx';
import { networkTitle } from '../parts/network.tsx';
import { useTell } from '../parts/toast.tsx';
import type { Buttons } from './content.ts';

interface Props {
  rows: Buttons;
  /** The network that has them. */
  network: string;
  change(update: (rows: Buttons) => Buttons): void;
  onRemove(): void;
}

const empty = { text: '', url: '' };

/** Link buttons under a message: rows, each of up to eight. */
export function ButtonsEditor({ rows, network, change, onRemove }: Props) {
  const { t } = useTranslation('composer');
  const tell = useTell();
  const title = t('buttons.of', { network: networkTitle(network) });
  const setRow = (at: number, row: Buttons[number]) =>
    change((now) => (row.length > 0 ? now.with(at, row) : now.toSpliced(at, 1)));
  const takeOut = (at: number, place: number) => {
    const row = rows[at] ?? [];
    const button = row[place];
    setRow(at, row.toSpliced(place, 1));
    if (!button || (button.text.trim() === '' && button.url.trim() === '')) return;
    const undo = () =>
      change((now) => {
        const own = row.length > 1 ? now[at] : undefined;
        return own ? now.with(at, own.toSpliced(place, 0, button)) : now.toSpliced(at, 0, [button]);
      });
    tell({ text: t('buttons.taken_out'), undo });
  };
  return (
    <fieldset className="flex flex-col gap-3 rounded-xl border border-line bg-panel p-4">
      <legend className="sr-only">{title}</legend>
      <div className="flex items-center">
        <h3 className="mr-auto font-medium">{title}</h3>
        <IconButton small icon={Trash2} label={t('buttons.remove')} onClick={onRemove} />
      </div>
      <ol className="flex flex-col gap-3">
        {rows.map((row, at) => (
          <li key={at} className="flex flex-col gap-2 border-l-2 border-line pl-3">
            {row.map((button, place) => {
              const n = rows.slice(0, at).flat().length + place + 1;
              const set = (change: Partial<typeof button>) =>
                setRow(at, row.with(place, { ...button, ...change }));
              return (
                <div key={place} className="flex items-center gap-2 max-sm:flex-wrap">
                  <Input
                    aria-label={t('buttons.text', { n })}
                    placeholder={t('buttons.text', { n })}
                    value={button.text}
                    maxLength={64}
                    onChange={({ target }) => set({ text: target.value })}
                    className="sm:w-2/5"
                  />
                  <Input
                    aria-label={t('buttons.url', { n })}
                    placeholder="https://"
                    inputMode="url"
                    value={button.url}
                    maxLength={2_048}
                    onChange={({ target }) => set({ url: target.value })}
                    onBlur={() => {
                      const url = button.url.trim();
                      if (/^[^\s/:]+\.[^\s/:]+/.test(url)) set({ url: `https://${url}` });
                    }}
                    className="min-w-0 grow max-sm:w-auto"
                  />
                  <IconButton
                    small
                    icon={X}
                    label={t('buttons.take_out', { n })}
                    onClick={() => takeOut(at, place)}
                  />
                </div>
              );
            })}
            {row.length < 8 && (
              <Button
                small
                look="quiet"
                icon={Plus}
                className="self-start"
                onClick={() => setRow(at, [...row, empty])}
              >
                {t('buttons.beside')}
              </Button>
            )}
          </li>
        ))}
      </ol>
      <Button
        small
        look="quiet"
        icon={Plus}
        className="self-start"
        onClick={() => change((now) => [...now, [empty]])}
      >
        {t('buttons.add_row')}
      </Button>
    </fieldset>
  );
}
