import { stringify } from 'csv-stringify/sync';
import { guarded } from '../../posts/csv.ts';
import { localDate } from '../format.ts';
import type { ReportData } from '../gather.ts';
import { type Table, tablesOf } from '../tables.ts';
import { zipped } from '../zip.ts';

/**
 * A ZIP with a CSV per table, for programs: names of columns do not depend on the language, numbers have a point, times
 * are ISO 8601 in UTC, what is not known is empty. UTF-8 without a byte order mark.
 */
export async function drawCsv(data: ReportData): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const files = zipped(async (zip) => {
    for (const table of tablesOf(data, null)) await zip.text(`${table.key}.csv`, csvOf(table));
    await zip.text('README.txt', readme(data));
  });
  for await (const chunk of files) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function csvOf({ columns, rows }: Table): string {
  // Numbers are ours; text is what somebody wrote.
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? guarded(cell) : cell)));
  return stringify(cells, { header: true, columns: columns.map(({ key }) => key) });
}

function readme({ title, workspace, from, to, timezone, madeAt }: ReportData): string {
  return `${title}
${workspace}

Period: from ${from} up to, not including, ${to} (${localDate(from, timezone)} – ${localDate(to, timezone)} in ${timezone}).
Made: ${madeAt}

overview.csv           figures of all communities together and of each, beside the period before
days.csv               each community by day of its own clock (column timezone)
top_posts.csv          the posts with the most views (reactions where views are not told)
best_times.csv         what can be said about the best time of each community, and how sure that is
hours_of_the_week.csv  each hour of the week in which there were posts
delivery.csv           how punctually posts went out through Outpost, and what became of them

An empty cell is not known, which is not zero. Columns that end in _percent are percent of a hundred, those that end in
_ms milliseconds. Text that a spreadsheet would take for a formula has an apostrophe before it.
`;
}
