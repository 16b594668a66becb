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

/** As many as a chart can tell apart. */
export const chosenMost = looks.length;
