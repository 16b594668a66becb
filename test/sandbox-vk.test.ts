import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { sandboxAt } from '../src/sandbox/client.ts';
import { sha256 } from '../src/sandbox/ledger.ts';
import type { Sandbox } from '../src/sandbox/server.ts';
import { startSandbox } from '../src/sandbox/server.ts';
import type { Community, VkToken } from '../src/sandbox/state.ts';
import { checkVkAnswer, checkVkType } from '../src/sandbox/vk/schema.ts';
import { VK_SETTINGS } from '../src/sandbox/vk/settings.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field and checked against the schema.
type Answer = any;

let box: Sandbox;
let folder: string;
let community: Community;
let groupToken: VkToken;
let userToken: VkToken;
let service: VkToken;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-vk-'));
  box = await startSandbox({ floodLimits: false, stateDir: join(folder, 'state') });
  freshCommunity();
  service = box.addVkToken({ kind: 'service' });
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  box.clearFaults();
  box.configure({ guidMode: 'same_post_id', ...VK_SETTINGS });
});

afterAll(async () => {
  await box.stop();
  rmSync(folder, { recursive: true, force: true });
});

let communities = 0;

function freshCommunity(more: Partial<Parameters<Sandbox['addCommunity']>[0]> = {}): void {
  communities += 1;
  community = box.addCommunity({ screen_name: `club_${communities}`, name: 'Club', members: 50, ...more });
  groupToken = box.addVkToken({ kind: 'community', group_id: community.id });
  userToken = box.addVkToken({ kind: 'user', admin_of: [community.id] });
}

const wall = () => String(-community.id);

