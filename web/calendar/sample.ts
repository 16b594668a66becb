import type { Community } from '../communities/list.tsx';
import { today } from './span.ts';

/** A plan of two lines with the columns that most need, for these communities: to be filled in with a spreadsheet. */
export function samplePlan(
  communities: readonly Pick<Community, 'network' | 'title' | 'handle' | 'external_id' | 'status'>[],
  zone: string,
  text: string,
): string {
  const names = communities
    .filter(({ status }) => status !== 'disconnected')
    .map(({ network, handle, external_id }) => `${network}:${handle?.replace(/^@/, '') || external_id}`);
  const [first = 'telegram:my_channel', second = first] = names;
  const day = (ahead: number) => today(zone).add({ days: ahead }).toString();
  const lines = [
    ['communities', 'text', 'local_time', 'timezone'],
    [first, text, `${day(7)} 10:00`, zone],
    [[...new Set([first, second])].join('; '), text, `${day(8)} 18:30`, zone],
  ];
  // The mark at the beginning tells Excel that the letters are UTF-8; semicolons are what it separates with in Russian.
  return `\ufeff${lines.map((line) => line.map(quoted).join(';')).join('\r\n')}\r\n`;
}

function quoted(cell: string): string {
  return /[";,\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
