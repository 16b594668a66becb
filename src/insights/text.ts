import type { Place } from '../analytics/place.ts';
import type { Insight } from './insight.ts';

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat('en', { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
const percent = (value: number) => `${signed.format(value)} %`;
const seconds = (milliseconds: number | null) => `${number.format((milliseconds ?? 0) / 1_000)} s`;
const names = {
  mon: 'Mondays',
  tue: 'Tuesdays',
  wed: 'Wednesdays',
  thu: 'Thursdays',
  fri: 'Fridays',
  sat: 'Saturdays',
  sun: 'Sundays',
} as const;

/** An insight in one or two English sentences: what was seen, what is usual, how much that rests on. */
export function textOf(insight: Pick<Insight, 'kind' | 'evidence'>, community: Place | null): string {
  const told = insight as Insight;
  const where = community?.title ?? 'The workspace';
  switch (told.kind) {
    case 'growth_break': {
      const { figure, from, to, days, value, usual, history_days } = told.evidence;
      const when = days === 1 ? `on ${from}` : `from ${from} to ${to}`;
      const what = {
        members: `${signed.format(value)} members`,
        joins: `${number.format(value)} people joined`,
        leaves: `${number.format(value)} people left`,
      }[figure];
      const before = figure === 'members' ? signed.format(usual) : number.format(usual);
      return `${where}: ${what} ${when}. Usual for ${days === 1 ? 'a day' : `${days} days`}: ${before}, by the ${history_days} days before.`;
    }
    case 'outlier_post': {
      const { published_at, measure, lift_percent, usual_from_percent, usual_to_percent, posts } =
        told.evidence;
      const got = measure === 'views' ? 'views' : 'interactions';
      return `${where}: the post of ${published_at.slice(0, 16).replace('T', ' ')} UTC got ${percent(lift_percent)} ${got} against the posts before it. Nine of ten of ${posts} others got ${percent(usual_from_percent)} to ${percent(usual_to_percent)}.`;
    }
    case 'dead_slot': {
      const { weekday, hour, timezone, measure, uses, lift_percent, from_percent, to_percent } =
        told.evidence;
      return `${where}: posts on ${names[weekday]} at ${hour}:00 (${timezone}) get ${percent(lift_percent)} ${measure} against the average post (90 % interval ${percent(from_percent)} to ${percent(to_percent)}, ${uses} posts).`;
    }
    case 'delivery_trouble': {
      const { network, what, from, publications, affected, ...usual } = told.evidence;
      const of = `${affected} of ${publications} publications`;
      const before =
        what === 'missing'
          ? `${usual.usual_missing} of ${usual.usual_publications} in the 30 days before`
          : `95 of 100 took up to ${seconds(usual.delay_p95_ms)}, usually ${seconds(usual.usual_delay_p95_ms)}`;
      const verb = what === 'missing' ? 'failed or are unconfirmed' : 'were late';
      return `${network}: ${of} due in the 24 hours from ${from.slice(0, 16).replace('T', ' ')} UTC ${verb} (${before}).`;
    }
  }
}