async function vk(
  token: VkToken | string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<Answer> {
  const body = new URLSearchParams({
    v: '5.199',
    access_token: typeof token === 'string' ? token : token.token,
  });
  for (const [name, value] of Object.entries(params)) body.set(name, String(value));
  const answer = await fetch(`${box.vkRoot}/${method}`, { method: 'POST', body });
  expect(answer.status).toBe(200);
  const value: Answer = await answer.json();
  if (value.response !== undefined) expect(checkVkAnswer(method, value)).toBeUndefined();
  return value;
}

/** The response of a call that is to succeed. */
async function done(
  token: VkToken | string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<Answer> {
  const value = await vk(token, method, params);
  expect(value.error).toBeUndefined();
  return value.response;
}

async function code(
  token: VkToken | string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<number> {
  return (await vk(token, method, params)).error?.error_code ?? 0;
}

async function post(params: Record<string, unknown>, token: VkToken = userToken): Promise<number> {
  const made = await done(token, 'wall.post', { owner_id: wall(), from_group: 1, ...params });
  return made.post_id;
}

function read(post_id: number) {
  const view = box.vk.readPost({ group: community.id, post_id });
  if (!view) throw new Error('no such post');
  return view;
}

async function upload(address: string, field: string, bytes: Uint8Array, name: string): Promise<Answer> {
  const form = new FormData();
  form.set(field, new Blob([Uint8Array.from(bytes)]), name);
  const answer = await fetch(address, { method: 'POST', body: form });
  expect(answer.status).toBe(200);
  return answer.json();
}

function jpeg(width = 60, height = 40): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#3578c8' } })
    .jpeg()
    .toBuffer();
}

async function photo(bytes?: Buffer): Promise<string> {
  const { upload_url } = await done(userToken, 'photos.getWallUploadServer', { group_id: community.id });
  const { photo, server, hash } = await upload(upload_url, 'photo', bytes ?? (await jpeg()), 'a.jpg');
  const [saved] = await done(userToken, 'photos.saveWallPhoto', {
    photo,
    server,
    hash,
    group_id: community.id,
  });
  return `photo${saved.owner_id}_${saved.id}`;
}

async function doc(bytes: Uint8Array, name: string, title = ''): Promise<Answer> {
  const { upload_url } = await done(groupToken, 'docs.getWallUploadServer', { group_id: community.id });
  const { file } = await upload(upload_url, 'file', bytes, name);
  return (await done(groupToken, 'docs.save', { file, ...(title ? { title } : {}) })).doc;
}

async function video(bytes = randomBytes(2000)): Promise<string> {
  const saved = await done(userToken, 'video.save', { group_id: community.id, name: 'Clip' });
  const answer = await upload(saved.upload_url, 'video_file', bytes, 'clip.mp4');
  expect(answer).toMatchObject({ size: bytes.length, owner_id: -community.id, video_id: saved.video_id });
  return `video${saved.owner_id}_${saved.video_id}`;
}

async function poll(params: Record<string, unknown> = {}): Promise<Answer> {
  const add_answers = JSON.stringify(['Yes', 'No']);
  return done(userToken, 'polls.create', { owner_id: wall(), question: 'Tea?', add_answers, ...params });
}

async function until(act: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 5000;
  while (!(await act())) {
    if (Date.now() > end) throw new Error('it never came to be');
    await Bun.sleep(5);
  }
}

describe('a post on the wall', () => {
  test('takes photos, a video, a document, a poll, a track and a link, and shows them as the schema says', async () => {
    const bytes = await jpeg();
    const film = randomBytes(3000);
    const first = await photo(bytes);
    const clip = await video(film);
    const paper = await doc(Buffer.from('%PDF-1'), 'paper.pdf', 'Price list');
    const asked = await poll();
    const names = [
      first,
      clip,
      `doc${paper.owner_id}_${paper.id}`,
      `poll${asked.owner_id}_${asked.id}`,
      'audio1_2',
      'https://shop.example/a,b?c=1',
    ];
    const id = await post({
      message: 'All',
      attachments: names.join(','),
      link_title: 'The shop',
      primary_attachments_mode: 'carousel',
    });
    const [shown] = (await done(userToken, 'wall.getById', { posts: `${wall()}_${id}` })).items;
    expect(shown.attachments.map((one: Answer) => one.type)).toEqual([
      'photo',
      'video',
      'doc',
      'poll',
      'audio',
      'link',
    ]);
    expect(shown.attachments[5].link).toMatchObject({
      url: 'https://shop.example/a,b?c=1',
      title: 'The shop',
    });
    expect(shown.carousel_offset).toBe(0);
    const view = read(id);
    expect(view.attachments.map(({ kind, sha256, size }) => [kind, sha256, size])).toEqual([
      ['photo', sha256(bytes), bytes.length],
      ['video', sha256(film), film.length],
      ['doc', sha256('%PDF-1'), 6],
      ['poll', '', 0],
      ['audio', '', 0],
      ['link', '', 0],
    ]);
    expect(view.poll?.answers.map((one) => one.text)).toEqual(['Yes', 'No']);
    expect(view.options.attachments_mode).toBe('carousel');
    const row = box.ledger().findLast((one) => one.event === 'accepted');
    expect(row?.media.map((one) => one.kind)).toEqual(['photo', 'video', 'doc']);
    expect(box.ledger().filter((one) => one.event === 'schema_violation')).toEqual([]);
  });

  test('has its options read back', async () => {
    const id = await post({
      message: 'Options',
      signed: 1,
      mark_as_ads: 1,
      mute_notifications: 1,
      close_comments: 1,
      copyright: 'https://source.example/x',
      lat: 59.9,
      long: 30.3,
    });
    const [shown] = (await done(userToken, 'wall.getById', { posts: `${wall()}_${id}` })).items;
    expect(shown).toMatchObject({
      signer_id: userToken.user_id,
      marked_as_ads: 1,
      created_by: userToken.user_id,
      copyright: { link: 'https://source.example/x', name: 'source.example' },
      comments: { can_post: 0, can_open: 1 },
      geo: { coordinates: '59.9 30.3' },
    });
    expect(read(id).options).toMatchObject({ muted: true, ads: true, comments_closed: true });
    const plain = await post({ message: 'Plain', signed: 1 }, groupToken);
    expect(read(plain).options.signer_id).toBe(0);
  });

  test('is refused when it holds too much, nothing or something unknown', async () => {
    const one = await photo();
    const { id } = await poll();
    const paper = await doc(Buffer.from('x'), 'a.txt');
    const named = `doc${paper.owner_id}_${paper.id}`;
    const refused = async (attachments: string, message = 'x') => {
      const { error } = await vk(userToken, 'wall.post', {
        owner_id: wall(),
        from_group: 1,
        message,
        attachments,
      });
      expect(error?.error_code).toBe(100);
      return error.error_msg.replace('One of the parameters specified was missing or invalid: ', '');
    };
    expect(await refused(Array(11).fill(one).join(','))).toContain('more than 10 photos');
    expect(await refused(`poll${wall()}_${id}`, '')).toContain('post is empty');
    expect(await refused('https://a.example/,https://b.example/')).toContain('only one link');
    expect(await refused(`${named},${named}`)).toContain('only one document');
    expect(await refused(`poll${wall()}_${id},poll${wall()}_${id}`)).toContain('only one poll');
    expect(await refused('market1_2')).toContain('unknown attachment');
    expect(await refused('video1_2')).toContain('no such media');
    expect(await refused('just words')).toContain('unknown attachment');
    expect(await post({ message: '', attachments: Array(10).fill(one).join(',') })).toBeGreaterThan(0);
    expect(await post({ message: 'Vote', attachments: `poll${wall()}_${id}` })).toBeGreaterThan(0);
    const empty = await done(userToken, 'video.save', { group_id: community.id });
    expect(await refused(`video${empty.owner_id}_${empty.video_id}`)).toContain('no such media');
  });

  test('is refused with 214, 222 and 225 where the community does not allow it', async () => {
    freshCommunity({ posts_per_day: 1, forbid_links: true });
    const put = (params: Record<string, unknown>) => ({ owner_id: wall(), from_group: 1, ...params });
    expect(await code(userToken, 'wall.post', put({ message: 'see https://a.example/' }))).toBe(222);
    expect(await code(userToken, 'wall.post', put({ message: 'x', attachments: 'https://a.example/' }))).toBe(
      222,
    );
    expect(await code(userToken, 'wall.post', put({ message: 'x', donut_paid_duration: -1 }))).toBe(225);
    await post({ message: 'one' });
    const { error } = await vk(userToken, 'wall.post', put({ message: 'two' }));
    expect(error).toMatchObject({
      error_code: 214,
      error_msg: 'Access to adding post denied: you can only add 1 posts a day',
    });
    freshCommunity({ donut: true });
    expect(read(await post({ message: 'Paid', donut_paid_duration: -1 })).options.donut_paid_duration).toBe(
      -1,
    );
  });

  test('is edited whole: what the call leaves out is gone', async () => {
    const one = await photo();
    const id = await post({ message: 'Before', attachments: one, signed: 1, copyright: 'https://a.example' });
    expect(await code(groupToken, 'wall.edit', { owner_id: wall(), post_id: id, message: 'x' })).toBe(27);
    await done(userToken, 'wall.edit', { owner_id: wall(), post_id: id, message: 'After', mark_as_ads: 1 });
    expect(read(id)).toMatchObject({
      text: 'After',
      attachments: [],
      edited: true,
      options: { signer_id: 0, copyright: '', ads: true },
    });
    expect(await code(userToken, 'wall.edit', { owner_id: wall(), post_id: id })).toBe(100);
  });

  test('is postponed, moved and published with a new id, and listeners hear of each step', async () => {
    const heard = await listen(['wall_post_new', 'wall_schedule_post_new', 'wall_schedule_post_delete']);
    const at = Math.floor(Date.now() / 1000) + 7200;
    const waiting = await post({ message: 'Later', publish_date: at });
    expect(await code(userToken, 'wall.pin', { owner_id: wall(), post_id: waiting })).toBe(100);
    expect(
      await code(userToken, 'wall.post', {
        owner_id: wall(),
        from_group: 1,
        message: 'Same',
        publish_date: at + 1,
      }),
    ).toBe(214);
    const at2 = at + 3600;
    await done(userToken, 'wall.edit', {
      owner_id: wall(),
      post_id: waiting,
      message: 'Moved',
      publish_date: at2,
    });
    const list = await done(userToken, 'wall.get', { owner_id: wall(), filter: 'postponed' });
    expect(list.items[0]).toMatchObject({ id: waiting, date: at2, post_type: 'postpone', text: 'Moved' });
    expect(await code(service, 'wall.get', { owner_id: wall(), filter: 'postponed' })).toBe(15);
    const out = await post({ post_id: waiting });
    expect(out).toBeGreaterThan(waiting);
    expect(read(out)).toMatchObject({ text: 'Moved', postponed: 0, postponed_id: waiting });
    await until(() => heard.bodies.length >= 4);
    expect(
      heard.bodies.map(({ type, object }) => [type, object.id, object.schedule_time ?? object.postponed_id]),
    ).toEqual([
      ['wall_schedule_post_new', waiting, at],
      ['wall_schedule_post_delete', waiting, at],
      ['wall_schedule_post_new', waiting, at2],
      ['wall_post_new', out, waiting],
    ]);
    const again = await post({ message: 'Once more', publish_date: at });
    const { post_id } = await done(userToken, 'wall.edit', {
      owner_id: wall(),
      post_id: again,
      message: 'Now',
    });
    expect(read(post_id)).toMatchObject({ text: 'Now', postponed: 0 });
  });

  test('waits for its time over a restart', async () => {
    const stateDir = join(folder, 'restarted');
    const before = await startSandbox({ stateDir });
    const { id: group } = before.addCommunity({ screen_name: 'kept', name: 'Kept' });
    const { token } = before.addVkToken({ kind: 'community', group_id: group });
    const publish_date = Math.floor(Date.now() / 1000) + 2;
    const body = new URLSearchParams({ v: '5.199', access_token: token, message: 'Kept' });
    body.set('publish_date', String(publish_date));
    const made: Answer = await (await fetch(`${before.vkRoot}/wall.post`, { method: 'POST', body })).json();
    await before.stop();
    const after = await startSandbox({ stateDir });
    stops.push(after.stop);
    expect(after.posts()[0]?.posts).toEqual([]);
    await until(() => after.posts()[0]?.posts.length === 1);
    expect(Date.now()).toBeGreaterThan(publish_date * 1000 - 10);
    const id = made.response.post_id;
    expect(after.vk.readPost({ group, post_id: id + 1 })).toMatchObject({ text: 'Kept', postponed_id: id });
  });

  test('is deleted, restored, pinned alone and shared', async () => {
    const one = await post({ message: 'One' });
    const two = await post({ message: 'Two' });
    const at = (post_id: number) => ({ owner_id: wall(), post_id });
    await done(userToken, 'wall.pin', at(one));
    await done(userToken, 'wall.pin', at(two));
    expect([read(one).pinned, read(two).pinned]).toEqual([false, true]);
    await done(userToken, 'wall.unpin', at(two));
    expect(read(two).pinned).toBe(false);
    expect(await code(groupToken, 'wall.pin', at(one))).toBe(27);
    const shared = await done(userToken, 'wall.repost', { object: `wall${wall()}_${one}`, message: 'Look' });
    expect(shared).toMatchObject({ success: 1, reposts_count: 1 });
    const own = await done(userToken, 'wall.get', { owner_id: userToken.user_id });
    expect(own.items[0]).toMatchObject({ text: 'Look', copy_history: [{ id: one, text: 'One' }] });
    await done(userToken, 'wall.delete', at(one));
    expect(read(one).deleted).toBe(true);
    await done(userToken, 'wall.restore', at(one));
    expect(read(one).deleted).toBe(false);
    const ids = Array.from({ length: 101 }, (_, i) => `${wall()}_${i + 1}`).join(',');
    expect(await code(userToken, 'wall.getById', { posts: ids })).toBe(100);
  });

  test('honours the guid of a comment in the three ways', async () => {
    const id = await post({ message: 'Talk' });
    const say = () =>
      vk(groupToken, 'wall.createComment', { owner_id: wall(), post_id: id, message: 'Hi', guid: 'g' });
    const first = (await say()).response.comment_id;
    expect((await say()).response.comment_id).toBe(first);
    box.configure({ guidMode: 'error' });
    expect((await say()).error.error_code).toBe(213);
    box.configure({ guidMode: 'ignored' });
    expect((await say()).response.comment_id).toBeGreaterThan(first);
    expect(read(id).comments).toHaveLength(2);
  });
});

describe('comments', () => {
  test('come from a community token, stand in threads, and are closed and opened', async () => {
    const heard = await listen(['wall_reply_new', 'wall_reply_delete']);
    const id = await post({ message: 'Discuss' });
    const at = { owner_id: wall(), post_id: id };
    const { comment_id } = await done(groupToken, 'wall.createComment', { ...at, message: 'First' });
    const answer = await done(groupToken, 'wall.createComment', {
      ...at,
      message: 'Answer',
      reply_to_comment: comment_id,
    });
    expect(answer.parents_stack).toEqual([comment_id]);
    expect(await code(groupToken, 'wall.createComment', { ...at, message: 'x', reply_to_comment: 1 })).toBe(
      100,
    );
    const by = box.vk.comment({ group: community.id, post_id: id, text: 'A person', user_id: 31 });
    const listed = await done(service, 'wall.getComments', {
      ...at,
      thread_items_count: 2,
      need_likes: 1,
      extended: 1,
    });
    expect(listed).toMatchObject({ count: 3, current_level_count: 2 });
    expect(listed.items[0]).toMatchObject({ text: 'First', from_id: -community.id, thread: { count: 1 } });
    expect(listed.items[0].thread.items[0]).toMatchObject({ text: 'Answer', reply_to_comment: comment_id });
    expect(await code(groupToken, 'wall.getComments', at)).toBe(27);
    await done(groupToken, 'wall.closeComments', at);
    expect(await code(groupToken, 'wall.createComment', { ...at, message: 'x' })).toBe(213);
    await done(groupToken, 'wall.openComments', at);
    await done(groupToken, 'wall.createComment', { ...at, message: 'Again' });
    const stranger = box.addVkToken({ kind: 'user' });
    expect(await code(stranger, 'wall.deleteComment', { owner_id: wall(), comment_id: by })).toBe(211);
    await done(userToken, 'wall.deleteComment', { owner_id: wall(), comment_id: by });
    expect(await code(userToken, 'wall.deleteComment', { owner_id: wall(), comment_id: by })).toBe(104);
    expect(read(id).comments.map((comment) => comment.text)).toEqual(['First', 'Answer', 'Again']);
    await until(() => heard.bodies.length === 5);
    for (const { type, object } of heard.bodies) {
      const { post_owner_id, ...comment } = object;
      if (type === 'wall_reply_new') expect(checkVkType('callback_wall_reply_new', comment)).toBeUndefined();
      else
        expect(object).toEqual({
          owner_id: -community.id,
          id: by,
          deleter_id: userToken.user_id,
          post_id: id,
        });
    }
  });
});

describe('polls', () => {
  test('are made by a person with rights and count votes', async () => {
    const end_date = Math.floor(Date.now() / 1000) + 3600;
    const made = await poll({
      is_anonymous: 1,
      is_multiple: 1,
      disable_unvote: 1,
      end_date,
      background_id: 2,
    });
    expect(made).toMatchObject({ anonymous: true, multiple: true, disable_unvote: true, end_date, votes: 0 });
    box.vk.vote({ poll: `poll${wall()}_${made.id}`, answer_id: made.answers[0].id, votes: 3 });
    const seen = await done(userToken, 'polls.getById', { owner_id: wall(), poll_id: made.id });
    expect(seen).toMatchObject({ votes: 3, answers: [{ votes: 3, rate: 100 }, { votes: 0 }] });
    const create = (token: VkToken, add_answers: string) =>
      code(token, 'polls.create', { owner_id: wall(), question: 'q', add_answers });
    expect(await create(userToken, '["a"]')).toBe(0);
    expect(await create(userToken, JSON.stringify(Array(11).fill('a')))).toBe(100);
    expect(await create(userToken, '[]')).toBe(100);
    expect(await create(userToken, 'a,b')).toBe(100);
    expect(await create(userToken, JSON.stringify(['x'.repeat(101)]))).toBe(100);
    expect(await create(groupToken, '["a"]')).toBe(27);
    expect(await create(box.addVkToken({ kind: 'user' }), '["a"]')).toBe(15);
    expect(await code(userToken, 'polls.getById', { owner_id: wall(), poll_id: 1 })).toBe(251);
  });
});

describe('uploads', () => {
  test('a photo that VK does not want is answered with 200 and nothing in it', async () => {
    const { upload_url } = await done(userToken, 'photos.getWallUploadServer');
    expect((await upload(upload_url, 'photo', Buffer.from('words'), 'a.jpg')).photo).toBe('');
    expect((await upload(upload_url, 'photo', await jpeg(1000, 20), 'a.jpg')).photo).toBe('[]');
    const large = Buffer.concat([await jpeg(), Buffer.alloc(51 * 1024 * 1024)]);
    expect((await upload(upload_url, 'photo', large, 'a.jpg')).photo).toBe('[]');
    expect(await code(userToken, 'photos.saveWallPhoto', { photo: '[]', server: 1, hash: 'x' })).toBe(100);
  });

  test('a GIF becomes a document that moves, with the title it was given', async () => {
    const gif = await sharp({ create: { width: 20, height: 20, channels: 3, background: '#fff' } })
      .gif()
      .toBuffer();
    expect(await doc(gif, 'cat.gif', 'The cat')).toMatchObject({ type: 3, ext: 'gif', title: 'The cat' });
    const { upload_url } = await done(groupToken, 'docs.getWallUploadServer', { group_id: community.id });
    expect((await upload(upload_url, 'file', Buffer.from('x'), 'a.mp3')).error).toBe('wrong_extension');
    expect(await code(groupToken, 'docs.save', { file: 'nonsense' })).toBe(105);
  });

  test('a video may be attached at once, is worked on for a while, and may fail', async () => {
    box.configure({ vkVideoMs: 150 });
    const saved = await done(userToken, 'video.save', {
      group_id: community.id,
      name: 'Clip',
      description: 'Long',
    });
    const state = async () =>
      (await done(userToken, 'video.get', { videos: `${saved.owner_id}_${saved.video_id}` })).items[0];
    expect(await state()).toBeUndefined();
    expect((await upload(saved.upload_url, 'video_file', Buffer.from('x'), 'a.txt')).error).toBe(
      'wrong_extension',
    );
    await upload(saved.upload_url, 'video_file', randomBytes(100), 'a.mp4');
    const name = `video${saved.owner_id}_${saved.video_id}`;
    const id = await post({ message: '', attachments: name });
    expect(await state()).toMatchObject({ processing: 1, title: 'Clip', description: 'Long' });
    expect(read(id).attachments[0]?.state).toBe('processing');
    await until(async () => (await state()).processing === undefined);
    expect((await state()).player).toStartWith(box.url);
    expect((await upload(saved.upload_url, 'video_file', randomBytes(9), 'a.mp4')).error).toBe(
      'ERR_UPLOAD_BAD_HASH',
    );

    box.vk.failVideo({ how: 'gone' });
    const next = await video();
    expect((await done(userToken, 'video.get', { videos: next.slice(5) })).count).toBe(1);
    await until(async () => (await done(userToken, 'video.get', { videos: next.slice(5) })).count === 0);
    box.vk.failVideo({ video: name });
    expect((await state()).content_restricted).toBe(1);

    const elsewhere = await done(userToken, 'video.save', {
      group_id: community.id,
      link: 'https://tube.example/1',
    });
    expect((await fetch(elsewhere.upload_url).then((answer) => answer.json())).response).toBe(1);
    const linked = `video${elsewhere.owner_id}_${elsewhere.video_id}`;
    expect(await post({ message: '', attachments: linked })).toBeGreaterThan(0);
    expect(await code(groupToken, 'video.save')).toBe(27);
    expect(await code(box.addVkToken({ kind: 'user', scopes: ['wall'] }), 'video.save')).toBe(15);
  });

  test('a video of 200 MB is hashed on its way to the disk, not in memory', async () => {
    const path = join(folder, 'large.mp4');
    const file = await open(path, 'w');
    const hash = createHash('sha256');
    for (let i = 0; i < 200; i++) {
      const piece = Buffer.alloc(1024 * 1024, i);
      hash.update(piece);
      await file.write(piece);
    }
    await file.close();
    const remote = await otherProcess();
    const there = await remote.addCommunity({ screen_name: 'large', name: 'Large' });
    const token = await remote.addVkToken({ kind: 'user', admin_of: [there.id] });
    const call = async (method: string, params: Record<string, string>): Promise<Answer> => {
      const body = new URLSearchParams({ v: '5.199', access_token: token.token, ...params });
      return ((await (await fetch(`${remote.vkRoot}/${method}`, { method: 'POST', body })).json()) as Answer)
        .response;
    };
    const before = remote.memory();
    const saved = await call('video.save', { group_id: String(there.id), name: 'Large' });
    const answer = await stream(saved.upload_url, 'video_file', path, 200 * 1024 * 1024);
    expect(answer).toMatchObject({ size: 200 * 1024 * 1024, video_id: saved.video_id });
    expect(remote.memory() - before).toBeLessThan(120 * 1024 * 1024);
    const made = await call('wall.post', {
      owner_id: String(-there.id),
      from_group: '1',
      attachments: `video${saved.owner_id}_${saved.video_id}`,
    });
    const view = await remote.vk.readPost({ group: there.id, post_id: made.post_id });
    expect(view?.attachments[0]).toMatchObject({ sha256: hash.digest('hex'), size: 200 * 1024 * 1024 });
    // What came in is not kept lying about.
    expect(readdirSync(join(remote.state, 'scratch'))).toEqual([]);
  }, 30_000);
});

/** Sends a file as multipart/form-data without holding it. */
function stream(address: string, field: string, path: string, size: number): Promise<Answer> {
  const head = `--b\r\ncontent-disposition: form-data; name="${field}"; filename="large.mp4"\r\ncontent-type: video/mp4\r\n\r\n`;
  const tail = '\r\n--b--\r\n';
  return new Promise((resolve, reject) => {
    const req = http.request(
      address,
      {
        method: 'POST',
        headers: {
          'content-type': 'multipart/form-data; boundary=b',
          'content-length': head.length + size + tail.length,
        },
      },
      (res) => {
        let text = '';
        res.on('data', (part) => {
          text += part;
        });
        res.on('end', () => resolve(JSON.parse(text)));
      },
    );
    req.on('error', reject);
    req.write(head);
    createReadStream(path, { highWaterMark: 1024 * 1024 })
      .on('end', () => req.end(tail))
      .pipe(req, { end: false });
  });
}

async function otherProcess() {
  const state = join(folder, 'other');
  const command = ['bun', 'src/sandbox/main.ts', '--port', '0', '--no-limits', '--state', state];
  const child = Bun.spawn(command, { cwd: join(import.meta.dir, '..'), stdout: 'pipe' });
  const { value } = await child.stdout.getReader().read();
  const { url } = JSON.parse(new TextDecoder().decode(value));
  stops.push(async () => {
    child.kill('SIGTERM');
    await child.exited;
  });
  return {
    ...sandboxAt(url),
    state,
    /** Bytes that the process holds now; always 0 where the system does not tell. */
    memory(): number {
      if (!existsSync('/proc/self/statm')) return 0;
      const [, pages] = readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ');
      return Number(pages) * 4096;
    },
  };
}

interface Listener {
  bodies: Answer[];
  /** What is answered; `ok` at first. */
  answer: string;
  status: number;
  delay: number;
  server_id: number;
  url: string;
}

/** An address that is confirmed and gets the named events of the community. */
async function listen(types: string[], secret = 's3cret'): Promise<Listener> {
  const heard: Listener = { bodies: [], answer: 'ok', status: 200, delay: 0, server_id: 0, url: '' };
  const { code: confirmation } = await done(groupToken, 'groups.getCallbackConfirmationCode', {
    group_id: community.id,
  });
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(req) {
      const body: Answer = await req.json();
      if (body.type === 'confirmation') {
        expect(body).toEqual({ type: 'confirmation', group_id: community.id, ...(secret ? { secret } : {}) });
        return new Response(confirmation);
      }
      heard.bodies.push(body);
      if (heard.delay > 0) await Bun.sleep(heard.delay);
      return new Response(heard.answer, { status: heard.status });
    },
  });
  stops.push(() => server.stop(true));
  heard.url = String(server.url);
  const params = {
    group_id: community.id,
    url: heard.url,
    title: 'Outpost',
    ...(secret ? { secret_key: secret } : {}),
  };
  heard.server_id = (await done(groupToken, 'groups.addCallbackServer', params)).server_id;
  await until(async () => (await statusOf(heard.server_id)) === 'ok');
  await done(groupToken, 'groups.setCallbackSettings', {
    group_id: community.id,
    server_id: heard.server_id,
    api_version: '5.199',
    ...Object.fromEntries(types.map((type) => [type, 1])),
  });
  stops.push(async () => {
    await vk(groupToken, 'groups.deleteCallbackServer', {
      group_id: community.id,
      server_id: heard.server_id,
    });
  });
  return heard;
}

