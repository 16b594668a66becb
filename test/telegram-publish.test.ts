import { describe, expect, test } from 'bun:test';
import type { MediaItem, MediaKind, Message } from '../src/networks/message.ts';
import { telegram } from '../src/networks/telegram/telegram.ts';
import { item, message, poll } from './telegram-place.ts';
import {
  accessFor,
  chats,
  connectedTo,
  postsIn,
  publish,
  requestsOf,
  useTelegram,
  witness,
} from './telegram-way.ts';
import { failureOf, noViolation, pictures, sandbox, secretText } from './ways.ts';

useTelegram();

const kinds: readonly MediaKind[] = ['image', 'video', 'animation', 'audio', 'voice', 'document'];
const shown: Readonly<Record<MediaKind, string>> = {
  image: 'photo',
  video: 'video',
  animation: 'animation',
  audio: 'audio',
  voice: 'voice',
  document: 'document',
};

/** A file of a kind that the network takes; images have to be real ones. */
function file(kind: MediaKind, id: string = kind): MediaItem {
  const picture = pictures[id.length % pictures.length];
  if (kind !== 'image') return item(kind, id);
  if (!picture) throw new Error('no picture');
  return { ...picture, id };
}

describe('publishing to Telegram', () => {
  test.each([...kinds])(
    'sends one %s with caption and formatting in one request, and learns its handle',
    async (kind) => {
      const place = await connectedTo(chats.channel);
      const one = message({
        text: `${secretText} & <b>1</b>`,
        entities: [{ type: 'bold', offset: 0, length: 5 }],
        media: [file(kind)],
      });
      const { request } = telegram.compose(one, place);
      const { value: sent, methods, rows } = await requestsOf(() => publish(place, one));
      expect(methods).toEqual([request.method]);
      const [accepted] = rows.filter((row) => row.event === 'accepted');
      expect(accepted).toMatchObject({ text: one.text, remote_id: sent.remoteId ?? '' });
      expect(accepted?.media).toEqual([
        { kind: shown[kind], sha256: one.media[0]?.sha256 ?? '', size: one.media[0]?.size ?? 0 },
      ]);
      expect(postsIn(chats.channel)[0]?.entities).toContainEqual({ type: 'bold', offset: 0, length: 5 });
      expect([...(sent.handles?.keys() ?? [])]).toEqual([kind]);

      // The same file again, elsewhere: Telegram has it already.
      const other = await connectedTo(chats.other);
      const gone = {
        ...one,
        media: one.media.map((media) => ({ ...media, open: () => Promise.reject(new Error('lost')) })),
      };
      const again = await requestsOf(() => publish(other, gone, sent.handles));
      expect(again.methods).toEqual([request.method]);
      expect(again.rows.find((row) => row.event === 'accepted')?.media).toEqual(accepted?.media ?? []);
      noViolation();
    },
  );

  test.each([
    ['images and videos', ['image', 'video', 'image'] as const],
    ['documents', ['document', 'document'] as const],
    ['audio files', ['audio', 'audio'] as const],
  ])('sends an album of %s in one request, with a handle for each', async (_, group) => {
    const place = await connectedTo(chats.channel);
    const media = group.map((kind, index) => file(kind, `${kind}${'x'.repeat(index)}`));
    const one = message({ text: 'under', media });
    const { value: sent, methods, rows } = await requestsOf(() => publish(place, one));
    expect(methods).toEqual(['sendMediaGroup']);
    const [accepted] = rows.filter((row) => row.event === 'accepted');
    expect(accepted?.media.map(({ sha256 }) => sha256)).toEqual(media.map(({ sha256 }) => sha256));
    expect(accepted?.text).toBe('under');
    expect(sent.remoteIds).toEqual(accepted?.remote_ids);
    expect(sent.remoteIds?.[0]).toBe(sent.remoteId ?? '');
    expect([...(sent.handles?.keys() ?? [])]).toEqual(media.map(({ id }) => id));
    const again = await requestsOf(() => publish(place, one, sent.handles));
    expect(again.methods).toEqual(['sendMediaGroup']);
    expect(again.value.handles).toEqual(sent.handles ?? new Map());
    noViolation();
  });

  test('sends bytes where only some of an album are known', async () => {
    const place = await connectedTo(chats.channel);
    const media = [file('image', 'a'), file('image', 'bb')];
    const first = await publish(place, message({ media: media.slice(0, 1) }));
    const { rows } = await requestsOf(() => publish(place, message({ media }), first.handles));
    expect(rows.find((row) => row.event === 'accepted')?.media.map(({ sha256 }) => sha256)).toEqual(
      media.map(({ sha256 }) => sha256),
    );
    noViolation();
  });

  test('keeps the name of a document whatever is in it', async () => {
    const place = await connectedTo(chats.channel);
    const name = 'Résumé; "final" 100%.pdf';
    await publish(place, message({ media: [{ ...file('document'), name }] }));
    expect(postsIn(chats.channel)[0]?.media[0]?.name.replaceAll('%22', '"')).toBe(name);
  });

  test('refuses a handle of another bot, and says that the file goes up anew', async () => {
    const place = await connectedTo(chats.channel);
    const one = message({ media: [file('image')] });
    const { handles } = await publish(place, one);
    sandbox.setRights({ chat: chats.channel, bot: witness.id });
    const failed = await failureOf(publish(place, one, handles, accessFor({ bot_token: witness.token })));
    expect(failed).toMatchObject({ kind: 'rejected', code: 'handle_refused' });
  });

  test('asks polls and quizzes', async () => {
    const place = await connectedTo(chats.group);
    const quiz = { ...poll, quiz: { correct: 1, explanation: 'It keeps awake.' } };
    for (const asked of [{ ...poll, multiple: true, anonymous: false }, quiz]) {
      const { value, methods } = await requestsOf(() => publish(place, message({ poll: asked })));
      expect(methods).toEqual(['sendPoll']);
      expect(value.remoteId).not.toBeNull();
    }
    noViolation();
  });

  test('asks for what its options say', async () => {
    const place = await connectedTo(chats.channel);
    const first = await publish(place, message({ text: 'first' }));
    const buttons = [[{ text: 'Read', url: 'https://example.org/a' }]];
    const options = {
      silent: true,
      protect: true,
      reply_to: Number(first.remoteId),
      buttons,
      link_preview: { url: 'https://example.org/b', size: 'small', above: true },
    };
    const { methods } = await requestsOf(() => publish(place, message({ text: 'second', options })));
    expect(methods).toEqual(['sendMessage']);
    expect(postsIn(chats.channel)[0]).toMatchObject({ text: 'second', buttons });
    const covered = { spoiler: true, caption_above: true, buttons };
    await publish(place, message({ text: 'third', media: [file('image')], options: covered }));
    expect(postsIn(chats.channel)[0]).toMatchObject({ text: 'third', buttons });
    noViolation();
  });

  test('answers the part before, and goes out all the same when that is gone', async () => {
    const place = await connectedTo(chats.channel);
    const thread = (previous: string | null): Message['after'] => ({ kind: 'thread', first: '1', previous });
    const first = await publish(place, message({ text: 'one' }));
    for (const previous of [first.remoteId, '999', null]) {
      const sent = await publish(place, message({ text: `after ${previous}`, after: thread(previous) }));
      expect(sent.remoteId).not.toBeNull();
    }
    noViolation();
  });

  test('splits what one message cannot carry', async () => {
    const place = await connectedTo(chats.channel);
    const text = 'word '.repeat(300).trim();
    const whole = message({ text, media: [file('image')], poll, options: { long_caption: 'separate' } });
    const parts = telegram.split?.(whole) ?? [];
    expect(parts).toHaveLength(3);
    for (const part of parts) await publish(place, part);
    expect(postsIn(chats.channel).map((post) => post.text)).toEqual(['', text, '']);
    noViolation();
  });

  test('shows one image as the large preview of a long text, where it has a public address', async () => {
    const place = await connectedTo(chats.channel);
    const one = message({
      text: 'x'.repeat(2000),
      media: [file('image')],
      options: { long_caption: 'preview' },
    });
    const { rows } = await requestsOf(async () => {
      const failed = await failureOf(publish(place, one));
      expect(failed).toMatchObject({ kind: 'rejected', code: 'no_public_address' });
      expect(failed.nextStep).toContain('PUBLIC_URL');
    });
    expect(rows).toEqual([]);
    const access = accessFor(undefined, { mediaUrl: (id) => `https://example.org/media/${id}?signature=1` });
    const { methods } = await requestsOf(() => publish(place, one, new Map(), access));
    expect(methods).toEqual(['sendMessage']);
    expect(postsIn(chats.channel)[0]).toMatchObject({ text: one.text, media: [] });
    noViolation();
  });

  test('uploads beforehand where a service chat is set, and leaves nothing there', async () => {
    const place = await connectedTo(chats.channel, { service_chat: chats.service });
    expect(telegram.stages?.(place)).toBe(true);
    expect(telegram.stages?.(await connectedTo(chats.channel))).toBe(false);
    for (const kind of kinds) {
      const media = file(kind);
      const staged = await requestsOf(async () => telegram.stage?.(accessFor(), place, media));
      expect(staged.methods).toHaveLength(telegram.stageCalls ?? 0);
      expect(staged.methods.at(-1)).toBe('deleteMessage');
      expect(postsIn(chats.service)).toEqual([]);
      expect(postsIn(chats.channel).filter((post) => post.media[0]?.kind === shown[kind])).toEqual([]);
      const handle = staged.value?.handle ?? '';
      const { rows } = await requestsOf(() =>
        publish(place, message({ media: [media] }), new Map([[kind, handle]])),
      );
      expect(rows.find((row) => row.event === 'accepted')?.media[0]?.sha256).toBe(media.sha256);
    }
    noViolation();
  });

  test('stops before the first byte when a file is lost', async () => {
    const place = await connectedTo(chats.channel, { service_chat: chats.service });
    const lost = { ...file('video'), open: () => Promise.reject(new Error('no such file')) };
    const { rows } = await requestsOf(async () => {
      for (const run of [
        publish(place, message({ media: [lost] })),
        telegram.stage?.(accessFor(), place, lost),
      ]) {
        expect(await failureOf(run ?? Promise.resolve())).toMatchObject({
          kind: 'rejected',
          code: 'media_missing',
        });
      }
    });
    expect(rows).toEqual([]);
  });
});
