import { describe, expect, test } from 'bun:test';
import type { Json, Message } from '../src/networks/message.ts';
import type { Found, Place, Sought } from '../src/networks/network.ts';
import { telegram } from '../src/networks/telegram/telegram.ts';
import { item, message, poll } from './telegram-place.ts';
import {
  accessFor,
  chats,
  connectedTo,
  postsIn,
  publish,
  published,
  requestsOf,
  useTelegram,
  witness,
} from './telegram-way.ts';
import { failureOf, noViolation, pictures, sandbox } from './ways.ts';

useTelegram();

const text = 'words that are looked for';
const one = message({ text, entities: [{ type: 'bold', offset: 0, length: 5 }] });
const probing = () => ({ service_chat: chats.service, forward_probe: true });

async function look(place: Place, sought: Partial<Sought> = {}) {
  const asked = {
    message: one,
    sentAt: Date.now() - 2000,
    taken: new Set<string>(),
    newest: null,
    ...sought,
  };
  return requestsOf(async () => {
    const found = await telegram.find?.(accessFor(), place, asked);
    if (!found) throw new Error('no way');
    return found;
  });
}

const seenAt = (found: Found) => (found.kind === 'found' ? found.remoteId : found.kind);
const byOf = (found: Found) => ('by' in found ? (found.by ?? '') : '');

describe('looking on the public page', () => {
  test('finds a post whose answer was lost, without a call to the bot', async () => {
    const place = await connectedTo(chats.channel);
    expect(place.capabilities.find).toMatchObject({ available: true });
    sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
    expect((await failureOf(publish(place, one))).kind).toBe('unknown');
    const { value, methods } = await look(place);
    expect(value).toEqual({
      kind: 'found',
      remoteId: postsIn(chats.channel)[0]?.remote_id ?? '',
      remoteUrl: `https://t.me/our_diary/${postsIn(chats.channel)[0]?.remote_id}`,
      by: 'the public preview page',
    });
    expect(methods).toEqual(['page']);
  });

  test.each([
    ['a poll', () => message({ poll })],
    ['an image', () => message({ text: 'under', media: pictures.slice(0, 1) })],
    ['an album', () => message({ text: 'under', media: [...pictures.slice(0, 2), item('video')] })],
    ['documents', () => message({ media: [item('document', 'a'), item('document', 'b')] })],
    ['a voice message', () => message({ media: [item('voice')] })],
    [
      'quotes and code',
      () =>
        message({
          text: 'quoted\nafter\ncode\nend 😀',
          entities: [
            { type: 'blockquote', offset: 0, length: 6 },
            { type: 'pre', offset: 13, length: 4 },
          ],
        }),
    ],
  ])('finds %s', async (_, make) => {
    const place = await connectedTo(chats.channel);
    const { remoteId } = await published(place, make());
    expect(seenAt((await look(place, { message: make() })).value)).toBe(remoteId);
    noViolation();
  });

  test('takes for it neither older posts nor those of others, nor other words and files', async () => {
    const place = await connectedTo(chats.channel);
    const { remoteId } = await published(place, one);
    const kindOf = async (sought: Partial<Sought>) => (await look(place, sought)).value.kind;
    expect(await kindOf({ taken: new Set([remoteId]) })).toBe('unseen');
    expect(await kindOf({ newest: remoteId })).toBe('unseen');
    expect(await kindOf({ sentAt: Date.now() + 120_000 })).toBe('unseen');
    expect(await kindOf({ message: message({ text: `${text}!` }) })).toBe('unseen');
    expect(await kindOf({ message: { ...one, media: pictures.slice(0, 1) } })).toBe('unseen');
    await published(place, one);
    expect(await kindOf({})).toBe('ambiguous');
  });

  test('never says that a post is absent', async () => {
    const place = await connectedTo(chats.channel, { resend_when_absent: true });
    const { value } = await look(place);
    expect(value).toEqual({ kind: 'unseen', by: 'the public preview page' });
    sandbox.telegram.setChat({ chat: chats.channel, preview: false });
    expect((await look(place)).value).toEqual({
      kind: 'unseen',
      by: 'the public preview page (it could not be read)',
    });
  });

  test('is not asked where its owner does not want it, or there is none', async () => {
    for (const [chat, settings] of [
      [chats.channel, { preview_page: false }],
      [chats.other, {}],
      [chats.group, {}],
    ] as const) {
      const place = await connectedTo(chat, settings);
      expect(place.capabilities.find.available).toBe(false);
      expect(place.capabilities.find.without).not.toBeNull();
      const { value, methods } = await look(place);
      expect(value.kind).toBe('unseen');
      expect(methods).toEqual([]);
    }
  });
});