async function statusOf(id: number): Promise<string> {
  const list = await done(groupToken, 'groups.getCallbackServers', { group_id: community.id });
  return list.items.find((one: Answer) => one.id === id)?.status;
}

describe('the Callback API', () => {
  test('confirms an address by the code, and says when it failed', async () => {
    const heard = await listen(['wall_post_new']);
    const { items } = await done(groupToken, 'groups.getCallbackServers', { group_id: community.id });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ title: 'Outpost', url: heard.url, secret_key: 's3cret', status: 'ok' });
    const changed = box.vk.changeConfirmationCode({ group: community.id });
    const { code: now } = await done(groupToken, 'groups.getCallbackConfirmationCode', {
      group_id: community.id,
    });
    expect(now).toBe(changed);
    const params = {
      group_id: community.id,
      server_id: heard.server_id,
      url: heard.url,
      title: 'x',
      secret_key: 's3cret',
    };
    await done(groupToken, 'groups.editCallbackServer', params);
    await until(async () => (await statusOf(heard.server_id)) === 'failed');
    const settings = await done(groupToken, 'groups.getCallbackSettings', {
      group_id: community.id,
      server_id: heard.server_id,
    });
    expect(settings).toMatchObject({ api_version: '5.199', events: { wall_post_new: 1, wall_repost: 0 } });
    expect(
      await code(groupToken, 'groups.deleteCallbackServer', { group_id: community.id, server_id: 999 }),
    ).toBe(104);
    const other = box.addCommunity({ screen_name: 'other', name: 'Other' });
    expect(await code(groupToken, 'groups.getCallbackServers', { group_id: other.id })).toBe(15);
    const weak = box.addVkToken({ kind: 'community', group_id: community.id, scopes: ['wall'] });
    expect(await code(weak, 'groups.getCallbackServers', { group_id: community.id })).toBe(15);
    freshCommunity();
    const add = { group_id: community.id, url: 'http://127.0.0.1:1/', title: 'x' };
    for (let i = 0; i < 10; i++) await done(groupToken, 'groups.addCallbackServer', add);
    expect(await code(groupToken, 'groups.addCallbackServer', add)).toBe(2000);
    expect(
      await code(groupToken, 'groups.addCallbackServer', { ...add, title: 'longer than fourteen' }),
    ).toBe(100);
  });

  test('tells of what people do and of what the API did', async () => {
    freshCommunity();
    const types = ['wall_post_new', 'wall_reply_new', 'wall_reply_delete', 'like_add', 'like_remove'];
    const heard = await listen([...types, 'group_join', 'group_leave', 'wall_repost', 'group_officers_edit']);
    const own = await post({ message: 'By the API' });
    const theirs = Number(box.vk.personPostsOnWall({ group: community.id, text: 'By hand' }));
    const waiting = box.vk.personPostsOnWall({
      group: community.id,
      text: 'Idea',
      user_id: 77,
      suggested: true,
    });
    const at = { group: community.id, post_id: theirs };
    box.vk.like({ ...at, user_id: 5 });
    box.vk.like({ ...at, user_id: 5, remove: true });
    const comment = box.vk.comment({ ...at, text: 'Nice', user_id: 5 });
    box.vk.like({ ...at, user_id: 6, comment_id: comment });
    box.vk.deleteComment({ group: community.id, comment_id: comment, user_id: 5 });
    box.vk.repost({ ...at, user_id: 8, text: 'Look here' });
    box.vk.join({ group: community.id, user_id: 9 });
    box.vk.leave({ group: community.id, user_id: 9 });
    box.vk.addAdmin({ group: community.id, user_id: 9, role: 'editor' });
    box.vk.editByPerson({ ...at, text: 'Changed' });
    box.vk.deleteByPerson(at);
    await until(() => heard.bodies.length >= 12);
    expect(heard.bodies.map((body) => body.type)).toEqual([
      'wall_post_new',
      'wall_post_new',
      'wall_post_new',
      'like_add',
      'like_remove',
      'wall_reply_new',
      'like_add',
      'wall_reply_delete',
      'wall_repost',
      'group_join',
      'group_leave',
      'group_officers_edit',
    ]);
    for (const body of heard.bodies) {
      expect(body).toMatchObject({ group_id: community.id, secret: 's3cret', v: '5.199' });
      expect(body.event_id).toMatch(/^[0-9a-f]{40}$/);
    }
    const [first, second, third] = heard.bodies;
    expect(first.object).toMatchObject({ id: own, text: 'By the API', from_id: -community.id });
    expect(checkVkType('wall_wallpost_full', first.object)).toBeUndefined();
    expect(second.object).toMatchObject({ id: theirs, text: 'By hand' });
    expect(third.object).toMatchObject({ id: Number(waiting), post_type: 'suggest', from_id: 77 });
    const checks = [
      'like_add_remove',
      'like_add_remove',
      '',
      'like_add_remove',
      '',
      '',
      'group_join',
      'group_leave',
    ];
    for (const [i, name] of checks.entries())
      if (name) expect(checkVkType(`callback_${name}`, heard.bodies[i + 3].object)).toBeUndefined();
    expect(heard.bodies[8].object).toMatchObject({ owner_id: 8, copy_history: [{ id: theirs }] });
    expect(heard.bodies[11].object).toMatchObject({ user_id: 9, level_old: 0, level_new: 2 });
    expect(read(theirs)).toMatchObject({ text: 'Changed', deleted: true });
    // A suggested post is on no wall until a manager publishes it.
    const list = async () =>
      (await done(service, 'wall.get', { owner_id: wall() })).items.map((one: Answer) => one.text);
    expect(await list()).toEqual(['By the API']);
    expect((await done(userToken, 'wall.get', { owner_id: wall(), filter: 'suggests' })).count).toBe(1);
    await post({ post_id: Number(waiting) });
    expect(await list()).toEqual(['Idea', 'By the API']);
  });

  test('repeats what was not taken under the same id, and gives up after failures in a row', async () => {
    box.configure({ vkCallbackRetryMs: 20, vkCallbackFailures: 4 });
    const heard = await listen(['wall_post_new']);
    heard.status = 500;
    await post({ message: 'Twice' });
    await until(() => heard.bodies.length === 2);
    heard.status = 200;
    await until(() => heard.bodies.length === 3);
    await Bun.sleep(120);
    expect(heard.bodies).toHaveLength(3);
    expect(new Set(heard.bodies.map((body) => body.event_id)).size).toBe(1);
    const sent = box.vk
      .callbackDeliveries({ group: community.id })
      .filter((one) => one.type === 'wall_post_new');
    expect(sent.slice(-3).map((one) => [one.attempt, one.status, one.taken])).toEqual([
      [1, 500, false],
      [2, 500, false],
      [3, 200, true],
    ]);
    heard.answer = 'fine';
    await post({ message: 'Never' });
    await until(async () => (await statusOf(heard.server_id)) === 'failed');
    const many = heard.bodies.length;
    heard.answer = 'ok';
    await post({ message: 'Lost' });
    await Bun.sleep(50);
    expect(heard.bodies).toHaveLength(many);
    const params = {
      group_id: community.id,
      server_id: heard.server_id,
      url: heard.url,
      title: 'x',
      secret_key: 's3cret',
    };
    await done(groupToken, 'groups.editCallbackServer', params);
    await until(async () => (await statusOf(heard.server_id)) === 'ok');
    const id = await post({ message: 'Back' });
    await until(() => heard.bodies.at(-1)?.object.id === id);
  });

  test('delivers an event twice, late or not at all when it is told to', async () => {
    const heard = await listen(['wall_post_new']);
    box.vk.planCallback({ group: community.id, act: 'twice' });
    await post({ message: 'Twice' });
    await until(() => heard.bodies.length === 2);
    expect(heard.bodies[0].event_id).toBe(heard.bodies[1].event_id);
    box.vk.planCallback({ group: community.id, act: 'drop', type: 'wall_post_new' });
    await post({ message: 'Dropped' });
    box.vk.planCallback({ group: community.id, act: 'delay', ms: 80 });
    const start = Date.now();
    await post({ message: 'Late' });
    await until(() => heard.bodies.length === 3);
    expect(Date.now() - start).toBeGreaterThanOrEqual(75);
    expect(heard.bodies[2].object.text).toBe('Late');
    box.configure({ vkCallbackTimeoutMs: 30, vkCallbackRetryMs: 10 });
    heard.delay = 60;
    await post({ message: 'Slow' });
    await until(() => heard.bodies.length >= 5);
    expect(heard.bodies[3].event_id).toBe(heard.bodies[4].event_id);
  });
});

