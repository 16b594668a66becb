import type { Core } from '../core.ts';
import type { Bot, Chat, Update } from '../state.ts';
import { queueOf } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, Refusal, shownTo } from './call.ts';

/** What bots get unless they name it in `allowed_updates`. */
const NAMED_ONLY = new Set(['chat_member', 'message_reaction', 'message_reaction_count']);
const WEBHOOK_DEADLINE_MS = 30_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
const LONGEST_POLL_SECONDS = 50;

interface Inbox {
  /** Ends the long poll in progress; `false` = another one took over. */
  wake: ((mine: boolean) => void) | undefined;
  /** Ends the delivery in progress, with its waiting. */
  delivery: AbortController | undefined;
  lastError: { at: number; text: string } | undefined;
}

export interface Updates {
  push(bot: Bot, kind: string, content: unknown): void;
  /** To every bot that is an administrator of the chat. */
  pushToAdmins(chat: Chat, kind: string, content: unknown): void;
  getUpdates(call: TelegramCall): Promise<unknown>;
  setWebhook(call: TelegramCall): unknown;
  deleteWebhook(call: TelegramCall): unknown;
  getWebhookInfo(call: TelegramCall): unknown;
  /** Gives up what waits, as the server does after a day. */
  forget(bot: Bot): void;
  /** Goes on with webhooks that were set before a restart. */
  resume(): void;
  reset(): void;
}

/** Incoming updates of the bots: by long poll, or posted to a webhook in their order. Kept until they are confirmed. */
export function createUpdates(core: Core): Updates {
  const { state } = core;
  const inboxes = new Map<number, Inbox>();

  function inboxOf(bot: Bot): Inbox {
    let inbox = inboxes.get(bot.id);
    if (!inbox) {
      inbox = { wake: undefined, delivery: undefined, lastError: undefined };
      inboxes.set(bot.id, inbox);
    }
    return inbox;
  }

  function confirm(bot: Bot, update_id: number): void {
    const first = waitingFor(bot)[0];
    if (first && first.update_id <= update_id) state.save('confirmed', { bot: bot.id, update_id });
  }

  async function deliver(bot: Bot, inbox: Inbox): Promise<void> {
    if (inbox.delivery) return;
    const delivery = new AbortController();
    inbox.delivery = delivery;
    let wait = FIRST_WAIT_MS;
    for (;;) {
      const update = waitingFor(bot)[0];
      if (!bot.webhook || !update || delivery.signal.aborted) break;
      const wrong = await post(bot.webhook, update, delivery.signal);
      if (delivery.signal.aborted) break;
      if (wrong === undefined) {
        confirm(bot, update.update_id);
        wait = FIRST_WAIT_MS;
        continue;
      }
      inbox.lastError = { at: Math.floor(Date.now() / 1000), text: wrong };
      await pause(wait, delivery.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
    if (inbox.delivery === delivery) inbox.delivery = undefined;
  }

  function stop(inbox: Inbox): void {
    inbox.delivery?.abort();
    inbox.delivery = undefined;
  }

  function waitingFor(bot: Bot): Update[] {
    return queueOf(state, bot.id).waiting;
  }

  const updates: Updates = {
    push(bot, kind, content) {
      const allowed = bot.allowed_updates;
      if (allowed.length > 0 ? !allowed.includes(kind) : NAMED_ONLY.has(kind)) return;
      const update_id = queueOf(state, bot.id).last + 1;
      state.save('update', { bot: bot.id, update: { update_id, [kind]: shownTo(bot, content) } });
      const inbox = inboxOf(bot);
      if (bot.webhook) void deliver(bot, inbox);
      else inbox.wake?.(true);
    },
    pushToAdmins(chat, kind, content) {
      for (const bot of state.bots.values())
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
      if (Array.isArray(params.allowed_updates)) {
        bot.allowed_updates = params.allowed_updates.map(String);
        state.save('bot', bot);
      }
      const inbox = inboxOf(bot);
      const offset = Number(params.offset ?? 0);
      const waiting = waitingFor(bot);
      // A negative offset keeps that many of the newest.
      const kept = offset < 0 ? waiting.at(offset) : undefined;
      if (offset > 0) confirm(bot, offset - 1);
      if (kept) confirm(bot, kept.update_id - 1);
      inbox.wake?.(false);
      const seconds = Math.min(Number(params.timeout ?? 0), LONGEST_POLL_SECONDS);
      if (waitingFor(bot).length === 0 && seconds > 0) await longPoll(inbox, seconds);
      return waitingFor(bot).slice(0, Math.min(Math.max(Number(params.limit ?? 100), 1), 100));
    },
    setWebhook(call) {
      const { bot, params } = call;
      const url = String(params.url ?? '');
      if (!url) return updates.deleteWebhook(call);
      if (!/^https?:\/\//.test(url)) throw bad('bad webhook: An HTTPS URL must be provided for webhook');
      const secret = params.secret_token === undefined ? '' : String(params.secret_token);
      if (secret && !/^[A-Za-z0-9_-]{1,256}$/.test(secret))
        throw bad('secret token contains unallowed characters');
      if (Array.isArray(params.allowed_updates)) bot.allowed_updates = params.allowed_updates.map(String);
      bot.webhook = { url, secret_token: secret, allowed_updates: bot.allowed_updates };
      const inbox = inboxOf(bot);
      stop(inbox);
      inbox.lastError = undefined;
      if (params.drop_pending_updates === true) updates.forget(bot);
      state.save('bot', bot);
      void deliver(bot, inbox);
      return true;
    },
    deleteWebhook(call) {
      call.bot.webhook = null;
      stop(inboxOf(call.bot));
      if (call.params.drop_pending_updates === true) updates.forget(call.bot);
      state.save('bot', call.bot);
      return true;
    },
    getWebhookInfo(call) {
      const { webhook, allowed_updates } = call.bot;
      const { lastError } = inboxOf(call.bot);
      return {
        url: webhook?.url ?? '',
        has_custom_certificate: false,
        pending_update_count: waitingFor(call.bot).length,
        ...(webhook ? { max_connections: 40 } : {}),
        ...(webhook && lastError
          ? { last_error_date: lastError.at, last_error_message: lastError.text }
          : {}),
        ...(allowed_updates.length > 0 ? { allowed_updates } : {}),
      };
    },
    forget(bot) {
      confirm(bot, queueOf(state, bot.id).last);
    },
    resume() {
      for (const bot of state.bots.values()) if (bot.webhook) void deliver(bot, inboxOf(bot));
    },
    reset() {
      for (const inbox of inboxes.values()) {
        stop(inbox);
        inbox.wake?.(true);
      }
      inboxes.clear();
    },
  };

  async function longPoll(inbox: Inbox, seconds: number): Promise<void> {
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

  return updates;
}

/** Posts one update; says what went wrong. */
async function post(
  webhook: { url: string; secret_token: string },
  update: Update,
  stopped: AbortSignal,
): Promise<string | undefined> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (webhook.secret_token) headers['x-telegram-bot-api-secret-token'] = webhook.secret_token;
  try {
    const answer = await fetch(webhook.url, {
      method: 'POST',
      headers,
      body: JSON.stringify(update),
      signal: AbortSignal.any([stopped, AbortSignal.timeout(WEBHOOK_DEADLINE_MS)]),
    });
    await answer.arrayBuffer();
    return answer.ok ? undefined : `Wrong response from the webhook: ${answer.status} ${answer.statusText}`;
  } catch (error) {
    return error instanceof Error ? error.message : 'Connection failed';
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
