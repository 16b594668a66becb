import type { CallRecord, Core, Reply } from '../core.ts';
import { note } from '../core.ts';
import type { ParsedBody } from '../request.ts';
import type { Bot } from '../state.ts';
import type { TelegramActs } from './acts.ts';
import { createTelegramActs } from './acts.ts';
import type { TelegramCall } from './call.ts';
import { json, Refusal, refusalReply, shownTo, unsupported } from './call.ts';
import {
  answerCallbackQuery,
  createChatInviteLink,
  getChat,
  getChatAdministrators,
  getChatMember,
  getChatMemberCount,
  getFile,
  getMe,
  leaveChat,
  sendChatAction,
} from './chats.ts';
import { copyMessage, copyMessages, forwardMessage, forwardMessages } from './copies.ts';
import {
  deleteMessage,
  deleteMessages,
  editMessageCaption,
  editMessageMedia,
  editMessageReplyMarkup,
  editMessageText,
  pinChatMessage,
  unpinChatMessage,
} from './edits.ts';
import { createFloodGuard } from './flood.ts';
import { sendPoll, stopPoll } from './polls.ts';
import { publicPage } from './preview.ts';
import { checkTelegramCall, telegramMethodName } from './schema.ts';
import { sendMediaGroup, sendMessage, sendOneMedia } from './send.ts';
import type { Updates } from './updates.ts';
import { createUpdates } from './updates.ts';

export interface TelegramApi {
  /** Answers one call; `token` and `method` are those of the address. */
  answer(token: string, method: string, body: ParsedBody, record: CallRecord): Promise<Reply>;
  /** Answers a download; `path` is the `file_path` that getFile gave. */
  download(token: string, path: string): Reply;
  /** Answers a page of the public web; `path` is what follows the base address. */
  page(path: string, query: string): Reply;
  updates: Updates;
  acts: TelegramActs;
  reset(): void;
}

const WELL_FORMED = /^\d{5,16}:[A-Za-z0-9_-]{30,64}$/;

export function isTelegramToken(token: string): boolean {
  return WELL_FORMED.test(token);
}

/** Stands for `https://t.me`. */
export function telegramPagesOf(core: Core): string {
  return `${core.url}/t.me`;
}

/** The stand-in for the Bot API: https://core.telegram.org/bots/api. */
export function createTelegramApi(core: Core): TelegramApi {
  const updates = createUpdates(core);
  const flood = createFloodGuard();

  const handlers: Record<string, (call: TelegramCall) => unknown> = {
    getMe,
    getChat,
    getChatMember,
    getChatMemberCount,
    getChatAdministrators,
    getFile,
    getUpdates: updates.getUpdates,
    setWebhook: updates.setWebhook,
    deleteWebhook: updates.deleteWebhook,
    getWebhookInfo: updates.getWebhookInfo,
    sendMessage: (call) => sendMessage(call, flood),
    sendPhoto: (call) => sendOneMedia(call, flood, 'photo'),
    sendVideo: (call) => sendOneMedia(call, flood, 'video'),
    sendAnimation: (call) => sendOneMedia(call, flood, 'animation'),
    sendDocument: (call) => sendOneMedia(call, flood, 'document'),
    sendAudio: (call) => sendOneMedia(call, flood, 'audio'),
    sendVoice: (call) => sendOneMedia(call, flood, 'voice'),
    sendPoll: (call) => sendPoll(call, flood),
    stopPoll,
    sendChatAction,
    sendMediaGroup: (call) => sendMediaGroup(call, flood),
    editMessageText,
    editMessageCaption,
    editMessageMedia,
    editMessageReplyMarkup,
    deleteMessage,
    deleteMessages,
    pinChatMessage,
    unpinChatMessage,
    forwardMessage: (call) => forwardMessage(call, flood),
    forwardMessages: (call) => forwardMessages(call, flood),
    copyMessage: (call) => copyMessage(call, flood),
    copyMessages: (call) => copyMessages(call, flood),
    answerCallbackQuery,
    createChatInviteLink,
    leaveChat,
    setMyCommands: () => true,
  };

  function botOf(token: string): Bot {
    if (!WELL_FORMED.test(token)) throw new Refusal(404, 'Not Found');
    const bot = core.state.bots.get(token);
    if (!bot || bot.revoked) throw new Refusal(401, 'Unauthorized');
    return bot;
  }

  async function result(
    token: string,
    method: string,
    body: ParsedBody,
    record: CallRecord,
  ): Promise<unknown> {
    const bot = botOf(token);
    record.token_id = String(bot.id);
    const name = telegramMethodName(method);
    if (!name) {
      note(core, record, 'schema_violation', `unknown method ${method}`);
      throw new Refusal(404, 'Not Found: method not found');
    }
    record.method = name;
    record.place = body.params.chat_id === undefined ? '' : String(body.params.chat_id);
    const wrong = checkTelegramCall(name, body.params, body.files, body.textual);
    if (wrong) {
      note(core, record, 'schema_violation', wrong);
      throw new Refusal(400, `Bad Request: ${wrong}`);
    }
    const handler = handlers[name];
    if (!handler) throw unsupported(name);
    const value = await handler({ core, updates, bot, params: body.params, files: body.files, record });
    // Updates were made for their bot when they came.
    return name === 'getUpdates' ? value : shownTo(bot, value);
  }

  return {
    updates,
    acts: createTelegramActs({ core, updates }),
    page: (path, query) => publicPage(core, telegramPagesOf(core), path, query),
    async answer(token, method, body, record) {
      try {
        const value = await result(token, method, body, record);
        return json(200, { ok: true, result: value });
      } catch (error) {
        if (error instanceof Refusal) return refusalReply(error);
        throw error;
      }
    },
    download(token, path) {
      try {
        botOf(token);
      } catch (error) {
        if (error instanceof Refusal) return refusalReply(error);
        throw error;
      }
      const file = core.state.files.get(/([0-9a-f]{32})\.\w+$/.exec(path)?.[1] ?? '');
      const bytes = file && core.state.bytesOf(file);
      if (!file || !bytes) return refusalReply(new Refusal(404, 'Not Found'));
      return { status: 200, type: 'application/octet-stream', body: bytes, outcome: '200' };
    },
    reset() {
      flood.reset();
      updates.reset();
    },
  };
}
