import { describe, expect, test } from 'bun:test';
import type { Message } from '../src/networks/message.ts';
import type { Target } from '../src/networks/network.ts';
import { vk } from '../src/networks/vk/vk.ts';
import {
  accessWith,
  connected,
  files,
  group,
  images,
  message,
  partOf,
  poll,
  published,
  stagedFor,
  targetOf,
  useVk,
  wall,
} from './vk-ways.ts';
import { failureOf, lastSeq, noViolation, sandbox, secretText } from './ways.ts';

useVk();

/** A post that is public, and everything that acts on it need. */
async function posted(what: Message) {
  const access = accessWith('user');
  const place = await connected('user');
  const { remoteId } = await published(access, place, what);
  return { access, place, remoteId, target: targetOf(place, what, remoteId) };
}

function refuse(method: string, error_code: number, error_msg: string): void {
  sandbox.fault({ network: 'vk', method, action: { kind: 'vk_error', error_code, error_msg } });
}

const gone = [{ kind: 'gone' }] as const;

describe('an edit', () => {
  test('replaces text, files and flags, keeps what is named again, and may be repeated', async () => {
    const [a, b, c] = images;
    if (!a || !b || !c) throw new Error('no images');
    const before = message({ media: [a, b], options: { mark_as_ads: true } });
    const { access, place, remoteId, target } = await posted(before);
    const link = 'https://example.org/card';
    const after = message({ text: 'better', media: [b, c], options: { link, signed: true } });
    expect(vk.editProblems?.(target, after, place)).toEqual([]);
    const handles = await stagedFor(access, place, after);
    for (let turn = 0; turn < 2; turn += 1) {
      const seq = lastSeq();
      await vk.edit?.(access, place, target, after, handles);
      expect(sandbox.ledger(seq).filter(({ event }) => event === 'request')).toHaveLength(1);
      const post = wall(remoteId);
      expect(post.text).toBe('better');
      expect(post.attachments.map(({ kind }) => kind)).toEqual(['photo', 'photo', 'link']);
      expect(post.attachments.slice(0, 2).map(({ sha256 }) => sha256)).toEqual([b.sha256, c.sha256]);
      expect(post.options.ads).toBe(false);
      expect(post.options.signer_id).toBeGreaterThan(0);
    }
    const bare = message({ text: 'only words' });
    await vk.edit?.(access, place, target, bare, new Map());
    expect(wall(remoteId)).toMatchObject({ text: 'only words', attachments: [] });
    await vk.edit?.(
      access,
      place,
      target,
      message({ text: '', media: [a] }),
      await stagedFor(access, place, before),
    );
    expect(wall(remoteId)).toMatchObject({ text: '', attachments: [{ sha256: a.sha256 }] });
    noViolation();
  });

  test('keeps the votes of a poll that is public, and can add one', async () => {
    const { access, place, remoteId, target } = await posted(message({ poll }));
    const [answer] = wall(remoteId).poll?.answers ?? [];
    const named = wall(remoteId).attachments[0]?.id ?? '';
    sandbox.vk.vote({ poll: named, answer_id: answer?.id ?? 0, votes: 3 });
    const after = message({ text: 'better', poll });
    // Staged again, as after a handle was lost.
    await vk.edit?.(access, place, target, after, await stagedFor(access, place, after));
    expect(wall(remoteId).attachments.map(({ id }) => id)).toEqual([named]);
    expect(wall(remoteId).poll?.answers[0]?.votes).toBe(3);

    const other = await posted(message());
    await vk.edit?.(access, place, other.target, after, await stagedFor(access, place, after));
    expect(wall(other.remoteId).poll?.question).toBe(poll.question);
    noViolation();
  });

  test('sends nothing while a file is not staged or the content does not fit', async () => {
    const { access, place, target } = await posted(message());
    const seq = lastSeq();
    const one = message({ media: images.slice(0, 1) });
    expect(
      await failureOf(vk.edit?.(access, place, target, one, new Map()) ?? Promise.resolve()),
    ).toMatchObject({
      kind: 'not_sent',
      code: 'not_staged',
    });
    const empty = vk.edit?.(access, place, target, message({ text: ' ' }), new Map());
    expect(await failureOf(empty ?? Promise.resolve())).toMatchObject({ kind: 'rejected', code: 'empty' });
    expect(sandbox.ledger(seq)).toEqual([]);
  });

  test('needs a user token, and a post', async () => {
    const { place, target, remoteId } = await posted(message());
    const poor = await connected('community');
    const codes = (of: Target, where: typeof place) =>
      vk.editProblems?.(of, message({ text: 'new' }), where).map(({ code }) => code);
    expect(codes(target, poor)).toEqual(['edit_unavailable']);
    const part = message({ after: partOf(remoteId) });
    expect(codes(targetOf(place, part, `${remoteId}?reply=9`), place)).toEqual(['edit_of_comment']);
    const refused = vk.edit?.(accessWith('community'), poor, target, message({ text: 'new' }), new Map());
    expect(await failureOf(refused ?? Promise.resolve())).toMatchObject({ code: 'edit_unavailable' });
  });
});

