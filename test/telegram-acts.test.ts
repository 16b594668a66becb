import { describe, expect, test } from 'bun:test';
import type { MediaItem, MediaKind, Message } from '../src/networks/message.ts';
import type { Place, Target } from '../src/networks/network.ts';
import { telegram } from '../src/networks/telegram/telegram.ts';
import type { FaultAction } from '../src/sandbox/faults.ts';
import { item, message, placeOf, poll } from './telegram-place.ts';
import {
  accessFor,
  bot,
  chats,
  connectedTo,
  postsIn,
  published,
  requestsOf,
  useTelegram,
} from './telegram-way.ts';
import { failureOf, noViolation, pictures, sandbox } from './ways.ts';

useTelegram();

function image(index = 0): MediaItem {
  const picture = pictures[index];
  if (!picture) throw new Error('no picture');
  return picture;
}

const edit = (place: Place, target: Target, after: Message, handles = new Map<string, string>()) =>
  requestsOf(async () => telegram.edit?.(accessFor(), place, target, after, handles));
const latest = (chat = chats.channel) => postsIn(chat)[0];

function refusedBy(error_code: number, description: string): FaultAction {
  return { kind: 'telegram_error', error_code, description };
}

describe('editing at Telegram', () => {
  test('changes text, formatting, preview and buttons, and may be repeated', async () => {
    const place = await connectedTo(chats.channel);
    const target = await published(place, message({ text: 'before', options: { silent: true } }));
    const buttons = [[{ text: 'Read', url: 'https://example.org/a' }]];
    const after = message({
      text: 'after',
      entities: [{ type: 'bold', offset: 0, length: 5 }],
      options: { buttons, link_preview: { disabled: true } },
    });
    for (let round = 0; round < 2; round += 1) {
      expect((await edit(place, target, after)).methods).toEqual(['editMessageText']);
      expect(latest()).toMatchObject({ text: 'after', buttons, edited: true });
      expect(latest()?.entities).toContainEqual({ type: 'bold', offset: 0, length: 5 });
    }
    // Without buttons they go.
    await edit(place, target, message({ text: 'after' }));
    expect(latest()).toMatchObject({ text: 'after', buttons: [], entities: [] });
    noViolation();
  });

  test('changes a caption, and swaps a file for one of another kind', async () => {
    const place = await connectedTo(chats.channel);
    const target = await published(place, message({ text: 'before', media: [image()] }));
    const sameFile = message({ text: 'after', media: [image()] });
    expect((await edit(place, target, sameFile)).methods).toEqual(['editMessageCaption']);
    expect(latest()).toMatchObject({ text: 'after' });
    const video = message({ text: 'moving', media: [item('video')] });
    for (let round = 0; round < 2; round += 1) {
      expect((await edit(place, target, video)).methods).toEqual(['editMessageMedia']);
      expect(latest()).toMatchObject({ text: 'moving' });
      expect(latest()?.media[0]).toMatchObject({ kind: 'video', sha256: video.media[0]?.sha256 ?? '' });
    }
    await edit(place, { ...target, live: telegram.live(video, place) }, message({ media: [item('video')] }));
    expect(latest()).toMatchObject({ text: '' });
    noViolation();
  });

  test('uses a handle for the new file where there is one', async () => {
    const place = await connectedTo(chats.channel, { service_chat: chats.service });
    const target = await published(place, message({ media: [image()] }));
    const staged = await telegram.stage?.(accessFor(), place, image(1));
    const lost = { ...image(1), open: () => Promise.reject(new Error('lost')) };
    await edit(place, target, message({ media: [lost] }), new Map([[lost.id, staged?.handle ?? '']]));
    expect(latest()?.media[0]?.sha256).toBe(lost.sha256);
    noViolation();
  });

  test('gives a text a file', async () => {
    const place = await connectedTo(chats.channel);
    const target = await published(place, message({ text: 'before' }));
    const after = message({ text: 'with it', media: [item('document')] });
    expect(telegram.editProblems?.(target, after, place)).toEqual([]);
    expect((await edit(place, target, after)).methods).toEqual(['editMessageMedia']);
    expect(latest()?.media[0]?.kind).toBe('document');
    noViolation();
  });

  test('changes the caption and single files of an album', async () => {
    const place = await connectedTo(chats.channel);
    const media = [image(0), image(1), image(2)];
    const target = await published(place, message({ text: 'before', media }));
    const after = message({ text: 'after', media: [image(0), image(3), image(2)] });
    expect((await edit(place, target, after)).methods).toEqual(['editMessageCaption', 'editMessageMedia']);
    expect(latest()).toMatchObject({ text: 'after' });
    expect(latest()?.media.map(({ sha256 }) => sha256)).toEqual(after.media.map(({ sha256 }) => sha256));
    const first = message({ text: 'again', media: [item('video'), image(1), image(2)] });
    expect((await edit(place, target, first)).methods).toEqual(['editMessageMedia']);
    expect(latest()).toMatchObject({ text: 'again' });
    noViolation();
  });

  const live = (media: readonly [string, MediaKind][], changes: Partial<Target> = {}): Target => ({
    remoteId: '5',
    remoteIds: media.length > 1 ? media.map((_, index) => String(5 + index)) : ['5'],
    live: { text: 'a', media: media.map(([id, kind]) => ({ id, kind })), poll: false, comments: null },
    ...changes,
  });
  const text = live([]);
  const question = { ...text, live: { ...text.live, poll: true } };
  test.each([
    ['a poll', question, message({ text: 'a' }), ['poll_is_final']],
    ['a poll into another', question, message({ poll }), ['poll_is_final']],
    ['a text into a poll', text, message({ poll }), ['poll_is_final']],
    [
      'a text into an album',
      text,
      message({ media: [item('image', 'a'), item('image', 'b')] }),
      ['album_from_text'],
    ],
    ['a text into a voice message', text, message({ media: [item('voice')] }), ['voice_is_final']],
    ['a file into a text', live([['a', 'image']]), message({ text: 'a' }), ['file_needed']],
    [
      'a file into an album',
      live([['a', 'image']]),
      message({ media: [item('image', 'a'), item('image', 'b')] }),
      ['count_is_final'],
    ],
    [
      'the count of an album',
      live([
        ['a', 'image'],
        ['b', 'image'],
      ]),
      message({ media: [item('image', 'a')] }),
      ['count_is_final'],
    ],
    [
      'the kind in an album',
      live([
        ['a', 'document'],
        ['b', 'document'],
      ]),
      message({ media: [item('audio', 'x'), item('audio', 'y')] }),
      ['other_kind', 'other_kind'],
    ],
    ['a voice message', live([['a', 'voice']]), message({ media: [item('audio')] }), ['voice_is_final']],
    [
      'a file of an album without its number',
      live(
        [
          ['a', 'image'],
          ['b', 'image'],
        ],
        { remoteIds: ['5'] },
      ),
      message({ media: [item('image', 'a'), item('image', 'c')] }),
      ['ids_unknown'],
    ],
    ['into nothing', text, message({ text: ' ' }), ['empty']],
  ] as [string, Target, Message, string[]][])('cannot change %s', async (_, target, after, codes) => {
    const place = placeOf();
    expect(telegram.editProblems?.(target, after, place).map(({ code }) => code)).toEqual(codes);
    const { rows } = await requestsOf(async () => {
      const run = telegram.edit?.(accessFor(), place, target, after, new Map()) ?? Promise.resolve();
      expect(await failureOf(run)).toMatchObject({ kind: 'rejected', code: codes[0] });
    });
    expect(rows).toEqual([]);
  });

  test('can change what stays as it is', () => {
    const place = placeOf();
    const same: [Target, Message][] = [
      [live([['voice', 'voice']]), message({ text: 'b', media: [item('voice')] })],
      [
        live([
          ['a', 'image'],
          ['b', 'video'],
        ]),
        message({ media: [item('video', 'c'), item('image', 'd')] }),
      ],
      [
        live(
          [
            ['a', 'image'],
            ['b', 'image'],
          ],
          { remoteIds: ['5'] },
        ),
        message({ text: 'b', media: [item('image', 'a'), item('image', 'b')] }),
      ],
    ];
    for (const [target, after] of same) expect(telegram.editProblems?.(target, after, place)).toEqual([]);
  });

  test('says that a message is gone', async () => {
    const place = await connectedTo(chats.channel);
    const target = await published(place, message({ text: 'a' }));
    await telegram.remove?.(accessFor(), place, target);
    const failed = await failureOf(
      telegram.edit?.(accessFor(), place, target, message({ text: 'b' }), new Map()) ?? Promise.resolve(),
    );
    expect(failed).toMatchObject({ kind: 'rejected', code: 'message_gone' });
  });
});

