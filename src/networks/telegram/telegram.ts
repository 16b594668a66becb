import type { Network } from '../network.ts';
import { reachable } from '../request.ts';
import { comment, edit, editProblems, pin, remove } from './acts.ts';
import { telegramAdmin } from './admin.ts';
import { card } from './card.ts';
import { compose, live, split } from './compose.ts';
import { connect } from './connect.ts';
import { find, read } from './find.ts';
import { telegramLimits } from './media.ts';
import { afterwards, TelegramOptions } from './options.ts';
import {
  addressFor,
  botIdOf,
  detailsOf,
  remoteIdOf,
  serviceChatOf,
  sessionOf,
  TelegramCredentials,
  TelegramSettings,
} from './place.ts';
import { publish, stage } from './send.ts';
import { sessionReads } from './session/ask.ts';
import { pageReads, telegramStats } from './stats.ts';
import { telegramInbound } from './updates.ts';

export type { TelegramCredentials } from './place.ts';

export const telegram: Network<TelegramCredentials> = {
  name: 'telegram',
  title: 'Telegram',
  limits: telegramLimits,
  credentials: TelegramCredentials,
  besides: ['witness_token', 'user_session'],
  options: TelegramOptions,
  settings: TelegramSettings,
  externalIdHelp:
    'The @name or t.me link of the channel or group, or its numeric id (it starts with -100). The bot must be an administrator of the channel.',
  connect,
  // Rate and burst together stay within what is allowed in any second or minute: 30, 1 and 20.
  pace({ bot_token }, place) {
    const bot = { key: `telegram:bot:${botIdOf(bot_token)}`, rate: 25, per: 1000, burst: 5 };
    const chat = `telegram:chat:${place.externalId}`;
    const user = sessionOf(place)?.user ?? 'none';
    return {
      send: [
        bot,
        { key: `${chat}:second`, rate: 1, per: 1000, burst: 1 },
        { key: `${chat}:minute`, rate: 15, per: 60_000, burst: 5 },
      ],
      credential: bot,
      reads: {
        // Pages that everybody may read, and that everybody shall go on being able to.
        [pageReads]: { key: 'telegram:pages', rate: 2, per: 1000, burst: 4 },
        // As a person who scrolls.
        [sessionReads]: { key: `telegram:user:${user}`, rate: 1, per: 1000, burst: 3 },
      },
    };
  },
  split,
  compose,
  card,
  live,
  afterwards,
  stageCalls: 2,
  stages: (place) => serviceChatOf(place) !== null,
  stage,
  publish,
  find,
  editProblems,
  edit,
  remove,
  pin,
  comment,
  read,
  stats: telegramStats,
  remoteIdOf,
  // A bot hears nothing of itself: the second one does, or the copies in the discussion group tell.
  echoes: (place) => detailsOf(place).witness_ready === true || place.details.witness_proved === true,
  urlOf: addressFor,
  witness: ({ witness_token }) => (witness_token === undefined ? null : { bot_token: witness_token }),
  inbound: telegramInbound,
  probe: (root, timeout) => reachable(`${root}/`, timeout),
  ...telegramAdmin,
};
