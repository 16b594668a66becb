import { colours } from './colours.ts';
import type { Pages } from './pages.ts';

export interface GridColumn {
  title: string;
  align?: 'left' | 'right';
  /** Takes what the others leave, with so many lines to a cell. One of them has it. */
  lines?: number;
}
export type GridCell = string | { text: string; colour?: string; bold?: boolean };

const headStyle = { size: 7.5, bold: true, colour: colours.muted };
const bodyStyle = { size: 8 };
const line = 11;
const headHeight = 18;
const padding = 4;
const narrowest = 90;

/** A table over as many pages as it takes, its head on each. Moves `y` on. */
export function grid(
  pages: Pages,
  columns: readonly GridColumn[],
  rows: readonly (readonly GridCell[])[],
): void {
  const { doc, left, width } = pages;
  const widths = widthsOf(pages, columns, rows);
  const each = (draw: (column: GridColumn, x: number, width: number, index: number) => void) => {
    let x = left;
    for (const [index, column] of columns.entries()) {
      const wide = widths[index] ?? 0;
      draw(column, x + padding, wide - 2 * padding, index);
      x += wide;
    }
  };
  const head = () => {
    doc.rect(left, pages.y, width, headHeight).fillColor(colours.shade).fill();
    each(({ title, align = 'left' }, x, wide) =>
      pages.text(title, x, pages.y + 5, wide, { ...headStyle, align }),
    );
    pages.y += headHeight;
  };
  // A head alone at the foot of a page helps nobody.
  pages.room(headHeight + 2 * line + 12);
  head();
  for (const row of rows) {
    const tall = columns.some(({ lines = 1 }, index) => {
      const { text } = cellOf(row, index);
      return lines > 1 && pages.widthOf(pages.clean(text), bodyStyle) > (widths[index] ?? 0) - 2 * padding;
    });
    const height = (tall ? 2 : 1) * line + 8;
    const before = pages.y;
    pages.room(height);
    if (pages.y < before) head();
    each(({ align = 'left', lines = 1 }, x, wide, index) => {
      const { text, ...own } = cellOf(row, index);
      pages.text(text, x, pages.y + 5, wide, { ...bodyStyle, ...own, align, lines });
    });
    pages.y += height;
    doc
      .moveTo(left, pages.y)
      .lineTo(left + width, pages.y)
      .lineWidth(0.5)
      .strokeColor(colours.rule)
      .stroke();
  }
}

/** Each column as wide as what stands in it; one takes the rest, and the others give it room where they must. */
function widthsOf(
  pages: Pages,
  columns: readonly GridColumn[],
  rows: readonly (readonly GridCell[])[],
): number[] {
  const natural = columns.map(({ title, lines }, index) => {
    if (lines) return 0;
    const cells = rows.map((row) => {
      const { text, bold = false } = cellOf(row, index);
      return pages.widthOf(pages.clean(text), { ...bodyStyle, bold });
    });
    return Math.max(pages.widthOf(title, headStyle), ...cells) + 2 * padding + 1;
  });
  const taken = natural.reduce((sum, width) => sum + width, 0);
  const most = pages.width - narrowest;
  const shrunk = taken > most ? natural.map((width) => (width * most) / taken) : natural;
  const rest = pages.width - Math.min(taken, most);
  return shrunk.map((width, index) => (columns[index]?.lines ? rest : width));
}

function cellOf(row: readonly GridCell[], index: number): { text: string; colour?: string; bold?: boolean } {
  const cell = row[index] ?? '';
  return typeof cell === 'string' ? { text: cell } : cell;
}
