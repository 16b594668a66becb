import type { Format } from '../format.ts';
import { colours } from './colours.ts';
import type { Pages } from './pages.ts';
import { labelled, type Scale, scaleOf } from './scale.ts';

export interface Point {
  /** `YYYY-MM-DD` */
  date: string;
  value: number | null;
}

interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
  scale: Scale;
}

const labels = { size: 7.5, colour: colours.muted };
const ticks = 4;
/** The same for all, so that charts above each other show the same days at the same places. */
const gutter = 44;

/** A line over days; days of which nothing is known break it. Moves `y` on. */
export function lineChart(
  pages: Pages,
  format: Format,
  title: string,
  points: readonly Point[],
  height: number,
): void {
  const known = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const frame = begin(pages, format, title, scaleOf(known, ticks, false), height);
  const { doc } = pages;
  const place = ({ value }: Point, index: number) =>
    value === null
      ? null
      : {
          x: frame.x + ((index + 0.5) / points.length) * frame.width,
          y: heightOf(frame, value),
        };
  dates(pages, format, frame, points);
  const places = points.map(place);
  doc.lineWidth(1.6).lineJoin('round').lineCap('round').strokeColor(colours.accent);
  let drawing = false;
  for (const [index, at] of places.entries()) {
    if (!at) {
      drawing = false;
      continue;
    }
    if (drawing) doc.lineTo(at.x, at.y);
    else doc.moveTo(at.x, at.y);
    drawing = true;
    if (!places[index + 1]) doc.stroke();
  }
  // A day between two unknown ones has no line: a dot.
  for (const [index, at] of places.entries()) {
    const alone = at && !places[index - 1] && !places[index + 1];
    if (at && (alone || points.length <= 14)) doc.circle(at.x, at.y, 2).fillColor(colours.accent).fill();
  }
  pages.y = frame.y + frame.height + 22;
}

/** A bar for each day or week; what is not known has none. Moves `y` on. */
export function barChart(
  pages: Pages,
  format: Format,
  title: string,
  points: readonly Point[],
  height: number,
): void {
  const known = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const frame = begin(pages, format, title, scaleOf(known, height < 70 ? 2 : ticks, true), height);
  const { doc } = pages;
  const each = frame.width / points.length;
  const bar = Math.min(each * 0.7, 26);
  for (const [index, { value }] of points.entries()) {
    if (value === null || value === 0) continue;
    const top = heightOf(frame, value);
    doc.rect(frame.x + (index + 0.5) * each - bar / 2, top, bar, frame.y + frame.height - top);
  }
  doc.fillColor(colours.accent).fill();
  dates(pages, format, frame, points);
  pages.y = frame.y + frame.height + 22;
}

/** Title, lines across and their labels. */
function begin(pages: Pages, format: Format, title: string, scale: Scale, height: number): Frame {
  const { doc, left, width } = pages;
  pages.text(title, left, pages.y, width, { size: 9, bold: true });
  const texts = scale.ticks.map(format.short);
  const frame = { x: left + gutter, y: pages.y + 20, width: width - gutter, height, scale };
  for (const [index, tick] of scale.ticks.entries()) {
    const y = heightOf(frame, tick);
    doc
      .moveTo(frame.x, y)
      .lineTo(frame.x + frame.width, y)
      .lineWidth(0.5)
      .strokeColor(tick === 0 ? colours.muted : colours.rule)
      .stroke();
    pages.text(texts[index] ?? '', left, y - 4.5, gutter - 8, { ...labels, align: 'right' });
  }
  return frame;
}

function heightOf({ y, height, scale }: Frame, value: number): number {
  return y + height - ((value - scale.from) / (scale.to - scale.from)) * height;
}

function dates(pages: Pages, format: Format, frame: Frame, points: readonly Point[]): void {
  const box = 56;
  for (const index of labelled(points.length, Math.floor(frame.width / box))) {
    const middle = frame.x + ((index + 0.5) / points.length) * frame.width;
    // The first and the last stay inside of the page.
    const from = Math.min(Math.max(middle - box / 2, pages.left), pages.left + pages.width - box);
    const align = from > middle - box / 2 ? 'left' : from < middle - box / 2 ? 'right' : 'center';
    const text = format.date(points[index]?.date ?? '1970-01-01');
    pages.text(text, from, frame.y + frame.height + 5, box, { ...labels, align });
  }
}

/** Days as weeks from Monday: sums of what is known. */
export function weeksOf(points: readonly Point[]): Point[] {
  const weeks = new Map<string, number | null>();
  for (const { date, value } of points) {
    const at = new Date(`${date}T00:00:00Z`);
    const monday = new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * 86_400_000)
      .toISOString()
      .slice(0, 10);
    const before = weeks.get(monday) ?? null;
    weeks.set(monday, value === null ? before : (before ?? 0) + value);
  }
  return [...weeks].map(([date, value]) => ({ date, value }));
}