describe('looking by copies in the service chat', () => {
  async function prepared(settings: Record<string, Json> = {}, chat = chats.other) {
    const place = await connectedTo(chat, { ...probing(), ...settings });
    const { remoteId: newest } = await published(place, message({ text: 'before' }));
    return { place, newest };
  }
  const forwards = (methods: readonly string[]) =>
    methods.filter((method) => method === 'forwardMessage').length;

  test('finds a post, deletes the copies, and says what it did', async () => {
    const { place, newest } = await prepared();
    expect(place.capabilities.find).toMatchObject({ available: true });
    expect(place.capabilities.find.detail).toContain('forward counters');
    await published(place, message({ text: 'another' }));
    const { remoteId } = await published(place, one);
    const { value, methods } = await look(place, { newest });
    expect(value).toMatchObject({
      kind: 'found',
      remoteId,
      by: `copies of the messages ${Number(newest) + 1} to ${remoteId}`,
    });
    expect(methods).toEqual(['forwardMessage', 'forwardMessage', 'deleteMessages']);
    expect(postsIn(chats.service)).toEqual([]);
    noViolation();
  });

  test('finds an album as its several messages, and a poll', async () => {
    const { place, newest } = await prepared();
    const album = message({ text: 'under', media: [...pictures.slice(0, 2), item('video')] });
    const sent = await published(place, album);
    const found = (await look(place, { newest, message: album })).value;
    expect(found).toMatchObject({ kind: 'found', remoteId: sent.remoteId, remoteIds: sent.remoteIds });
    const asked = message({ poll });
    const { remoteId } = await published(place, asked);
    expect(seenAt((await look(place, { newest: sent.remoteId, message: asked })).value)).toBe(remoteId);
    expect(postsIn(chats.service)).toEqual([]);
    noViolation();
  });

  test('goes over holes and service messages, up to five numbers without a message', async () => {
    const { place, newest } = await prepared({ resend_when_absent: true });
    const send = async (count: number) => {
      for (let index = 0; index < count; index += 1) {
        const { remoteId } = await published(place, message({ text: `gone ${index}` }));
        sandbox.telegram.deleteByPerson({ chat: chats.other, message_id: Number(remoteId) });
      }
    };
    await send(4);
    const middle = await published(place, message({ text: 'in the middle' }));
    // Pinning leaves a message of Telegram's own.
    await telegram.pin?.(accessFor(), place, middle, true);
    const { remoteId } = await published(place, one);
    expect(seenAt((await look(place, { newest })).value)).toBe(remoteId);
    sandbox.telegram.deleteByPerson({ chat: chats.other, message_id: Number(remoteId) });
    await send(3);
    const late = await published(place, one);
    const { value, methods } = await look(place, { newest: String(Number(remoteId) - 1) });
    expect(seenAt(value)).toBe(late.remoteId);
    sandbox.telegram.deleteByPerson({ chat: chats.other, message_id: Number(late.remoteId) });
    await send(1);
    const beyond = await published(place, one);
    const searched = await look(place, { newest: String(Number(remoteId) - 1) });
    expect(searched.value.kind).toBe('absent');
    expect(forwards(searched.methods)).toBe(5);
    expect(seenAt((await look(place, { newest: String(Number(beyond.remoteId) - 1) })).value)).toBe(
      beyond.remoteId,
    );
    expect(methods.at(-1)).toBe('deleteMessage');
    noViolation();
  });

  test('says that it is absent only at the end of the messages, and only where that is wanted', async () => {
    const { place, newest } = await prepared();
    expect((await look(place, { newest })).value.kind).toBe('unseen');
    const wanted = await prepared({ resend_when_absent: true });
    const { value, methods } = await look(wanted.place, { newest: wanted.newest });
    expect(value).toEqual({
      kind: 'absent',
      by: `copies of the messages ${Number(wanted.newest) + 1} to ${Number(wanted.newest) + 5}`,
    });
    expect(methods).toEqual(Array.from({ length: 5 }, () => 'forwardMessage'));
    for (let index = 0; index < 10; index += 1) await published(place, message({ text: `busy ${index}` }));
    const busy = await look(wanted.place, { newest: wanted.newest });
    expect(busy.value.kind).toBe('unseen');
    expect(forwards(busy.methods)).toBe(10);
    expect(postsIn(chats.service)).toEqual([]);
  });

  test('puts the same words with other formatting to a person', async () => {
    const { place, newest } = await prepared({ resend_when_absent: true });
    const { remoteId } = await published(place, message({ text }));
    expect((await look(place, { newest })).value).toEqual({ kind: 'ambiguous', remoteIds: [remoteId] });
  });

  test('knows formatting again that Telegram wrote in another way', async () => {
    const { place, newest } = await prepared();
    const words = '  bold and both, a link to somebody #tag https://example.org\n';
    const at = (part: string) => ({ offset: words.indexOf(part), length: part.length });
    const written: Message = message({
      text: words,
      entities: [
        { type: 'bold', ...at('bold and both') },
        { type: 'italic', ...at('both, a') },
        { type: 'text_link', ...at('link'), url: 'https://Example.org' },
        { type: 'mention', ...at('somebody'), network: 'telegram', id: '77' },
      ],
    });
    const { remoteId } = await published(place, written);
    expect(seenAt((await look(place, { newest, message: written })).value)).toBe(remoteId);
  });

  test('does not copy what belongs to another publication, nor take an older message for it', async () => {
    const { place, newest } = await prepared();
    const { remoteId } = await published(place, one);
    const { value, methods } = await look(place, { newest, taken: new Set([remoteId]) });
    expect(value.kind).toBe('unseen');
    expect(forwards(methods)).toBe(5);
    sandbox.telegram.agePost({ chat: chats.other, message_id: Number(remoteId), seconds: 300 });
    expect((await look(place, { newest })).value.kind).toBe('unseen');
  });

  test('takes in a group only what the bot itself wrote', async () => {
    const { place, newest } = await prepared({}, chats.group);
    sandbox.postAsPerson({ network: 'telegram', place: chats.group, text });
    const plain = message({ text });
    expect((await look(place, { newest, message: plain })).value.kind).toBe('unseen');
    const { remoteId } = await published(place, plain);
    expect(seenAt((await look(place, { newest, message: plain })).value)).toBe(remoteId);
  });

  test('copies nothing where that is not possible, not wanted, or nothing is known to begin from', async () => {
    const { place, newest } = await prepared();
    const none = async (at: Place, sought: Partial<Sought>) => {
      const { value, methods } = await look(at, { newest, ...sought });
      expect(value.kind).toBe('unseen');
      expect(methods).toEqual([]);
    };
    await none(place, { newest: null });
    await none(place, { message: { ...one, options: { protect: true } } });
    await none({ ...place, details: { ...place.details, protect_content: true } }, {});
    await none({ ...place, settings: { ...place.settings, forward_probe: false } }, {});
    await none({ ...place, settings: { ...place.settings, service_chat: null } }, {});
    await none({ ...place, details: { ...place.details, chat_type: 'group' } }, {});
    sandbox.telegram.setChat({ chat: chats.other, protect_content: true });
    const guarded = await connectedTo(chats.other, probing());
    expect(guarded.capabilities.find).toMatchObject({ available: false });
    expect(guarded.capabilities.find.next_step).toContain('protected');
    await none(guarded, {});
  });

  test('begins after the newest post of the public page where nothing else is known', async () => {
    const place = await connectedTo(chats.channel, { ...probing(), resend_when_absent: true });
    const { remoteId } = await published(place, message({ text: 'before' }));
    sandbox.telegram.agePost({ chat: chats.channel, message_id: Number(remoteId), seconds: 300 });
    const { value } = await look(place);
    expect(value.kind).toBe('absent');
    expect(byOf(value)).toBe(
      `the public preview page and copies of the messages ${Number(remoteId) + 1} to ${Number(remoteId) + 5}`,
    );
  });

  test('cleans up and hands on when Telegram asks to wait', async () => {
    const { place, newest } = await prepared();
    await published(place, message({ text: 'another' }));
    await published(place, one);
    const action = { kind: 'telegram_429', retry_after: 3 } as const;
    let calls = 0;
    const access = accessFor(undefined, {
      pace: async () => {
        calls += 1;
        if (calls === 2) sandbox.fault({ network: 'telegram', method: 'forwardMessage', action });
      },
    });
    const sought = { message: one, sentAt: Date.now() - 2000, taken: new Set<string>(), newest };
    const failed = await failureOf(telegram.find?.(access, place, sought) ?? Promise.resolve());
    expect(failed).toMatchObject({ kind: 'limited', retryAfter: 3000 });
    expect(postsIn(chats.service)).toEqual([]);
  });
});

