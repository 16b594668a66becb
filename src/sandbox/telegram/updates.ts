import type { Core } from '../core.ts';
import type { Bot, Chat } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, Refusal } from './call.ts';

/** What bots get unless they name it in `allowed_updates`. */
const NAMED_ONLY = new Set(['chat_member', 'message_reaction', 'message_reaction_count']);
const DELIVERY_TRIES = 3;

interface Update {
  update_id: number;
  [kind: string]: unknown;
}

interface Inbox {
  waiting: Update[];
  /** Ends the long poll in progress; `false` = another one took over. */
  wake: ((mine: boolean) => void) | undefined;
  delivering: boolean;
  lastError: string;
}

export interface Updates {
  push(bot: Bot, kind: string, content: unknown): void;
  /** To every bot that is an administrator of the chat. */
  pushToAdmins(chat: Chat, kind: string, content: unknown): void;
  getUpdates(call: TelegramCall): Promise<unknown>;
  setWebhook(call: TelegramCall): unknown;
  deleteWebhook(call: TelegramCall): unknown;
  getWebhookInfo(call: TelegramCall): unknown;
  reset(): void;
}

/** Incoming updates of the bots: by long poll, or posted to a webhook. Kept in memory only. */
export function createUpdates(core: Core): Updates {
  const inboxes = new Map<number, Inbox>();
  let lastUpdate = 1000;

  function inboxOf(bot: Bot): Inbox {
    let inbox = inboxes.get(bot.id);
    if (!inbox) {
      inbox = { waiting: [], wake: undefined, delivering: false, lastError: '' };
      inboxes.set(bot.id, inbox);
    }
    return inbox;
  }

  async function deliver(bot: Bot, inbox: Inbox): Promise<void> {
    if (inbox.delivering) return;
    inbox.delivering = true;
    let tries = 0;
    while (bot.webhook && inbox.waiting[0] && tries < DELIVERY_TRIES) {
      tries += 1;
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (bot.webhook.secret_token) headers['x-telegram-bot-api-secret-token'] = bot.webhook.secret_token;
      try {
        const body = JSON.stringify(inbox.waiting[0]);
        const answer = await fetch(bot.webhook.url, {
          method: 'POST',
          headers,
          body,
          signal: AbortSignal.timeout(10_000),
        });
        if (!answer.ok) throw new Error(`Wrong response from the webhook: ${answer.status}`);
        inbox.waiting.shift();
        inbox.lastError = '';
        tries = 0;
      } catch (error) {
        inbox.lastError = error instanceof Error ? error.message : 'Connection failed';
        await Bun.sleep(100 * tries);
      }
    }
    inbox.delivering = false;
  }

  const updates: Updates = {
    push(bot, kind, content) {
      const allowed = bot.webhook ? bot.webhook.allowed_updates : bot.allowed_updates;
      if (allowed.length > 0 ? !allowed.includes(kind) : NAMED_ONLY.has(kind)) return;
      lastUpdate += 1;
      const inbox = inboxOf(bot);
      inbox.waiting.push({ update_id: lastUpdate, [kind]: content });
      if (bot.webhook) void deliver(bot, inbox);
      else inbox.wake?.(true);
    },
    pushToAdmins(chat, kind, content) {
      for (const bot of core.state.bots.values())
        if (!bot.revoked && chat.bots[String(bot.id)]?.status === 'administrator')
          updates.push(bot, kind, content);
    },
    async getUpdates(call) {
      const { bot, params } = call;
      if (bot.webhook)
        throw new Refusal(
          409,
          "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        );
      if (Array.isArray(params.allowed_updates)) bot.allowed_updates = params.allowed_updates.map(String);
      const inbox = inboxOf(bot);
      const offset = Number(params.offset ?? 0);
      if (offset > 0) inbox.waiting = inbox.waiting.filter((update) => update.update_id >= offset);
      inbox.wake?.(false);
      const seconds = Math.min(Number(params.timeout ?? 0), 50);
      if (inbox.waiting.length === 0 && seconds > 0) {
        const mine = await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => resolve(true), seconds * 1000);
          inbox.wake = (still) => {
            clearTimeout(timer);
            resolve(still);
          };
        });
        if (!mine)
          throw new Refusal(
            409,
            'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
          );
        inbox.wake = undefined;
      }
      return inbox.waiting.slice(0, Math.min(Math.max(Number(params.limit ?? 100), 1), 100));
    },
    setWebhook(call) {
      const url = String(call.params.url ?? '');
      if (!url) return updates.deleteWebhook(call);
      if (!/^https?:\/\//.test(url)) throw bad('bad webhook: An HTTPS URL must be provided for webhook');
      const secret = call.params.secret_token === undefined ? '' : String(call.params.secret_token);
      if (secret && !/^[A-Za-z0-9_-]{1,256}$/.test(secret))
        throw bad('secret token contains unallowed characters');
      const allowed = Array.isArray(call.params.allowed_updates)
        ? call.params.allowed_updates.map(String)
        : (call.bot.webhook?.allowed_updates ?? call.bot.allowed_updates);
      call.bot.webhook = { url, secret_token: secret, allowed_updates: allowed };
      if (call.params.drop_pending_updates === true) inboxOf(call.bot).waiting = [];
      core.state.save('bot', call.bot);
      void deliver(call.bot, inboxOf(call.bot));
      return true;
    },
    deleteWebhook(call) {
      call.bot.webhook = null;
      if (call.params.drop_pending_updates === true) inboxOf(call.bot).waiting = [];
      core.state.save('bot', call.bot);
      return true;
    },
    getWebhookInfo(call) {
      const { webhook } = call.bot;
      const inbox = inboxOf(call.bot);
      return {
        url: webhook?.url ?? '',
        has_custom_certificate: false,
        pending_update_count: inbox.waiting.length,
        ...(inbox.lastError
          ? { last_error_date: Math.floor(Date.now() / 1000), last_error_message: inbox.lastError }
          : {}),
        ...(webhook && webhook.allowed_updates.length > 0
          ? { allowed_updates: webhook.allowed_updates }
          : {}),
      };
    },
    reset() {
      for (const inbox of inboxes.values()) inbox.wake?.(true);
      inboxes.clear();
    },
  };
  return updates;
}