describe('deleting and pinning at Telegram', () => {
  test('deletes a message or a whole album once, and again without harm', async () => {
    const place = await connectedTo(chats.channel);
    for (const media of [[], [image(0), image(1), image(2)]]) {
      const target = await published(place, message({ text: 'a', media }));
      for (let round = 0; round < 2; round += 1) {
        const { methods } = await requestsOf(async () => telegram.remove?.(accessFor(), place, target));
        expect(methods).toEqual([media.length > 1 ? 'deleteMessages' : 'deleteMessage']);
        expect(postsIn(chats.channel)).toEqual([]);
      }
    }
    noViolation();
  });

  test('says plainly when Telegram does not let it be deleted any more', async () => {
    const place = await connectedTo(chats.channel);
    const target = await published(place, message({ text: 'a' }));
    const action = refusedBy(400, "Bad Request: message can't be deleted for everyone");
    sandbox.fault({ network: 'telegram', method: 'deleteMessage', action });
    const failed = await failureOf(telegram.remove?.(accessFor(), place, target) ?? Promise.resolve());
    expect(failed).toMatchObject({ kind: 'rejected', code: 'not_deletable' });
    expect(failed.message).toContain('48 hours');
    expect(failed.nextStep).toContain('Delete messages');
  });

  test('pins and unpins, and again without harm', async () => {
    const place = await connectedTo(chats.channel);
    expect(place.capabilities.pin.available).toBe(true);
    const target = await published(place, message({ text: 'a' }));
    for (const pinned of ['silent', true, true, false, false] as const) {
      const { methods } = await requestsOf(async () => telegram.pin?.(accessFor(), place, target, pinned));
      expect(methods).toEqual([pinned === false ? 'unpinChatMessage' : 'pinChatMessage']);
      expect(postsIn(chats.channel).find((post) => post.text === 'a')?.pinned).toBe(pinned !== false);
    }
    await telegram.remove?.(accessFor(), place, target);
    await telegram.pin?.(accessFor(), place, target, false);
    const failed = await failureOf(telegram.pin?.(accessFor(), place, target, true) ?? Promise.resolve());
    expect(failed.code).toBe('message_gone');
    noViolation();
  });

  test.each([
    ['channel', { can_edit_messages: false }, 'Edit messages'],
    ['group', { can_pin_messages: false }, 'Pin messages'],
  ] as const)('names the right that pins in a %s', async (where, rights, named) => {
    const chat = chats[where];
    sandbox.setRights({ chat, bot: bot.id, rights });
    const place = await connectedTo(chat);
    expect(place.capabilities.pin).toMatchObject({ available: false });
    expect(place.capabilities.pin.next_step).toContain(named);
    expect(place.capabilities.pin.without).not.toBeNull();
    const target = await published(place, message({ text: 'a' }));
    const failed = await failureOf(telegram.pin?.(accessFor(), place, target, true) ?? Promise.resolve());
    expect(failed).toMatchObject({ kind: 'rejected', code: 'no_pin_right' });
    expect(failed.nextStep).toContain(named);
  });
});

