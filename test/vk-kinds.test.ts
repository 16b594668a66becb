import { describe, expect, test } from 'bun:test';
import type { MediaKind, Message } from '../src/networks/message.ts';
import type { CapabilityName } from '../src/networks/network.ts';
import { capabilityNames } from '../src/networks/network.ts';
import { vk } from '../src/networks/vk/vk.ts';
import {
  accessWith,
  connected,
  files,
  group,
  images,
  item,
  message,
  partOf,
  poll,
  published,
  stagedFor,
  type TokenKinds,
  useVk,
  wall,
} from './vk-ways.ts';
import { failureOf, lastSeq, noViolation, rowsAfter, sandbox, secretText } from './ways.ts';

useVk();

const all: readonly CapabilityName[] = capabilityNames.filter((name) => name !== 'audio');
/** What each kind of access is able to do. */
const able: Record<TokenKinds, readonly CapabilityName[]> = {
  community: ['text', 'documents', 'comments', 'updates'],
  'community without documents': ['text', 'comments'],
  user: all,
  'community and user': all,
  'VK ID': [],
  'VK ID with rights': all,
  'community and VK ID': ['text', 'documents', 'comments', 'find', 'updates'],
};
const connectable = (Object.keys(able) as TokenKinds[]).filter((kinds) => able[kinds].length > 0);

const contents: Record<string, { media: (MediaKind | 'gif film')[]; poll?: true; needs: CapabilityName[] }> =
  {
    'a text': { media: [], needs: [] },
    'a photo': { media: ['image'], needs: ['images'] },
    'a video': { media: ['video'], needs: ['video'] },
    'photos and a video in order': { media: ['image', 'video', 'image'], needs: ['images', 'video'] },
    'a GIF': { media: ['animation'], needs: ['documents'] },
    'a film without sound': { media: ['gif film'], needs: ['video'] },
    'a document': { media: ['document'], needs: ['documents'] },
    'a photo and a document': { media: ['image', 'document'], needs: ['images', 'documents'] },
    'a poll': { media: [], poll: true, needs: ['polls'] },
    'a photo and a poll': { media: ['image'], poll: true, needs: ['images', 'polls'] },
    'an audio file': { media: ['audio'], needs: ['audio'] },
    'a voice message': { media: ['voice'], needs: ['audio'] },
  };

function contentOf(name: string): Message {
  const content = contents[name];
  if (!content) throw new Error(name);
  let pictures = 0;
  const media = content.media.map((kind) => {
    if (kind === 'gif film') {
      return { ...files.video, id: 'film', kind: 'animation' as const, name: null };
    }
    if (kind !== 'image') return files[kind];
    pictures += 1;
    return images[pictures] ?? files.image;
  });
  return message({ media, poll: content.poll ? poll : null });
}

