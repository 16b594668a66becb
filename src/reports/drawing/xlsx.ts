import {
  Format as CellFormat,
  Chart,
  type ChartAxis,
  ChartFont,
  ChartFormat,
  ChartLine,
  ChartRange,
  ChartSeries,
  ChartSolidFill,
  ChartType,
  Color,
  DocProperties,
  ExcelDateTime,
  FormatAlign,
  FormatBorder,
  Workbook,
  type Worksheet,
} from 'wasm-xlsxwriter';
import { type Format, formatOf, localTime } from '../format.ts';
import type { ReportData } from '../gather.ts';
import { type Cell, type Kind, type Table, tablesOf } from '../tables.ts';
import { colours } from './colours.ts';

const numberFormats: Readonly<Record<Kind, string>> = {
  text: '@',
  integer: '#,##0',
  number: '0.000',
  percent: '0.0%',
  milliseconds: '#,##0" ms"',
  date: 'yyyy-mm-dd',
  instant: 'yyyy-mm-dd hh:mm',
};
/** Characters. */
const widths: Readonly<Record<Kind, number>> = {
  text: 18,
  integer: 13,
  number: 9,
  percent: 12,
  milliseconds: 13,
  date: 12,
  instant: 17,
};
const wide: Readonly<Record<string, number>> = {
  community: 30,
  text: 60,
  url: 34,
  community_id: 38,
  post_id: 38,
};
/** Points to the right and down that a chart takes. */
const chart = { width: 620, height: 280, columns: 10, rows: 15 };

/** A workbook with a sheet per table, and the charts of each community on a sheet of their own. */
export function drawXlsx(data: ReportData): Uint8Array {
  const format = formatOf(data.language, data.timezone);
  const { words } = format;
  const workbook = new Workbook();
  workbook.setProperties(new DocProperties().setTitle(data.title).setAuthor(data.workspace));
  about(workbook.addWorksheet(), data, format);
  for (const table of tablesOf(data, words)) {
    const sheet = workbook.addWorksheet();
    sheet.setName(words.sheets[table.sheet]);
    fill(sheet, table, format);
    if (table.key === 'days') charts(workbook, table, format);
  }
  return workbook.saveToBufferSync();
}

function fill(sheet: Worksheet, { columns, rows }: Table, { words, zone }: Format): void {
  const head = new CellFormat()
    .setBold()
    .setBackgroundColor(colour(colours.shade))
    .setBorderBottom(FormatBorder.Thin)
    .setTextWrap()
    .setAlign(FormatAlign.Top);
  for (const [at, { key, word, of, kind }] of columns.entries()) {
    const own = of ? `${words.heads[of]}: ${words.heads[word].toLowerCase()}` : words.heads[word];
    const title = kind === 'instant' ? `${own} (${zone})` : own;
    sheet.setColumnWidth(at, wide[key] ?? widths[kind]);
    sheet.writeStringWithFormat(0, at, title, head);
    const format = new CellFormat().setNumFormat(numberFormats[kind]);
    for (const [index, row] of rows.entries())
      write(sheet, index + 1, at, row[at] ?? null, kind, zone, format);
  }
  // Two lines of head.
  sheet.setRowHeight(0, 32);
  // Whose row it is stays in sight.
  sheet.setFreezePanes(1, columns.findIndex(({ key }) => key === 'community') + 1);
  sheet.setLandscape().setRepeatRows(0, 0);
  if (rows.length > 0) sheet.autofilter(0, 0, rows.length, columns.length - 1);
}

function write(
  sheet: Worksheet,
  row: number,
  column: number,
  cell: Cell,
  kind: Kind,
  zone: string,
  format: CellFormat,
): void {
  // What is not known is no zero and no dash: the cell is empty, and sums pass it over.
  if (cell === null) return;
  if (typeof cell === 'number') {
    sheet.writeNumberWithFormat(row, column, kind === 'percent' ? cell / 100 : cell, format);
  } else if (kind === 'date' || kind === 'instant') {
    const local = kind === 'date' ? cell : localTime(cell, zone);
    sheet.writeDatetimeWithFormat(row, column, ExcelDateTime.parseFromStr(local), format);
  } else {
    // Always as text: what begins like a formula is none.
    sheet.writeStringWithFormat(row, column, cell, format);
  }
}

/** Members as a line and views as columns for each community, side by side, over the rows of the table of days. */
function charts(workbook: Workbook, days: Table, { words }: Format): void {
  const sheet = workbook.addWorksheet();
  sheet.setName(words.sheets.charts);
  sheet.setScreenGridlines(false).setLandscape().setPrintFitToPages(1, 0);
  const columnOf = (key: string) => days.columns.findIndex((column) => column.key === key);
  const range = (first: number, last: number, column: number) =>
    ChartRange.newFromRange(words.sheets.days, first + 1, column, last + 1, column);
  let place = 0;
  for (const [first, last] of stretches(days)) {
    const name = String(days.rows[first]?.[columnOf('community')] ?? '');
    for (const [side, key, type, title] of [
      [0, 'members', ChartType.Line, words.membersByDay],
      [1, 'post_views', ChartType.Column, words.viewsByDay],
    ] as const) {
      const column = columnOf(key);
      if (days.rows.slice(first, last + 1).every((row) => row[column] === null)) continue;
      const drawn = new Chart(type);
      const look =
        type === ChartType.Line
          ? new ChartFormat().setLine(new ChartLine().setColor(colour(colours.accent)).setWidth(2))
          : new ChartFormat().setSolidFill(new ChartSolidFill().setColor(colour(colours.accent)));
      drawn.pushSeries(
        new ChartSeries()
          .setName(words.heads[key])
          .setCategories(range(first, last, columnOf('date')))
          .setValues(range(first, last, column))
          .setFormat(look),
      );
      drawn.title().setName(`${name}: ${title}`).setFont(new ChartFont().setSize(11));
      drawn.legend().setHidden();
      quiet(drawn.xAxis()).setNumFormat('dd.mm');
      quiet(drawn.yAxis()).setNumFormat('#,##0');
      drawn.setAltText(`${name}: ${title}`).setWidth(chart.width).setHeight(chart.height);
      sheet.insertChart(place * chart.rows, side * chart.columns, drawn);
    }
    place += 1;
  }
}

function quiet(axis: ChartAxis): ChartAxis {
  return axis.setFont(new ChartFont().setSize(9));
}

/** First and last row of each community: its days stand together. */
function stretches({ columns, rows }: Table): [number, number][] {
  const column = columns.findIndex(({ key }) => key === 'community_id');
  const found: [number, number][] = [];
  for (const [index, row] of rows.entries()) {
    const before = found.at(-1);
    if (before && rows[before[0]]?.[column] === row[column]) before[1] = index;
    else found.push([index, index]);
  }
  return found;
}

function about(sheet: Worksheet, data: ReportData, format: Format): void {
  const { words } = format;
  sheet.setName(words.sheets.about);
  sheet.setColumnWidth(0, 110);
  const large = new CellFormat().setBold().setFontSize(18);
  const lines = [
    data.workspace,
    words.period(format.days(data.from, data.to), data.timezone),
    words.made(format.moment(data.madeAt)),
    '',
    ...words.notes,
  ];
  sheet.writeStringWithFormat(0, 0, data.title, large);
  for (const [index, line] of lines.entries()) {
    sheet.writeStringWithFormat(index + 1, 0, line, new CellFormat().setTextWrap());
  }
}

function colour(hex: string): Color {
  return Color.parse(hex);
}