describe('commenting at Telegram', () => {
  const words = { text: 'first!', entities: [{ type: 'bold' as const, offset: 0, length: 5 }] };
  const say = (place: Place, target: Target, thread: string | null) =>
    telegram.comment?.(accessFor(), place, target, words, thread, 'key') ??
    Promise.reject(new Error('no way'));

  test('answers the copy of a post in the linked group, and can edit and delete it there', async () => {
    const place = await connectedTo(chats.channel);
    expect(place.capabilities.comments).toMatchObject({ available: true });
    expect(place.details.linked_chat_id).toBe(chats.linked);
    const target = await published(place, message({ text: 'the post' }));
    const copy = latest(chats.linked);
    expect(copy?.text).toBe('the post');
    const { value: sent, methods } = await requestsOf(() =>
      say(place, target, `${chats.linked}:${copy?.remote_id}`),
    );
    expect(methods).toEqual(['sendMessage']);
    expect(sent.remoteId).toBe(`${chats.linked}:${latest(chats.linked)?.remote_id}`);
    expect(sent.remoteUrl).toBe(
      `https://t.me/our_diary/${target.remoteId}?comment=${latest(chats.linked)?.remote_id}`,
    );
    expect(latest(chats.linked)).toMatchObject({ text: 'first!' });
    const id = sent.remoteId ?? '';
    const own: Target = {
      remoteId: id,
      remoteIds: [id],
      live: { text: 'first!', media: [], poll: false, comments: target.remoteId },
    };
    await edit(place, own, message({ text: 'second' }));
    expect(latest(chats.linked)).toMatchObject({ text: 'second' });
    await telegram.remove?.(accessFor(), place, own);
    expect(latest(chats.linked)?.text).toBe('the post');
    expect(latest()?.text).toBe('the post');
    noViolation();
  });

  test('sends nothing where it does not know the copy, or comments are turned off', async () => {
    const place = await connectedTo(chats.channel);
    const off = await connectedTo(chats.channel, { comments_in_linked_group: false });
    expect(off.capabilities.comments.available).toBe(false);
    const target = await published(place, message({ text: 'the post' }));
    const { rows } = await requestsOf(async () => {
      expect(await failureOf(say(place, target, null))).toMatchObject({ code: 'no_thread' });
      expect(await failureOf(say(off, target, `${chats.linked}:1`))).toMatchObject({ code: 'comments_off' });
    });
    expect(rows).toEqual([]);
  });

  test('comments nothing when the copy is gone', async () => {
    const place = await connectedTo(chats.channel);
    const target = await published(place, message({ text: 'the post' }));
    expect(await failureOf(say(place, target, `${chats.linked}:999`))).toMatchObject({
      kind: 'rejected',
      code: 'message_gone',
    });
  });

  test('answers the message itself in a group', async () => {
    const place = await connectedTo(chats.group);
    const target = await published(place, message({ text: 'the post' }));
    const sent = await say(place, target, null);
    expect(sent.remoteId).toBe(latest(chats.group)?.remote_id ?? '');
    expect(latest(chats.group)?.text).toBe('first!');
    noViolation();
  });
});