describe('deleting', () => {
  test('takes a post and a comment away, and may be repeated', async () => {
    const { access, place, remoteId, target } = await posted(message());
    const part = message({ text: 'part two', after: partOf(remoteId) });
    const second = await published(access, place, part);
    const comment = targetOf(place, part, second.remoteId);
    for (let turn = 0; turn < 2; turn += 1) {
      await vk.remove?.(access, place, comment);
      expect(wall(remoteId).comments).toEqual([]);
      expect(await vk.read?.(access, place, [comment])).toEqual([...gone]);
    }
    for (let turn = 0; turn < 2; turn += 1) {
      await vk.remove?.(access, place, target);
      expect(wall(remoteId).deleted).toBe(true);
    }
    expect(await vk.read?.(access, place, [target, comment])).toEqual([...gone, ...gone]);
    await vk.remove?.(access, place, comment);
    noViolation();
  });

  test('believes a refusal only when the post is gone', async () => {
    const { access, place, target, remoteId } = await posted(message());
    refuse('wall.delete', 210, "Access to wall's post denied");
    expect(await failureOf(vk.remove?.(access, place, target) ?? Promise.resolve())).toMatchObject({
      kind: 'rejected',
      code: 'vk:210',
    });
    sandbox.vk.deleteByPerson({ group, post_id: remoteId });
    refuse('wall.delete', 210, "Access to wall's post denied");
    await vk.remove?.(access, place, target);
    refuse('wall.delete', 10, 'Internal server error');
    expect((await failureOf(vk.remove?.(access, place, target) ?? Promise.resolve())).kind).toBe('unknown');
  });
});

describe('pinning', () => {
  test('pins and unpins, and may be repeated', async () => {
    const { access, place, remoteId, target } = await posted(message());
    for (const pinned of [true, true, 'silent', false, false] as const) {
      await vk.pin?.(access, place, target, pinned);
      expect(wall(remoteId).pinned).toBe(pinned !== false);
      expect(await vk.read?.(access, place, [target])).toMatchObject([{ pinned: pinned !== false }]);
    }
    noViolation();
  });

  test('takes "it is so already" for done, and nothing else', async () => {
    const { access, place, target } = await posted(message());
    const wrong = 'One of the parameters specified was missing or invalid';
    refuse('wall.unpin', 100, wrong);
    await vk.pin?.(access, place, target, false);
    refuse('wall.pin', 100, wrong);
    const failed = await failureOf(vk.pin?.(access, place, target, true) ?? Promise.resolve());
    expect(failed).toMatchObject({ kind: 'rejected', code: 'vk:100' });
    const comment = targetOf(place, message({ after: partOf('1') }), '1?reply=2');
    expect(await failureOf(vk.pin?.(access, place, comment, true) ?? Promise.resolve())).toMatchObject({
      kind: 'rejected',
      code: 'pin_of_comment',
    });
  });
});

