import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import type { Answer } from './run.ts';
import { isNumeric, written } from './types.ts';

const rowHeight = 32;
/** Rows by whose length the columns are made. */
const measured = 200;

/** The rows of an answer; only those in sight are in the page. */
export function Table({ answer }: { answer: Answer }) {
  const { t } = useTranslation('sql');
  const box = useRef<HTMLElement>(null);
  const { columns, rows } = answer;
  const widths = useMemo(() => columns.map((_, index) => widthOf(answer, index)), [answer, columns]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <section
      ref={box}
      aria-label={t('answer')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      className="relative max-h-[60vh] overflow-auto rounded-lg border border-line bg-panel"
    >
      <table
        aria-rowcount={rows.length + 1}
        className="min-w-full table-fixed border-separate border-spacing-0 text-[13px] tabular-nums"
        style={{ width: `${widths.reduce((sum, width) => sum + width, 0)}ch` }}
      >
        <colgroup>
          {columns.map((column, index) => (
            <col key={`${index}${column.name}`} style={{ width: `${widths[index]}ch` }} />
          ))}
        </colgroup>
        <thead className="sticky top-0 z-10 bg-sunken">
          <tr aria-rowindex={1}>
            {columns.map(({ name, type }, index) => (
              <th
                key={`${index}${name}`}
                scope="col"
                title={`${name} ${type}`}
                className={cx(
                  'truncate border-b border-line px-3 py-1.5 text-left font-medium',
                  isNumeric(type) && 'text-right',
                )}
              >
                {name}
                <span className="block truncate text-xs font-normal text-ink-soft">{type}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {items.map(({ index }) => (
            <tr
              key={index}
              aria-rowindex={index + 2}
              style={{ height: rowHeight }}
              className="hover:bg-sunken/60"
            >
              {columns.map(({ name, type }, at) => {
                const text = written(rows[index]?.[at]);
                return (
                  <td
                    key={`${at}${name}`}
                    title={text ?? undefined}
                    className={cx(
                      'truncate border-b border-line px-3',
                      isNumeric(type) && 'text-right',
                      text === null && 'text-ink-soft italic',
                    )}
                  >
                    {text ?? t('null')}
                  </td>
                );
              })}
            </tr>
          ))}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
    </section>
  );
}

/** In characters, so that most of a column can be read. */
function widthOf({ columns, rows }: Answer, index: number): number {
  const { name = '', type = '' } = columns[index] ?? {};
  const longest = rows
    .slice(0, measured)
    .reduce((most, row) => Math.max(most, written(row[index])?.length ?? 4), 0);
  return Math.min(Math.max(longest, name.length, Math.min(type.length, 14)) + 5, 44);
}
