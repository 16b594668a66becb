import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Network } from '../network.ts';
import { call } from './call.ts';
import { botIdOf, type TelegramCredentials } from './place.ts';

const Bot = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  // It becomes a part of links that people open.
  username: v.pipe(v.string(), v.regex(/^\w{3,40}$/)),
});
const Member = v.object({ status: v.string() });
const Webhook = v.object({ url: v.string() });

/** Links open Telegram itself, wherever its API and its public pages are read from. */
const links = 'https://t.me';
/** Rights that Telegram's dialogue suggests; the person may take any away. */
const channelRights = 'post_messages+edit_messages+delete_messages+pin_messages+invite_users';
const groupRights = 'delete_messages+pin_messages+manage_topics+invite_users';

/** How a bot comes into a channel, who brought it there, and who else listens to it. */
export const telegramAdmin: Required<
  Pick<Network<TelegramCredentials>, 'sourceKey' | 'invite' | 'isAdmin' | 'foreignListener'>
> = {
  sourceKey: ({ bot_token }) => `telegram:bot:${botIdOf(bot_token)}`,

  async invite(access, code) {
    const bot = await call(access, 'getMe', {}, Bot);
    const address = `${links}/${bot.username}`;
    return {
      hint: `${bot.id}…${access.credentials.bot_token.slice(-4)}`,
      links: {
        add_to_channel: `${address}?startchannel&admin=${channelRights}`,
        add_to_group: `${address}?startgroup&admin=${groupRights}`,
        prove: `${address}?start=${code}`,
      },
      steps: [
        `Open the link “add to channel” (or “add to group”), choose the place and leave the rights on that Telegram suggests: @${bot.username} becomes an administrator there. Do this for as many places as you like.`,
        `Open the link “prove” and press Start in the chat with @${bot.username}, so that Outpost knows who you are.`,
        'Come back: the channels and groups are listed, and those that you administer can be connected.',
      ],
    };
  },

  async isAdmin(access, externalId, personId) {
    const params = { chat_id: Number(externalId), user_id: Number(personId) };
    try {
      const { status } = await call(access, 'getChatMember', params, Member);
      return status === 'creator' || status === 'administrator';
    } catch (error) {
      // Telegram does not show this person there: not a member, or not to this bot.
      if (error instanceof NetworkError && error.kind === 'rejected' && error.movedTo === null) return false;
      throw error;
    }
  },

  async foreignListener(access, ours) {
    const { url } = await call(access, 'getWebhookInfo', {}, Webhook);
    if (url === '' || url.startsWith(`${ours}/`)) return null;
    return URL.canParse(url) ? new URL(url).host : 'another address';
  },
};
