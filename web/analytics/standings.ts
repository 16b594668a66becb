import { looks } from './lines.ts';
import type { CompareMetric } from './queries.ts';

/** What communities are set beside each other by. */
export const standings = [
  'views_per_1000',
  'interactions_per_1000',
  'interaction_percent',
  'growth_percent',
  'members',
  'posts',
] as const satisfies CompareMetric[];

/** How exactly each is told: the numbers of one column have as many digits. */
export const digits: Record<CompareMetric, number> = {
  views_per_1000: 1,
  interactions_per_1000: 2,
  interaction_percent: 2,
  growth_percent: 2,
  members: 0,
  posts: 0,
};

/** As many as a chart can tell apart. */
export const chosenMost = looks.length;