describe.each(connectable)('with the access of: %s', (kinds) => {
  test('knows its capabilities, and says what works without them and what to do', async () => {
    const place = await connected(kinds);
    const { capabilities } = place;
    expect(Object.keys(capabilities).sort()).toEqual([...capabilityNames].sort());
    for (const name of capabilityNames) {
      const { available, detail, without, next_step } = capabilities[name];
      expect([name, available]).toEqual([name, able[kinds].includes(name)]);
      expect(detail).toMatch(/\.$/);
      if (available) expect([without, next_step]).toEqual([null, null]);
      else expect(without).toMatch(/\.$/);
      if (!available && name !== 'audio') expect(next_step).toMatch(/\.$/);
    }
    noViolation();
  });

  test.each(Object.keys(contents))('posts %s once, or says before why it cannot', async (name) => {
    const access = accessWith(kinds);
    const place = await connected(kinds);
    const what = contentOf(name);
    const needs = contents[name]?.needs ?? [];
    const missing = needs.filter((one) => !able[kinds].includes(one));
    const composed = vk.compose(what, place);
    expect(composed.problems.map(({ code }) => code).sort()).toEqual(
      missing.map((one) => `${one}_unavailable`).sort(),
    );
    const seq = lastSeq();
    if (missing.length > 0) {
      expect(await failureOf(vk.publish(access, place, what, new Map(), 'k'))).toMatchObject({
        kind: 'rejected',
      });
      const refusedItem = what.media.find((one) => one.kind !== 'image' || missing.includes('images'));
      if (refusedItem && what.media.length === 1) {
        const refused = await failureOf(vk.stage?.(access, place, refusedItem) ?? Promise.resolve());
        expect(refused).toMatchObject({ kind: 'rejected', code: 'kind_unavailable' });
      }
      expect(sandbox.ledger(seq)).toEqual([]);
      return;
    }
    const handles = await stagedFor(access, place, what);
    expect(sandbox.ledger(seq).filter(({ event }) => event === 'accepted')).toEqual([]);
    const before = lastSeq();
    const sent = await vk.publish(access, place, what, handles, `key ${name}`);
    const rows = await rowsAfter(before, 'wall.post');
    expect(sandbox.ledger(before).filter(({ event }) => event === 'request')).toHaveLength(1);
    expect(rows.filter(({ event }) => event === 'accepted')).toMatchObject([
      { guid: `key ${name}`, remote_id: sent.remoteId ?? '' },
    ]);
    const post = wall(sent.remoteId ?? '');
    expect(post).toMatchObject({ from_id: -group, text: secretText });
    expect(post.attachments.flatMap(({ sha256 }) => sha256 || [])).toEqual(
      what.media.map(({ sha256 }) => sha256),
    );
    if (what.poll) {
      expect(post.poll).toMatchObject({ owner_id: -group, question: poll.question, multiple: true });
      expect(post.poll?.answers.map(({ text }) => text)).toEqual([...poll.options]);
    }
    noViolation();
  });

  test('goes on in a comment under the first part', async () => {
    const access = accessWith(kinds);
    const place = await connected(kinds);
    const media = able[kinds].includes('images')
      ? [images[0] ?? files.image]
      : able[kinds].includes('documents')
        ? [files.document]
        : [];
    const first = await published(access, place, message());
    const part = message({ text: 'the second part', media, after: partOf(first.remoteId) });
    const composed = vk.compose(part, place);
    expect(composed.request).toEqual({
      method: 'wall.createComment',
      params: {
        owner_id: -group,
        post_id: first.remoteId,
        from_group: group,
        message: 'the second part',
        ...(media.length > 0 ? { attachments: media.map(({ id }) => ({ $media: id })) } : {}),
        guid: { $client_key: true },
      },
    });
    const handles = await stagedFor(access, place, part);
    const seq = lastSeq();
    const second = await vk.publish(access, place, part, handles, 'second');
    expect(sandbox.ledger(seq).filter(({ event }) => event === 'request')).toHaveLength(1);
    const [comment] = wall(first.remoteId).comments;
    expect(comment).toMatchObject({ from_id: -group, text: 'the second part' });
    expect(comment?.attachments).toHaveLength(media.length);
    expect(second).toEqual({
      remoteId: `${first.remoteId}?reply=${comment?.id}`,
      remoteUrl: `https://vk.com/wall-${group}_${first.remoteId}?reply=${comment?.id}`,
    });
    expect(vk.remoteIdOf(place, second.remoteUrl ?? '')).toBe(second.remoteId);
    expect(vk.live(part, place)).toMatchObject({ text: 'the second part', comments: first.remoteId });
    noViolation();
  });
});

test('refuses a VK ID sign-in alone when its application has no extra rights', async () => {
  expect(await failureOf(connected('VK ID'))).toMatchObject({ kind: 'rejected', code: 'no_right' });
});

test('sends a photo as a document only where the owner allows it, and says so', async () => {
  const access = accessWith('community');
  const what = message({ media: images.slice(0, 1) });
  const refused = await connected('community');
  expect(refused.capabilities.images).toMatchObject({ available: false });
  expect(refused.capabilities.images.next_step).toContain('wall and photos');
  expect(refused.capabilities.images.next_step).toContain('as documents');
  expect(vk.compose(what, refused).problems.map(({ code }) => code)).toEqual(['images_unavailable']);

  const place = await connected('community', { photos_as_documents: true });
  expect(place.capabilities.images.available).toBe(true);
  const composed = vk.compose(what, place);
  expect(composed.problems).toEqual([]);
  expect(composed.warnings.map(({ code }) => code)).toEqual(['image_as_document']);
  const sent = await published(access, place, what);
  expect(wall(sent.remoteId).attachments).toMatchObject([{ kind: 'doc', sha256: images[0]?.sha256 ?? '' }]);
  const two = vk.compose(message({ media: images.slice(0, 2) }), place);
  expect(two.problems.map(({ code, path }) => [code, path])).toEqual([['too_many_images', '/media_ids/1']]);
  const beside = vk.compose(message({ media: [...images.slice(0, 1), files.document] }), place);
  expect(beside.problems.map(({ code, path }) => [code, path])).toEqual([
    ['too_many_documents', '/media_ids/1'],
  ]);
  const poor = await connected('community without documents', { photos_as_documents: true });
  expect(vk.compose(what, poor).problems.map(({ code }) => code)).toEqual(['images_unavailable']);
  noViolation();
});

