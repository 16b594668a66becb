import type { BestTimes } from '../../analytics/best-times.ts';
import { weekdays } from '../../timezone.ts';
import type { Format } from '../format.ts';
import { between, colours } from './colours.ts';
import type { Pages } from './pages.ts';

/** Lift at which a colour is as strong as it gets, percent. */
const strongest = 40;
const row = 16;
const gutter = 30;
const small = { size: 7, colour: colours.muted };

/** What the map and its legend take. */
export const heatHeight = 7 * row + 48;

/** The week as 7 × 24 cells: the colour is the lift, the number that of the posts. Moves `y` on. */
export function heatMap(pages: Pages, format: Format, { slots }: Pick<BestTimes, 'slots'>): void {
  const { doc, left, width, y } = pages;
  const cell = (width - gutter) / 24;
  const found = new Map(slots.map((slot) => [`${slot.weekday} ${slot.hour}`, slot]));
  const best: [number, number][] = [];
  for (const [line, weekday] of weekdays.entries()) {
    const top = y + line * row;
    pages.text(format.words.weekdays[weekday], left, top + 3.5, gutter - 6, { ...small, size: 7.5 });
    for (let hour = 0; hour < 24; hour += 1) {
      const x = left + gutter + hour * cell;
      const slot = found.get(`${weekday} ${hour}`);
      doc.rect(x + 0.5, top + 0.5, cell - 1, row - 1);
      if (!slot) {
        doc.fillColor('#f4f6f8').fill();
        continue;
      }
      const share = Math.min(Math.abs(slot.lift_percent) / strongest, 1);
      doc
        .fillColor(
          between('#ffffff', slot.lift_percent < 0 ? colours.less : colours.more, 0.08 + 0.82 * share),
        )
        .fill();
      const colour = share > 0.55 ? '#ffffff' : colours.ink;
      pages.text(format.number(slot.posts), x, top + 4, cell, { size: 6.5, colour, align: 'center' });
      if (slot.reliable) best.push([x, top]);
    }
  }
  // After all cells, so that no neighbour lies over the frame.
  for (const [x, top] of best) {
    doc
      .rect(x + 0.75, top + 0.75, cell - 1.5, row - 1.5)
      .lineWidth(1.5)
      .strokeColor(colours.ink)
      .stroke();
  }
  const under = y + 7 * row;
  for (let hour = 0; hour < 24; hour += 3) {
    const text = `${String(hour).padStart(2, '0')}:00`;
    pages.text(text, left + gutter + hour * cell, under + 4, 3 * cell, small);
  }
  legend(pages, format, under + 22, best.length > 0);
  pages.y = y + heatHeight;
}

function legend(pages: Pages, { words, percent }: Format, y: number, hasBest: boolean): void {
  const { doc } = pages;
  const { less, more, none, count, best } = words.legend;
  let x = pages.left + gutter;
  const say = (text: string) => {
    pages.text(text, x, y + 0.5, 200, small);
    x += pages.widthOf(text, small) + 6;
  };
  say(`${less} ${percent(-strongest)}`);
  const steps = 20;
  for (let step = 0; step < steps; step += 1) {
    const lift = ((step + 0.5) / steps) * 2 - 1;
    const colour = between('#ffffff', lift < 0 ? colours.less : colours.more, 0.08 + 0.82 * Math.abs(lift));
    doc
      .rect(x + step * 4, y, 4.2, 9)
      .fillColor(colour)
      .fill();
  }
  x += steps * 4 + 6;
  say(`${percent(strongest)} ${more}`);
  x += 8;
  doc.rect(x, y, 12, 9).fillColor('#f4f6f8').fill();
  doc.rect(x, y, 12, 9).lineWidth(0.4).strokeColor(colours.rule).stroke();
  x += 16;
  say(none);
  x += 8;
  say(count);
  if (!hasBest) return;
  x += 8;
  doc
    .rect(x + 0.75, y + 0.75, 11, 8)
    .lineWidth(1.5)
    .strokeColor(colours.ink)
    .stroke();
  x += 16;
  say(best);
}