describe('the Bots Long Poll API', () => {
  test('hands over events since a number, and says what is to be asked for anew', async () => {
    freshCommunity();
    const about = { group_id: community.id };
    const off = await vk(groupToken, 'groups.getLongPollServer', about);
    expect(off.error).toMatchObject({ error_code: 100 });
    expect(off.error.error_msg).toContain('longpoll for this group is not enabled');
    await done(groupToken, 'groups.setLongPollSettings', { ...about, enabled: 1, wall_post_new: 1 });
    expect(await done(groupToken, 'groups.getLongPollSettings', about)).toMatchObject({
      is_enabled: true,
      events: { wall_post_new: 1, wall_repost: 0 },
    });
    const { server, key, ts } = await done(groupToken, 'groups.getLongPollServer', about);
    const ask = async (params: Record<string, unknown>): Promise<Answer> => {
      const query = new URLSearchParams({ act: 'a_check', key, ts, wait: '0' });
      for (const [name, value] of Object.entries(params)) query.set(name, String(value));
      return (await fetch(`${server}?${query}`)).json();
    };
    expect(await ask({})).toEqual({ ts, updates: [] });
    const waiting = ask({ wait: 5 });
    await Bun.sleep(20);
    const id = await post({ message: 'Heard' });
    const heard = await waiting;
    expect(heard.updates).toHaveLength(1);
    expect(heard.updates[0]).toMatchObject({ type: 'wall_post_new', group_id: community.id, object: { id } });
    expect((await ask({})).updates[0].event_id).toBe(heard.updates[0].event_id);
    expect((await ask({ ts: heard.ts })).updates).toEqual([]);
    expect(await ask({ ts: 99_999 })).toEqual({ failed: 1, ts: Number(heard.ts) });
    box.vk.failLongPoll({ group: community.id, failed: 1 });
    expect(await ask({})).toEqual({ failed: 1, ts: Number(heard.ts) });
    box.vk.failLongPoll({ group: community.id, failed: 2 });
    expect(await ask({})).toEqual({ failed: 2 });
    expect(await ask({})).toEqual({ failed: 2 });
    const next = await done(groupToken, 'groups.getLongPollServer', about);
    expect(next).toMatchObject({ ts: heard.ts });
    const pending = ask({ key: next.key, ts: next.ts, wait: 5 });
    await Bun.sleep(20);
    box.vk.failLongPoll({ group: community.id, failed: 3 });
    expect(await pending).toEqual({ failed: 3 });
    expect(Number((await done(groupToken, 'groups.getLongPollServer', about)).ts)).toBeLessThan(
      Number(next.ts),
    );
  });
});