test('counts photos and videos together, documents by one, and knows what is no document', async () => {
  const place = await connected('user');
  const codes = (media: Message['media'], changes: Partial<Message> = {}) =>
    vk.compose(message({ media, ...changes }), place).problems.map(({ code, path }) => `${code} ${path}`);
  const videos = [1, 2, 3].map((id) => ({ ...files.video, id: `v${id}` }));
  expect(codes([...images.slice(0, 7), ...videos])).toEqual([]);
  expect(codes([...images.slice(0, 8), ...videos])).toEqual(['too_many_files /media_ids/10']);
  expect(codes(images.slice(0, 11))).toEqual(['too_many_images /media_ids/10']);
  expect(codes([...images.slice(0, 10), files.document])).toEqual([]);
  expect(codes([files.animation, files.document])).toEqual(['too_many_documents /media_ids/1']);
  const named = (name: string, mime: string) => [item('document', mime, new Uint8Array(9), { name })];
  expect(codes(named('a.mp3', 'application/octet-stream'))).toEqual(['wrong_type /media_ids/0']);
  expect(codes(named('a.exe', 'application/octet-stream'))).toEqual(['wrong_type /media_ids/0']);
  expect(codes(named('a.flac', 'audio/flac'))).toEqual(['wrong_type /media_ids/0']);
  expect(codes([{ ...files.animation, width: 30, height: 100 }])).toEqual(['wrong_shape /media_ids/0']);
  expect(codes([{ ...files.animation, width: 300, height: 100 }])).toEqual(['wrong_shape /media_ids/0']);
});

test('publishes no poll alone, no quiz, and none in a comment', async () => {
  const place = await connected('user');
  const codes = (changes: Partial<Message>) =>
    vk.compose(message({ poll, ...changes }), place).problems.map(({ code, path }) => `${code} ${path}`);
  expect(codes({ text: '' })).toEqual(['poll_alone /text']);
  expect(codes({ text: '', media: images.slice(0, 1) })).toEqual([]);
  expect(codes({ poll: { ...poll, quiz: { correct: 1, explanation: null } } })).toEqual([
    'quiz_unavailable /poll/quiz',
  ]);
  expect(codes({ after: partOf('1') })).toEqual(['poll_in_comment /poll']);
  expect(codes({ poll: { ...poll, options: [...'abcdefghijk'] } })).toEqual([
    'too_many_answers /poll/options/10',
  ]);
  expect(codes({ poll: { ...poll, options: ['x'.repeat(101), 'y'] } })).toEqual(['too_long /poll/options/0']);
});

test('writes plain text with the addresses of links and with its own mentions', async () => {
  const access = accessWith('user');
  const place = await connected('user');
  const text = 'Read it, Ann and Bob, now';
  const what = message({
    text,
    entities: [
      { type: 'text_link', offset: 0, length: 7, url: 'https://example.org/a' },
      { type: 'mention', offset: 9, length: 3, network: 'vk', id: 'id7' },
      { type: 'mention', offset: 17, length: 3, network: 'telegram', id: '9' },
      { type: 'bold', offset: 22, length: 3 },
    ],
  });
  const plain = 'Read it (https://example.org/a), [id7|Ann] and Bob, now';
  const composed = vk.compose(what, place);
  expect(composed.request.params.message).toBe(plain);
  expect(composed.length.count).toBe(plain.length);
  expect(composed.warnings.map(({ code }) => code)).toEqual(['formatting_lost']);
  expect(vk.live(what, place).text).toBe(plain);
  expect(wall((await published(access, place, what)).remoteId).text).toBe(plain);
  const short = await connected('user', { text_limit: plain.length - 1 });
  expect(vk.compose(what, short).problems.map(({ code }) => code)).toEqual(['too_long']);
  expect(vk.compose(what, await connected('user', { text_limit: plain.length })).problems).toEqual([]);
});

