import type { en } from './en.ts';
import { account } from './ru/account.ts';
import { analytics } from './ru/analytics.ts';
import { calendar } from './ru/calendar.ts';
import { common } from './ru/common.ts';
import { communities } from './ru/communities.ts';
import { composer } from './ru/composer.ts';
import { media } from './ru/media.ts';
import { operator } from './ru/operator.ts';
import { posts } from './ru/posts.ts';
import { reports } from './ru/reports.ts';
import { series } from './ru/series.ts';
import { settings } from './ru/settings.ts';
import { sql } from './ru/sql.ts';
import type { Same } from './same.ts';

export const ru: { [Room in keyof typeof en]: Same<(typeof en)[Room]> } = {
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