const REDIRECT = 'https://outpost.example/back?from=vk';

function pkce() {
  const code_verifier = randomBytes(40).toString('base64url');
  return { code_verifier, code_challenge: createHash('sha256').update(code_verifier).digest('base64url') };
}

async function authorize(root: string, params: Record<string, string>): Promise<Response> {
  return fetch(`${root}/authorize?${new URLSearchParams(params)}`, { redirect: 'manual' });
}

async function token(
  address: string,
  params: Record<string, unknown>,
): Promise<{ status: number; body: Answer }> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) body.set(name, String(value));
  const answer = await fetch(address, { method: 'POST', body });
  return { status: answer.status, body: await answer.json() };
}

describe('VK ID', () => {
  async function login(scope = 'wall photos groups vkid.personal_info') {
    const app = box.vk.addApp({ redirect_uris: [REDIRECT] });
    const person = box.vk.addPerson({ first_name: 'Anna', last_name: 'Ivanova', admin_of: [community.id] });
    const { code_verifier, code_challenge } = pkce();
    const asked = {
      response_type: 'code',
      client_id: String(app.client_id),
      redirect_uri: REDIRECT,
      state: 'st4te',
      code_challenge,
      code_challenge_method: 's256',
      scope,
    };
    const answer = await authorize(box.vkIdRoot, { ...asked, auto: '1' });
    expect(answer.status).toBe(302);
    const back = new URL(answer.headers.get('location') ?? '');
    expect(back.origin + back.pathname).toBe('https://outpost.example/back');
    const { code = '', device_id = '', ...rest } = Object.fromEntries(back.searchParams);
    expect(rest).toMatchObject({ from: 'vk', state: 'st4te', expires_in: '600' });
    const grant = {
      grant_type: 'authorization_code',
      code,
      code_verifier,
      client_id: app.client_id,
      device_id,
      redirect_uri: REDIRECT,
      state: 'again',
    };
    return { app, person, asked, grant, device_id };
  }

  const exchange = (grant: Record<string, unknown>) => token(`${box.vkIdRoot}/oauth2/auth`, grant);

  test('shows a page with people, and redirects only to trusted addresses', async () => {
    const { asked, person } = await login();
    const page = await authorize(box.vkIdRoot, asked);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    const link =
      new RegExp(`href="([^"]*user=${person.id})"`).exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const chosen = await fetch(`${box.vkIdRoot}/authorize${link}`, { redirect: 'manual' });
    expect(chosen.headers.get('location')).toContain('code=');
    const denied = await authorize(box.vkIdRoot, { ...asked, deny: '1' });
    expect(denied.headers.get('location')).toContain('error=access_denied');
    for (const wrong of [{ redirect_uri: 'https://evil.example/' }, { client_id: '1' }, { state: '' }])
      expect((await authorize(box.vkIdRoot, { ...asked, ...wrong, auto: '1' })).status).toBe(400);
    const plain = await authorize(box.vkIdRoot, { ...asked, code_challenge_method: 'plain', auto: '1' });
    expect(plain.headers.get('location')).toContain('error=invalid_request');
  });

  test('exchanges a code once, for the app, address, device and verifier that it was made for', async () => {
    for (const wrong of [
      { code_verifier: 'x'.repeat(43) },
      { device_id: 'other' },
      { redirect_uri: 'https://outpost.example/' },
      { code: 'nonsense' },
    ]) {
      const { grant } = await login();
      const refused = await exchange({ ...grant, ...wrong });
      expect(refused.status).toBe(400);
      expect(refused.body.error).toBe('invalid_grant');
      expect(checkVkType('oauth_error', refused.body)).toBeUndefined();
    }
    const { grant, person } = await login();
    expect((await exchange({ ...grant, code_verifier: 'short' })).body.error).toBe('invalid_request');
    expect((await exchange({ ...grant, client_id: 5 })).body.error).toBe('invalid_client');
    const { status, body } = await exchange(grant);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 3600,
      user_id: person.id,
      state: 'again',
      scope: 'vkid.personal_info',
    });
    expect(body.access_token).toStartWith('vk2.a.');
    expect(body.id_token.split('.')).toHaveLength(3);
    expect((await exchange(grant)).body.error).toBe('invalid_grant');
    const about = await token(`${box.vkIdRoot}/oauth2/user_info`, {
      access_token: body.access_token,
      client_id: grant.client_id,
    });
    expect(about.body.user).toMatchObject({
      user_id: String(person.id),
      first_name: 'Anna',
      last_name: 'Ivanova',
    });
    const rows = JSON.stringify(box.ledger());
    for (const secret of [body.access_token, body.refresh_token, grant.code, grant.code_verifier])
      expect(rows).not.toContain(secret);
  });

  test('rotates refresh tokens: the old one is good once, and its second use may end the login', async () => {
    const { grant, app, device_id } = await login();
    const first = (await exchange(grant)).body;
    const refresh = (refresh_token: string, more = {}) =>
      exchange({
        grant_type: 'refresh_token',
        refresh_token,
        client_id: app.client_id,
        device_id,
        state: 's',
        ...more,
      });
    expect((await refresh(first.refresh_token, { device_id: 'other' })).body.error).toBe('invalid_grant');
    const second = (await refresh(first.refresh_token)).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second).toMatchObject({ token_type: 'Bearer', expires_in: 3600, state: 's' });
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    expect(await code(second.access_token, 'users.get')).toBe(0);
    const third = (await refresh(second.refresh_token)).body;
    box.configure({ vkRefreshReuse: 'revoke_family' });
    expect((await refresh(second.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(third.refresh_token)).body.error).toBe('invalid_grant');
    expect(await code(third.access_token, 'users.get')).toBe(5);
  });

  test('a refresh whose answer was lost has used the token up', async () => {
    const { grant, app, device_id } = await login();
    const { refresh_token } = (await exchange(grant)).body;
    box.fault({ network: 'vk', method: 'id.oauth2/auth', action: { kind: 'drop_after' } });
    const again = { grant_type: 'refresh_token', refresh_token, client_id: app.client_id, device_id };
    await expect(exchange(again)).rejects.toThrow();
    expect((await exchange(again)).body.error).toBe('invalid_grant');
  });

  test('access tokens expire, are revoked, and cannot publish until the app is granted rights', async () => {
    box.configure({ vkTokenSeconds: 1 });
    const { grant, app } = await login();
    const short = (await exchange(grant)).body;
    expect(short.expires_in).toBe(1);
    expect(await code(short.access_token, 'users.get')).toBe(0);
    await Bun.sleep(1050);
    expect((await vk(short.access_token, 'users.get')).error).toMatchObject({
      error_code: 5,
      error_subcode: 1117,
      error_msg: 'User authorization failed: access_token has expired',
    });
    box.configure({ vkExpired: 'error_1117', vkTokenSeconds: 3600 });
    expect((await vk(short.access_token, 'users.get')).error).toMatchObject({ error_code: 1117 });

    const next = await login();
    const { access_token } = (await exchange(next.grant)).body;
    const put = () => vk(access_token, 'wall.post', { owner_id: wall(), from_group: 1, message: 'VK ID' });
    for (const method of ['wall.post', 'photos.getWallUploadServer', 'video.save'])
      expect(await code(access_token, method)).toBe(1051);
    expect((await put()).error.error_code).toBe(1051);
    box.vk.grantScopes({ client_id: next.app.client_id, scopes: ['wall', 'photos', 'video', 'groups'] });
    expect((await put()).response.post_id).toBeGreaterThan(0);
    expect(await code(access_token, 'photos.getWallUploadServer')).toBe(0);
    expect(await code(access_token, 'docs.getWallUploadServer')).toBe(15);
    const mine = await done(access_token, 'groups.get', { filter: 'admin', extended: 1 });
    expect(mine.items.map((one: Answer) => one.id)).toContain(community.id);
    box.vk.expireToken({ token: access_token });
    expect((await put()).error.error_code).toBe(1117);
    const other = await login();
    const live = (await exchange(other.grant)).body.access_token;
    const about = { access_token: live, client_id: other.app.client_id };
    expect((await token(`${box.vkIdRoot}/oauth2/revoke`, about)).body).toEqual({ response: 1 });
    expect(await code(live, 'users.get')).toBe(5);
    expect((await token(`${box.vkIdRoot}/oauth2/user_info`, about)).status).toBe(401);
    expect(app.rights).toBe(0);
  });
});

