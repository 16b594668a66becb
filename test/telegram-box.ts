import { afterAll, beforeAll, beforeEach, expect } from 'bun:test';
import sharp from 'sharp';
import type { Sandbox } from '../src/sandbox/server.ts';
import { startSandbox } from '../src/sandbox/server.ts';
import type { Bot, Chat } from '../src/sandbox/state.ts';
import { checkTelegramAnswer, checkTelegramType } from '../src/sandbox/telegram/schema.ts';

export let box: Sandbox;
export let bot: Bot;
/** A second bot in the same places. */
export let witness: Bot;
/** A public channel. */
export let channel: Chat;
/** Its discussion group. */
export let group: Chat;

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field and checked against the schema.
export type Answer = any;

/** Starts a sandbox for a test file; every test gets new bots, a channel and its discussion group. */
export function useBox(options: Parameters<typeof startSandbox>[0] = {}): void {
  beforeAll(async () => {
    box = await startSandbox({ floodLimits: false, ...options });
  });
  afterAll(() => box.stop());
  beforeEach(() => {
    box.reset();
    bot = box.addBot({ username: 'herald_bot' });
    witness = box.addBot({ username: 'second_bot' });
    const admins = [{ bot: bot.id }, { bot: witness.id }];
    channel = box.addChat({ title: 'News', username: 'news', members: 1234, admins });
    const linked = { linked_chat_id: channel.id, admins };
    group = box.addChat({ title: 'Talk', type: 'supergroup', ...linked });
  });
}

export interface SentFile {
  name: string;
  bytes: Uint8Array;
}

/** Calls a method, as JSON or with files as a form; the answer is checked against the schema. */
export async function call(
  method: string,
  params: Record<string, unknown> = {},
  { token = bot.token, files = {} }: { token?: string; files?: Record<string, SentFile> } = {},
): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of Object.entries(params))
    form.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  for (const [name, { bytes, name: file }] of Object.entries(files))
    form.set(name, new Blob([new Uint8Array(bytes)]), file);
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(params) };
  const answer = await fetch(`${box.telegramRoot}/bot${token}/${method}`, {
    method: 'POST',
    ...(Object.keys(files).length > 0 ? { body: form } : json),
  });
  const value = (await answer.json()) as Answer;
  expect(answer.status).toBe(value.ok ? 200 : value.error_code);
  if (value.ok) expect(checkTelegramAnswer(method, value.result)).toBeUndefined();
  return value;
}

/** The result of a call that must succeed. */
export async function done(...given: Parameters<typeof call>): Promise<Answer> {
  const value = await call(...given);
  if (!value.ok) throw new Error(value.description);
  return value.result;
}

/** What a refused call is told. */
export async function refused(...given: Parameters<typeof call>): Promise<string> {
  const value = await call(...given);
  expect(value.ok).toBe(false);
  return value.description;
}

export function send(text: string, more: Record<string, unknown> = {}): Promise<Answer> {
  return done('sendMessage', { chat_id: channel.id, text, ...more });
}

/** All updates that wait for a bot, checked against the schema, and confirmed. */
export async function updatesOf(reader: Bot, allowed?: string[]): Promise<Answer[]> {
  const { token } = reader;
  const params = allowed ? { allowed_updates: allowed } : {};
  const updates: Answer[] = await done('getUpdates', params, { token });
  for (const update of updates) expect(checkTelegramType('Update', update)).toBeUndefined();
  const last = updates.at(-1)?.update_id;
  if (last !== undefined) await done('getUpdates', { offset: last + 1 }, { token });
  return updates;
}

/** Kinds of the updates that wait. */
export async function kindsOf(reader: Bot): Promise<string[]> {
  return (await updatesOf(reader)).map((update) => Object.keys(update)[1] ?? '');
}

export function jpeg(width = 60, height = 40, background = '#3578c8'): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}