describe('a comment', () => {
  const said = { text: 'more here', entities: [] };

  test.each(['community', 'user', 'VK ID with rights'] as const)(
    'is left once, as the community: %s',
    async (kinds) => {
      const access = accessWith(kinds);
      const place = await connected(kinds);
      const { remoteId } = await published(access, place, message());
      const target = targetOf(place, message(), remoteId);
      const text = {
        text: 'more here',
        entities: [{ type: 'text_link' as const, offset: 5, length: 4, url: 'https://example.org/' }],
      };
      const seq = lastSeq();
      const sent = await vk.comment?.(access, place, target, text, null, 'comment-key');
      expect(sandbox.ledger(seq).filter(({ event }) => event === 'request')).toHaveLength(1);
      expect(sandbox.ledger(seq).find(({ event }) => event === 'accepted')?.guid).toBe('comment-key');
      const [comment] = wall(remoteId).comments;
      expect(comment).toMatchObject({ from_id: -group, text: 'more here (https://example.org/)' });
      expect(sent?.remoteId).toBe(`${remoteId}?reply=${comment?.id}`);
      noViolation();
    },
  );

  test('is found again by its words, its author and its time', async () => {
    const { access, place, remoteId, target } = await posted(message());
    const sentAt = Date.now();
    const find = (changes: Partial<{ text: string; sentAt: number; taken: Set<string> }> = {}) =>
      vk.findComment?.(access, place, target, { ...said, sentAt, taken: new Set<string>(), ...changes });
    sandbox.vk.comment({ group, post_id: remoteId, text: said.text });
    expect(await find()).toEqual({ kind: 'absent' });
    const first = await vk.comment?.(access, place, target, said, null, 'a');
    expect(await find()).toMatchObject({
      kind: 'found',
      remoteId: first?.remoteId ?? '',
      remoteUrl: first?.remoteUrl ?? '',
    });
    expect(await find({ text: 'less here' })).toEqual({ kind: 'absent' });
    expect(await find({ sentAt: sentAt + 3_600_000 })).toEqual({ kind: 'absent' });
    expect(await find({ taken: new Set([first?.remoteId ?? '']) })).toEqual({ kind: 'absent' });
    await vk.comment?.(access, place, target, said, null, 'b');
    expect(await find()).toMatchObject({ kind: 'ambiguous' });
    noViolation();
  });

  test('is not lost among many others', async () => {
    const { access, place, remoteId, target } = await posted(message());
    const sentAt = Date.now();
    const sent = await vk.comment?.(access, place, target, said, null, 'a');
    for (let index = 0; index < 130; index += 1)
      sandbox.vk.comment({ group, post_id: remoteId, text: `noise ${index}` });
    const found = await vk.findComment?.(access, place, target, { ...said, sentAt, taken: new Set() });
    expect(found).toMatchObject({ kind: 'found', remoteId: sent?.remoteId ?? '' });
    const part = targetOf(place, message({ ...said, after: partOf(remoteId) }), sent?.remoteId ?? '');
    expect(await vk.read?.(access, place, [part])).toMatchObject([{ kind: 'there', text: said.text }]);
  });

  test('is refused where comments are closed', async () => {
    const { access, place, target } = await posted(message({ options: { close_comments: true } }));
    const failed = await failureOf(vk.comment?.(access, place, target, said, null, 'a') ?? Promise.resolve());
    expect(failed).toMatchObject({ kind: 'rejected', code: 'vk:213', duplicate: false });
    refuse('wall.createComment', 223, 'Too many replies');
    expect(
      await failureOf(vk.comment?.(access, place, target, said, null, 'b') ?? Promise.resolve()),
    ).toMatchObject({
      kind: 'limited',
      scope: 'place',
    });
  });
});

