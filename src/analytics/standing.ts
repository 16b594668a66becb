/**
 * What communities are set beside each other by: columns of community_standing_v1, each with that of the period before
 * as `…_before`. Networks differ in what they count as a view, and in what they tell at all: what is not told is null,
 * never 0.
 */
export const measures = [
  'members',
  'growth_percent',
  'posts',
  'views_per_1000',
  'interactions_per_1000',
  'interaction_percent',
] as const;
export type StandingMeasure = (typeof measures)[number];
