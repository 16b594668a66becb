import type { Said } from '../said.ts';
import { analyst } from './said/analyst.ts';
import { doors } from './said/doors.ts';
import { posts } from './said/posts.ts';
import { telegram } from './said/telegram.ts';
import { times } from './said/times.ts';
import { values } from './said/values.ts';
import { views } from './said/views.ts';
import { vk } from './said/vk.ts';

/** What the server says, in Russian. */
export const said: Said = {
  ...doors,
  ...posts,
  ...times,
  ...telegram,
  ...vk,
  ...analyst,
  ...views,
  ...values,
};