describe('finding', () => {
  test('tells posts apart by every kind of attachment', async () => {
    const access = accessWith('user');
    const place = await connected('user');
    const sentAt = Date.now();
    const contents: Partial<Message>[] = [
      {},
      { media: images.slice(0, 1) },
      { media: images.slice(0, 2) },
      { media: [files.video] },
      { media: [files.animation] },
      { media: [files.video, ...images.slice(0, 1)] },
      { media: [files.document, ...images.slice(0, 1)] },
      { poll },
      { options: { from_group: false, close_comments: true }, text: `${secretText} by me` },
    ];
    const find = (what: Message, taken = new Set<string>(), newest: string | null = null) =>
      vk.find?.(access, place, { message: what, sentAt, taken, newest });
    for (const content of contents) {
      const what = message(content);
      expect(await find(what)).toEqual({ kind: 'absent' });
      const { remoteId } = await published(access, place, what);
      expect(await find(what)).toMatchObject({ kind: 'found', remoteId });
      expect(await find(what, new Set([remoteId]))).toEqual({ kind: 'absent' });
      expect(await find(what, new Set(), remoteId)).toEqual({ kind: 'absent' });
      expect(await find(what, new Set(), String(Number(remoteId) - 1))).toMatchObject({ kind: 'found' });
    }
    noViolation();
  });

  test('looks for a further part among the comments', async () => {
    const { access, place, remoteId } = await posted(message());
    const sentAt = Date.now();
    const part = message({ text: 'part two', media: images.slice(0, 1), after: partOf(remoteId) });
    const find = (what: Message) =>
      vk.find?.(access, place, { message: what, sentAt, taken: new Set(), newest: remoteId });
    expect(await find(part)).toEqual({ kind: 'absent' });
    const { remoteId: second } = await published(access, place, part);
    expect(await find(part)).toMatchObject({
      kind: 'found',
      remoteId: second,
      remoteUrl: `https://vk.com/wall-${group}_${second}`,
    });
    expect(await find({ ...part, media: [] })).toEqual({ kind: 'absent' });
    noViolation();
  });

  test('claims nothing where no token may read', async () => {
    const access = accessWith('community');
    const place = await connected('community');
    const seq = lastSeq();
    const sought = { message: message(), sentAt: Date.now(), taken: new Set<string>(), newest: null };
    expect(await vk.find?.(access, place, sought)).toMatchObject({ kind: 'unseen' });
    expect(await vk.read?.(access, place, [targetOf(place, message(), '1')])).toEqual([null]);
    expect(sandbox.ledger(seq)).toEqual([]);
  });

  test('reads with a VK ID sign-in what the community posted', async () => {
    const access = accessWith('community and VK ID');
    const place = await connected('community and VK ID');
    const sentAt = Date.now();
    const { remoteId } = await published(access, place, message());
    const sought = { message: message(), sentAt, taken: new Set<string>(), newest: null };
    expect(await vk.find?.(access, place, sought)).toMatchObject({ kind: 'found', remoteId });
  });
});

test('reads back what stands on the wall, in order, and sees what people changed', async () => {
  const access = accessWith('user');
  const place = await connected('user');
  const whats = [
    message({ text: 'Tom & Jerry\n <b>“go”</b>  out ' }),
    message({ media: [files.video, ...images.slice(0, 2)], options: { link: 'https://example.org/' } }),
    message({ poll, media: [files.document] }),
    message({ text: 'to be cut short' }),
  ];
  const targets: Target[] = [];
  for (const what of whats) {
    targets.push(targetOf(place, what, (await published(access, place, what)).remoteId));
  }
  const part = message({
    text: 'part two',
    media: images.slice(0, 1),
    after: partOf(targets[0]?.remoteId ?? ''),
  });
  targets.push(targetOf(place, part, (await published(access, place, part)).remoteId));
  sandbox.vk.truncatePost({ group, post_id: targets[3]?.remoteId ?? '', text: 5 });
  sandbox.vk.pinByPerson({ group, post_id: targets[1]?.remoteId ?? '' });
  const unknown = targetOf(place, message(), '999999');
  expect(await vk.read?.(access, place, [...targets, unknown])).toEqual([
    { kind: 'there', text: whats[0]?.text ?? '', media: 0, pinned: false },
    { kind: 'there', text: secretText, media: 3, pinned: true },
    { kind: 'there', text: secretText, media: 1, pinned: false },
    { kind: 'there', text: 'to be', media: 0, pinned: false },
    { kind: 'there', text: 'part two', media: 1, pinned: null },
    { kind: 'gone' },
  ]);
  noViolation();
});

test('knows posts and comments of its own wall by their address', async () => {
  const place = await connected('community');
  const idOf = (url: string) => vk.remoteIdOf(place, url);
  const post = `wall-${group}_77`;
  expect(idOf(`https://vk.com/${post}`)).toBe('77');
  expect(idOf(`https://m.vk.ru/${post}?from=feed`)).toBe('77');
  expect(idOf(`https://vk.com/outpost?w=${post}`)).toBe('77');
  expect(idOf(`https://vk.com/${post}?reply=81`)).toBe('77?reply=81');
  expect(idOf(`https://vk.com/${post}?thread=80&reply=81`)).toBe('77?reply=81');
  expect(idOf(`https://vk.com/outpost?w=${post}_r81`)).toBe('77?reply=81');
  expect(idOf('https://vk.com/wall-1_77')).toBeNull();
  expect(idOf(`https://example.org/${post}`)).toBeNull();
});
