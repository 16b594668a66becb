import { account } from './en/account.ts';
import { calendar } from './en/calendar.ts';
import { common } from './en/common.ts';
import { communities } from './en/communities.ts';
import { posts } from './en/posts.ts';

/** Every room has its own words. */
export const en = { common, account, calendar, communities, posts };
