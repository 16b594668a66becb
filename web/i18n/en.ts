import { account } from './en/account.ts';
import { analytics } from './en/analytics.ts';
import { calendar } from './en/calendar.ts';
import { common } from './en/common.ts';
import { communities } from './en/communities.ts';
import { composer } from './en/composer.ts';
import { media } from './en/media.ts';
import { operator } from './en/operator.ts';
import { posts } from './en/posts.ts';
import { reports } from './en/reports.ts';
import { series } from './en/series.ts';
import { settings } from './en/settings.ts';
import { sql } from './en/sql.ts';

/** Every room has its own words. */
export const en = {
  common,
  account,
  calendar,
  communities,
  posts,
  series,
  settings,
  media,
  composer,
  analytics,
  operator,
  reports,
  sql,
};
