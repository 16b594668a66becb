import { describe, expect, test } from 'bun:test';
import type { Json } from '../src/networks/message.ts';
import { capabilityNames } from '../src/networks/network.ts';
import { telegram } from '../src/networks/telegram/telegram.ts';
import { item, message, poll } from './telegram-place.ts';
import {
  accessFor,
  bot,
  chats,
  connectedTo,
  publish,
  requestsOf,
  useTelegram,
  witness,
} from './telegram-way.ts';
import { failureOf, noViolation, sandbox } from './ways.ts';

useTelegram();

describe('connecting Telegram', () => {
  test('tells every capability with what is missing and what works without it, by reads alone', async () => {
    const credentials = { bot_token: bot.token, witness_token: witness.token };
    const { value, methods } = await requestsOf(() =>
      connectedTo(chats.channel, { service_chat: chats.service, forward_probe: true }, credentials),
    );
    expect(Object.keys(value.capabilities).sort()).toEqual([...capabilityNames].sort());
    for (const { available, detail, without, next_step } of Object.values(value.capabilities)) {
      expect(detail).not.toBe('');
      expect(available ? without : (without ?? '') === '').toBe(available ? null : false);
      if (available) expect(next_step).toBeNull();
    }
    expect(methods.every((method) => method.startsWith('get'))).toBe(true);
    expect(value.details).toMatchObject({
      chat_type: 'channel',
      username: 'our_diary',
      bot_id: bot.id,
      bot_username: 'poster_bot',
      linked_chat_id: chats.linked,
      is_forum: false,
      protect_content: false,
      files_most: 52_428_800,
      service_chat_ready: true,
      witness_ready: false,
    });
    const told = JSON.stringify({ ...value, avatar: null });
    for (const { token } of [bot, witness]) expect(told).not.toContain(token.slice(-12));
    noViolation();
  });

  test('takes files of 2000 MB where the Bot API server is the own one', async () => {
    const access = accessFor(undefined, { roots: { local: 'true' } });
    const { details } = await telegram.connect(access, String(chats.channel), {});
    expect(details.files_most).toBe(2_097_152_000);
  });

  const denied: [string, string, string, () => Parameters<typeof message>[0]][] = [
    ['can_send_photos', 'images', 'image', () => ({ media: [item('image')] })],
    ['can_send_documents', 'documents', 'document', () => ({ media: [item('document')] })],
    ['can_send_polls', 'polls', 'poll', () => ({ poll })],
  ];
  test.each(denied)(
    'knows what members of a group may not send: %s',
    async (permission, capability, right, make) => {
      sandbox.setRights({ chat: chats.group, bot: bot.id, status: 'member' });
      sandbox.telegram.setChat({ chat: chats.group, permissions: { [permission]: false } });
      const place = await connectedTo(chats.group);
      expect((place.details.rights as Record<string, Json>)[right]).toBe(false);
      const found = place.capabilities[capability as 'images'];
      expect(found).toMatchObject({ available: false });
      expect(found.next_step).toContain('administrator');
      expect((await failureOf(publish(place, message(make())))).code).toBe(`${capability}_unavailable`);
      sandbox.setRights({ chat: chats.group, bot: bot.id });
      expect((await connectedTo(chats.group)).capabilities[capability as 'images'].available).toBe(true);
    },
  );

  test('knows kinds of one capability apart', async () => {
    sandbox.setRights({ chat: chats.group, bot: bot.id, status: 'member' });
    sandbox.telegram.setChat({
      chat: chats.group,
      permissions: { can_send_other_messages: false, can_send_audios: false },
    });
    const place = await connectedTo(chats.group);
    expect(place.capabilities.video).toMatchObject({ available: true });
    expect(place.capabilities.video.detail).toContain('Animations are not allowed');
    expect(place.capabilities.audio.detail).toContain('Audio files are not allowed');
    const codesOf = (kind: 'animation' | 'audio' | 'video' | 'voice') =>
      telegram.compose(message({ media: [item(kind)] }), place).problems.map(({ code }) => code);
    expect([codesOf('animation'), codesOf('audio')]).toEqual([['not_allowed'], ['not_allowed']]);
    expect([codesOf('video'), codesOf('voice')]).toEqual([[], []]);
  });

  test('knows a discussion group where it may not write, and a channel without one', async () => {
    expect((await connectedTo(chats.other)).capabilities.comments).toMatchObject({ available: false });
    sandbox.setRights({ chat: chats.linked, bot: bot.id, status: 'left' });
    const place = await connectedTo(chats.channel);
    expect(place.capabilities.comments).toMatchObject({ available: false });
    expect(place.capabilities.comments.next_step).toContain('linked group');
  });

  test('tells topics of a group, and posts into one', async () => {
    sandbox.telegram.setChat({ chat: chats.group, is_forum: true });
    const topic = sandbox.telegram.createTopic({ chat: chats.group, name: 'News' });
    const place = await connectedTo(chats.group);
    expect(place.details.is_forum).toBe(true);
    for (const into of [topic, 1]) {
      const { remoteId } = await publish(place, message({ text: 'a', options: { topic: into } }));
      expect(remoteId).not.toBeNull();
    }
    const failed = await failureOf(publish(place, message({ text: 'a', options: { topic: 999 } })));
    expect(failed).toMatchObject({ kind: 'rejected' });
    expect(failed.message).toContain('topic');
    sandbox.telegram.setTopic({ chat: chats.group, thread: topic, closed: true });
    sandbox.setRights({ chat: chats.group, bot: bot.id, status: 'member' });
    const closed = await failureOf(publish(place, message({ text: 'a', options: { topic } })));
    expect(closed.message).toContain('closed');
    noViolation();
  });

  test('tells a chat that is protected from being forwarded', async () => {
    sandbox.telegram.setChat({ chat: chats.other, protect_content: true });
    expect((await connectedTo(chats.other)).details.protect_content).toBe(true);
  });

  test('does not take a moment without an answer for a missing service chat', async () => {
    sandbox.fault({
      network: 'telegram',
      method: 'getChat',
      match: { chat_id: chats.service },
      action: { kind: 'drop_before' },
    });
    const failed = await failureOf(connectedTo(chats.channel, { service_chat: chats.service }));
    expect(failed.kind).toBe('unknown');
  });
});