test('passes its options on, and keeps to what the token can do', async () => {
  const access = accessWith('user');
  const place = await connected('user');
  const copyright = 'https://example.org/source';
  const link = 'https://example.org/card?a=1,2';
  const options = {
    signed: true,
    mute_notifications: true,
    close_comments: true,
    copyright,
    mark_as_ads: true,
    attachments_mode: 'carousel',
    link,
  };
  const what = message({ options, media: images.slice(0, 2) });
  const post = wall((await published(access, place, what)).remoteId);
  expect(post.options).toMatchObject({
    muted: true,
    comments_closed: true,
    copyright,
    ads: true,
    attachments_mode: 'carousel',
  });
  expect(post.options.signer_id).toBeGreaterThan(0);
  expect(post.attachments.map(({ kind }) => kind)).toEqual(['photo', 'photo', 'link']);
  expect(post.attachments[2]?.id).toBe('https://example.org/card?a=1%2C2');
  const own = await published(access, place, message({ options: { from_group: false } }));
  expect(wall(own.remoteId).from_id).toBeGreaterThan(0);
  noViolation();

  const codes = (where: typeof place, changes: Partial<Message>) =>
    vk.compose(message(changes), where).problems.map(({ code, path }) => `${code} ${path}`);
  const poor = await connected('community');
  for (const [name, value] of Object.entries({
    signed: true,
    from_group: false,
    mark_as_ads: true,
    pin: true,
    delete_after_hours: 3,
  })) {
    expect(codes(place, { options: { [name]: value } })).toEqual([]);
    expect(codes(poor, { options: { [name]: value } })).toEqual([`needs_user_token /options/${name}`]);
  }
  expect(
    codes(poor, { options: { copyright, link, mute_notifications: true, close_comments: true } }),
  ).toEqual([]);
  expect(codes(place, { options: { signed: true, from_group: false } })).toEqual([
    'needs_from_group /options/signed',
  ]);
  expect(codes(place, { options: { close_comments: true }, after: partOf('1') })).toEqual([
    'comments_closed /options/close_comments',
  ]);
  expect(codes(place, { options: { pin: true, link }, after: partOf('1') })).toEqual([]);
  expect(codes(place, { options: { of_old: true } })).toEqual(['wrong_option /options/of_old']);
  expect(codes(place, { options: { link: 'javascript:alert(1)' } })).toEqual(['wrong_option /options/link']);
});

test('tells what is to follow a post, once for the post and never for its comments', () => {
  const options = { pin: true, delete_after_hours: 2 };
  expect(vk.afterwards?.(message({ options }))).toEqual({ pin: true, deleteAfter: 7_200_000 });
  expect(vk.afterwards?.(message())).toEqual({ pin: false, deleteAfter: null });
  expect(vk.afterwards?.(message({ options, after: partOf('1') }))).toEqual({
    pin: false,
    deleteAfter: null,
  });
});

test('says where a part goes that has no first part yet, and sends it nowhere', async () => {
  const place = await connected('community');
  const part = message({ after: { kind: 'thread', first: null, previous: null } });
  expect(vk.compose(part, place).request.params.post_id).toEqual({ $first: true });
  const seq = lastSeq();
  expect(await failureOf(vk.publish(accessWith('community'), place, part, new Map(), 'k'))).toMatchObject({
    kind: 'rejected',
    code: 'not_first',
  });
  expect(sandbox.ledger(seq)).toEqual([]);
});

test('says that VK refused a film, and that the day is full', async () => {
  const access = accessWith('user');
  const place = await connected('user');
  const noFilm = item('video', 'text/plain', new TextEncoder().encode('no film'));
  expect(await failureOf(vk.stage?.(access, place, noFilm) ?? Promise.resolve())).toMatchObject({
    kind: 'rejected',
    code: 'upload_refused',
  });
  sandbox.fault({
    network: 'vk',
    method: 'video.save',
    action: { kind: 'vk_error', error_code: 204, error_msg: 'Access denied' },
  });
  expect(await failureOf(vk.stage?.(access, place, files.video) ?? Promise.resolve())).toMatchObject({
    kind: 'rejected',
    code: 'vk:204',
  });
  const busy = sandbox.addCommunity({ screen_name: 'busy', name: 'Busy', posts_per_day: 1 });
  const community_token = sandbox.addVkToken({ kind: 'community', group_id: busy.id }).token;
  const full = { ...access, credentials: { community_token } };
  const elsewhere = { ...(await connected('community')), externalId: String(busy.id) };
  await vk.publish(full, elsewhere, message(), new Map(), 'one');
  const refused = await failureOf(vk.publish(full, elsewhere, message({ text: 'two' }), new Map(), 'two'));
  expect(refused).toMatchObject({ kind: 'limited', scope: 'place', code: 'vk:214' });
  expect(refused.retryAfter).toBeGreaterThan(0);
  expect(refused.retryAfter).toBeLessThanOrEqual(86_400_000);
});