describe('ways to look at Telegram', () => {
  test('are told with what is missing for them', async () => {
    const about = async (chat: number, settings: Record<string, Json>, token?: string) => {
      const credentials = {
        bot_token: accessFor().credentials.bot_token,
        ...(token && { witness_token: token }),
      };
      return (await connectedTo(chat, settings, credentials)).capabilities.find;
    };
    expect((await about(chats.other, { forward_probe: true })).next_step).toContain('service_chat');
    const lost = await about(chats.other, { forward_probe: true, service_chat: -1009999999999 });
    expect(lost).toMatchObject({ available: false });
    expect(lost.next_step).toContain('not found');
    const same = await about(chats.other, { forward_probe: true, service_chat: chats.other });
    expect(same.next_step).toContain('another chat');
    const open = await about(chats.other, { forward_probe: true, service_chat: chats.channel });
    expect(open.next_step).toContain('public');
    expect((await about(chats.other, {}, witness.token)).next_step).toContain('administrator of the channel');
    sandbox.setRights({ chat: chats.other, bot: witness.id });
    expect(await about(chats.other, {}, witness.token)).toMatchObject({ available: true });
    expect((await about(chats.group, {}, witness.token)).next_step).toContain('do not hear each other');
    sandbox.revoke(witness.token);
    expect((await about(chats.other, {}, witness.token)).next_step).toContain('second bot');
  });

  test('leave a service chat unused that everybody could see', async () => {
    const place = await connectedTo(chats.other, { service_chat: chats.channel });
    expect(telegram.stages?.(place)).toBe(false);
    const run = telegram.stage?.(accessFor(), place, item('document')) ?? Promise.resolve();
    expect(await failureOf(run)).toMatchObject({ kind: 'rejected', code: 'no_service_chat' });
  });
});