describe('tokens of communities', () => {
  test('come for each community that the person runs, to who knows the secret, and die with his rights', async () => {
    freshCommunity();
    const second = box.addCommunity({ screen_name: `second_${communities}`, name: 'Second' });
    const app = box.vk.addApp({ redirect_uris: [REDIRECT] });
    const person = box.vk.addPerson({ admin_of: [community.id, second.id] });
    const asked = {
      client_id: String(app.client_id),
      redirect_uri: REDIRECT,
      group_ids: `${community.id},${second.id}`,
      scope: 'manage,wall,photos,docs',
      response_type: 'code',
      state: 'x',
      v: '5.199',
      auto: '1',
    };
    const codeOf = async () => {
      const location = (await authorize(box.vkOauthRoot, asked)).headers.get('location') ?? '';
      expect(new URL(location).searchParams.get('state')).toBe('x');
      expect(location).not.toContain('device_id');
      return new URL(location).searchParams.get('code');
    };
    const address = `${box.vkOauthRoot}/access_token`;
    const given = { client_id: app.client_id, client_secret: app.client_secret, redirect_uri: REDIRECT };
    const wrong = await token(address, { ...given, client_secret: 'x', code: await codeOf() });
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
    const { body } = await token(address, { ...given, code: await codeOf() });
    expect(body.expires_in).toBe(0);
    expect(body.groups.map((one: Answer) => one.group_id)).toEqual([community.id, second.id]);
    const mine = body[`access_token_${community.id}`];
    expect(mine).toBe(body.groups[0].access_token);
    const { permissions } = await done(mine, 'groups.getTokenPermissions');
    expect(permissions.map((one: Answer) => one.name)).toEqual(['photos', 'wall', 'docs', 'manage']);
    expect(
      (await done(mine, 'wall.post', { owner_id: wall(), message: 'By OAuth' })).post_id,
    ).toBeGreaterThan(0);
    expect(await code(mine, 'wall.post', { owner_id: -second.id, message: 'x' })).toBe(15);

    const managers = await done(mine, 'groups.getMembers', { group_id: community.id, filter: 'managers' });
    expect(managers.items).toContainEqual({ id: person.id, role: 'administrator' });
    box.vk.removeAdmin({ group: community.id, user_id: person.id });
    expect(await code(mine, 'wall.post', { owner_id: wall(), message: 'x' })).toBe(5);
    expect(await code(body.groups[1].access_token, 'wall.post', { owner_id: -second.id, message: 'x' })).toBe(
      0,
    );
    const refused = new URL((await authorize(box.vkOauthRoot, asked)).headers.get('location') ?? '');
    expect(refused.searchParams.get('error')).toBe('access_denied');

    expect(await code(userToken, 'stats.get', { group_id: community.id, intervals_count: 1 })).toBe(0);
    box.vk.removeAdmin({ group: community.id, user_id: userToken.user_id });
    expect(await code(userToken, 'stats.get', { group_id: community.id, intervals_count: 1 })).toBe(7);
    expect(await code(userToken, 'wall.post', { owner_id: wall(), from_group: 1, message: 'x' })).toBe(214);
  });
});

