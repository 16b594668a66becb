import { createWindow } from '../core.ts';
import { Refusal } from './call.ts';

const BOT_PER_SECOND = 30;
const CHAT_PER_MINUTE = 20;
/** One a second for each chat, but a few at once are let through. */
const CHAT_BURST = 3;

export interface FloodGuard {
  /** Counts one message, or throws the 429 with the seconds to wait. */
  count(botId: number, chatId: number): void;
  reset(): void;
}

/** The Bot API's limits on sending: per bot 30 a second, per chat about 1 a second, per group or channel 20 a minute. */
export function createFloodGuard(): FloodGuard {
  const bots = new Map<number, ReturnType<typeof createWindow>>();
  const chats = new Map<string, { minute: ReturnType<typeof createWindow>; emptyAt: number }>();
  return {
    count(botId, chatId) {
      const now = performance.now();
      let bot = bots.get(botId);
      if (!bot) {
        bot = createWindow(BOT_PER_SECOND, 1000);
        bots.set(botId, bot);
      }
      const key = `${botId} ${chatId}`;
      let chat = chats.get(key);
      if (!chat) {
        chat = { minute: createWindow(CHAT_PER_MINUTE, 60_000), emptyAt: 0 };
        chats.set(key, chat);
      }
      const full = Math.max(chat.emptyAt, now) + 1000;
      const wait = Math.max(
        bot.wait(now),
        chatId < 0 ? chat.minute.wait(now) : 0,
        full - now - CHAT_BURST * 1000,
      );
      if (wait > 0) {
        const seconds = Math.max(1, Math.ceil(wait / 1000));
        throw new Refusal(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds });
      }
      bot.take(now);
      chat.minute.take(now);
      chat.emptyAt = full;
    },
    reset() {
      bots.clear();
      chats.clear();
    },
  };
}