describe('reading posts back', () => {
  test('sees text and files on the public page, older ones too, and says nothing of what it does not see', async () => {
    const place = await connectedTo(chats.channel);
    const album = await published(place, message({ text: 'under', media: pictures.slice(0, 2) }));
    const gone = await published(place, message({ text: 'gone' }));
    const edited = await published(place, message({ text: 'before' }));
    sandbox.telegram.deleteByPerson({ chat: chats.channel, message_id: Number(gone.remoteId) });
    sandbox.telegram.editByPerson({
      chat: chats.channel,
      message_id: Number(edited.remoteId),
      text: 'after',
    });
    for (let index = 0; index < 21; index += 1) await published(place, message({ text: `more ${index}` }));
    const last = await published(place, message({ text: 'a\n  b', entities: [] }));
    const targets = [last, album, gone, edited];
    const { value, methods } = await requestsOf(async () => telegram.read?.(accessFor(), place, targets));
    expect(value).toEqual([
      { kind: 'there', text: 'a\n  b', media: 0, pinned: null },
      { kind: 'there', text: 'under', media: 2, pinned: null },
      null,
      { kind: 'there', text: 'after', media: 0, pinned: null },
    ]);
    expect(methods.every((method) => method === 'page')).toBe(true);
    expect(methods.length).toBeLessThanOrEqual(4);
  });

  test('reads nothing where there is no page', async () => {
    const place = await connectedTo(chats.other);
    const target = await published(place, one);
    expect(await telegram.read?.(accessFor(), place, [target])).toEqual([null]);
    const open = await connectedTo(chats.channel);
    const shown = await published(open, one);
    sandbox.telegram.setChat({ chat: chats.channel, preview: false });
    expect(await telegram.read?.(accessFor(), open, [shown])).toEqual([null]);
  });
});