describe('what people do by hand', () => {
  test('is seen in the counters, the reach and the post itself', async () => {
    freshCommunity();
    const id = await post({ message: 'A long post', attachments: await photo() });
    const at = { group: community.id, post_id: id };
    box.vk.setViews({ ...at, views: 70 });
    box.vk.like(at);
    box.vk.like({ ...at, user_id: 2 });
    box.vk.truncatePost({ ...at, text: 6, attachments: 0 });
    box.vk.pinByPerson(at);
    const view = read(id);
    expect(view).toMatchObject({ text: 'A long', attachments: [], pinned: true, edited: false });
    expect(view.counters).toEqual({ likes: 2, reposts: 0, views: 70 });
    const [reach] = await done(userToken, 'stats.getPostReach', { owner_id: wall(), post_ids: id });
    expect(reach).toMatchObject({ post_id: id, reach_total: 70, reach_subscribers: 50, reach_viral: 20 });
    expect(() => box.vk.like({ group: community.id, post_id: 999 })).toThrow('no such post');
  });

  test('is counted by days of Moscow, those told behind its back among them', async () => {
    freshCommunity();
    const noon = (ago: number) => Math.floor((Date.now() / 1000 + 10_800) / 86_400 - ago) * 86_400 + 32_400;
    const date = (ago: number) => new Date((noon(ago) + 10_800) * 1000).toISOString().slice(0, 10);
    const id = box.postAsPerson({
      network: 'vk',
      place: community.id,
      text: 'Of yesterday',
      at: noon(1) * 1000,
    });
    box.vk.setViews({ group: community.id, post_id: id, views: 20 });
    box.vk.setDay({ group: community.id, date: date(2), reach: 11, subscribed: 2 });
    box.vk.join({ group: community.id });
    box.vk.leave({ group: community.id });
    const asked = { group_id: community.id, stats_groups: 'reach,activity' };
    const days = await done(userToken, 'stats.get', {
      ...asked,
      timestamp_from: noon(2),
      timestamp_to: noon(-3),
    });
    const told = days.map((one: Answer) => [
      one.period_to - one.period_from,
      one.reach.reach,
      one.activity.subscribed,
      one.activity.unsubscribed,
      one.visitors,
    ]);
    // The newest first, and none that has not begun.
    expect(told).toEqual([
      [86_399, 0, 1, 1, undefined],
      [86_399, 20, 0, 0, undefined],
      [86_399, 11, 2, 0, undefined],
    ]);
    const reversed = { ...asked, timestamp_from: noon(1), timestamp_to: noon(2) };
    expect(await code(userToken, 'stats.get', reversed)).toBe(100);
    const many = Array.from({ length: 31 }, (_, index) => index + 1).join();
    expect(await code(userToken, 'stats.getPostReach', { owner_id: wall(), post_ids: many })).toBe(100);
    const [post] = (await done(userToken, 'wall.get', { owner_id: wall(), filter: 'owner' })).items;
    expect(post).toMatchObject({ id: Number(id), date: noon(1) });
  });

  test('is done from another process in the same words', async () => {
    const remote = sandboxAt(box.url);
    const id = await remote.vk.personPostsOnWall({ group: community.screen_name, text: 'Remote' });
    await remote.vk.comment({ group: community.id, post_id: id, text: 'Hello' });
    const view = await remote.vk.readPost({ group: community.id, post_id: id });
    expect(view).toEqual(read(Number(id)));
    expect(await remote.vk.readPost({ group: community.id, post_id: 12_345 })).toBeNull();
    await expect(remote.vk.like({ group: 'nowhere', post_id: 1 })).rejects.toThrow('no such community');
    await remote.configure({ vkVideoMs: 5 });
    expect(box.configure({}).vkVideoMs).toBe(5);
    expect([remote.vkIdRoot, remote.vkOauthRoot]).toEqual([box.vkIdRoot, box.vkOauthRoot]);
  });

  test('is drawn on the wall, escaped and without scripts', async () => {
    freshCommunity();
    const asked = await poll({ question: '<Tea> or coffee?' });
    box.vk.vote({ poll: `poll${wall()}_${asked.id}`, answer_id: asked.answers[0].id });
    const clip = await video();
    const paper = await doc(Buffer.from('x'), 'a.txt', '<b>Paper</b>');
    const names = [
      clip,
      `doc${paper.owner_id}_${paper.id}`,
      `poll${wall()}_${asked.id}`,
      'https://shop.example/x',
    ];
    const id = await post({
      message: 'Old but pinned',
      attachments: names.join(','),
      signed: 1,
      mark_as_ads: 1,
    });
    await post({ message: 'Newest' });
    await done(userToken, 'wall.pin', { owner_id: wall(), post_id: id });
    box.vk.comment({ group: community.id, post_id: id, text: '<i>Comment</i>', user_id: 12 });
    const page = await (await fetch(`${box.url}/c/${community.screen_name}`)).text();
    expect(page.indexOf('Old but pinned')).toBeLessThan(page.indexOf('Newest'));
    for (const words of [
      '&lt;Tea&gt; or coffee?',
      '1 vote',
      '--share: 100%',
      'shop.example',
      '>Clip</a>',
      '&lt;b&gt;Paper&lt;/b&gt;',
      'pinned',
      `signed by User ${userToken.user_id}`,
      '>ad<',
      'User 12',
      '&lt;i&gt;Comment&lt;/i&gt;',
    ])
      expect(page).toContain(words);
    for (const words of ['<Tea>', '<b>Paper', '<script']) expect(page).not.toContain(words);
  });
});
