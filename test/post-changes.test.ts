import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { asOwner } from '../src/context.ts';
import type { FaultAction } from '../src/sandbox/faults.ts';
import { someId } from './harness.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
let channel: Connected;
let group: Connected;
let picture: string;

beforeAll(async () => {
  p = await openPublishing();
  channel = await p.telegram();
  group = await p.vk();
  picture = await p.picture();
  await p.start();
}, 30_000);
afterAll(() => p.close());

const soon = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
const hour = 3_600_000;

async function made(body: object) {
  const answer = await p.ask('POST', '/v1/posts', body);
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body;
}

const scheduled = (text: string, change: object = {}) =>
  made({ text, community_ids: [channel.id], scheduled_at: soon(hour), ...change });

async function edited(id: string, change: object) {
  const answer = await p.ask('PATCH', `/v1/posts/${id}`, change);
  expect([answer.status, answer.body.errors ?? answer.body.detail]).toEqual([200, undefined]);
  return answer.body;
}

function accepted(text: string) {
  return p.sandbox.ledger().filter((row) => row.event === 'accepted' && row.text === text);
}

async function conflict(method: string, path: string, body?: object): Promise<[number, string]> {
  const answer = await p.ask(method, path, body);
  return [answer.status, answer.body?.code];
}

/** The API alone is asked: what is queued for a publication shows as one job that is not done. */
async function stateOf(id: string) {
  const [row] = await p.test.ctx.sql`
    select state, due_at, next_try_at, content_version, fence::int as fence from publications where id = ${id}`;
  return row;
}

describe('an edit', () => {
  test('of the text, the pictures, the places and the overrides changes these and nothing else', async () => {
    const post = await scheduled('first');
    const [publication] = post.publications;
    const text = await edited(post.id, { text: 'second' });
    expect(text).toMatchObject({ text: 'second', scheduled_at: post.scheduled_at, status: 'scheduled' });
    expect(text.publications[0].id).toBe(publication.id);
    expect(await stateOf(publication.id)).toMatchObject({ content_version: 2, fence: 1 });
    const media = await edited(post.id, { media_ids: [picture] });
    expect(media).toMatchObject({ text: 'second', media_ids: [picture] });
    const wider = await edited(post.id, { community_ids: [channel.id, group.id] });
    expect(wider.publications).toHaveLength(2);
    expect(new Set(wider.publications.map((one: { due_at: string }) => one.due_at))).toEqual(
      new Set([post.scheduled_at]),
    );
    const other = await edited(post.id, { community_ids: [group.id], overrides: { vk: { text: 'third' } } });
    expect(other.publications.map((one: { community: { id: string } }) => one.community.id)).toEqual([
      group.id,
    ]);
    expect(other).toMatchObject({ text: 'second', overrides: { vk: { text: 'third' } } });
    expect(await edited(post.id, { media_ids: [], overrides: {} })).toMatchObject({
      media_ids: [],
      overrides: {},
    });
    expect(Date.parse(other.updated_at)).toBeGreaterThan(Date.parse(post.updated_at));
  });

  test('of the time moves every publication, and can be given as instant or local time', async () => {
    const post = await scheduled('moves', { community_ids: [channel.id, group.id] });
    const at = soon(3 * hour);
    const moved = await edited(post.id, { scheduled_at: at });
    expect(moved.publications.map((one: { due_at: string }) => one.due_at)).toEqual([at, at]);
    const local_time = `${soon(48 * hour).slice(0, 10)}T12:00`;
    const local = await edited(post.id, { local_time, timezone: 'Asia/Tokyo' });
    expect(local).toMatchObject({ local_time, timezone: 'Asia/Tokyo', text: 'moves' });
    expect(local.scheduled_at.slice(11)).toBe('03:00:00.000Z');
    expect(await edited(post.id, { scheduled_at: at })).toMatchObject({ local_time: null, timezone: null });
  });

  test('makes a draft of it again and nothing goes out; a draft gets a time again', async () => {
    const post = await scheduled('back to a draft', { scheduled_at: soon(700) });
    const draft = await edited(post.id, { scheduled_at: null });
    expect(draft).toMatchObject({ status: 'draft', scheduled_at: null, local_time: null, publications: [] });
    await Bun.sleep(900);
    expect(accepted('back to a draft')).toEqual([]);
    expect((await edited(post.id, { scheduled_at: soon(hour) })).status).toBe('scheduled');
  });

  test('leaves its mark: what goes out is the new text at the new time and place', async () => {
    const post = await scheduled('old words', { scheduled_at: soon(400) });
    const next = soon(900);
    await edited(post.id, { text: 'new words', community_ids: [group.id], scheduled_at: next });
    await p.reaches(post.id, 'published');
    expect(accepted('old words')).toEqual([]);
    const [sent, ...more] = accepted('new words');
    expect([sent?.place, more]).toEqual([String(-group.place), []]);
    expect(sent?.at ?? 0).toBeGreaterThanOrEqual(Date.parse(next));
  });

  test('that takes the last place away, or names nothing that is there, is refused', async () => {
    const post = await scheduled('stays');
    const none = await p.ask('PATCH', `/v1/posts/${post.id}`, { community_ids: [] });
    expect([none.status, none.body.errors[0].path]).toEqual([422, '/community_ids']);
    expect(await conflict('PATCH', `/v1/posts/${someId}`, { text: 'x' })).toEqual([404, 'not_found']);
    expect((await p.ask('GET', `/v1/posts/${post.id}`)).body).toEqual(post);
  });
});

describe('publishing, cancelling, copying and deleting', () => {
  test('a draft is published now, and so is a post before its time', async () => {
    const draft = await made({ text: 'draft, now', community_ids: [group.id] });
    const planned = await made({ text: 'planned, now', community_ids: [group.id], scheduled_at: soon(hour) });
    for (const { id, text } of [draft, planned]) {
      const answer = await p.ask('POST', `/v1/posts/${id}/publish`);
      expect(answer.status).toBe(200);
      await p.reaches(id, 'published');
      expect(accepted(text)).toHaveLength(1);
      expect(await conflict('POST', `/v1/posts/${id}/publish`)).toEqual([409, 'wrong_state']);
    }
    const empty = await made({ text: 'nowhere' });
    const refused = await p.ask('POST', `/v1/posts/${empty.id}/publish`);
    expect([refused.status, refused.body.errors[0].path]).toEqual([422, '/community_ids']);
  });

  test('a cancelled post never goes out and stays as it is', async () => {
    const post = await scheduled('cancelled in time', { scheduled_at: soon(400) });
    const answer = await p.ask('POST', `/v1/posts/${post.id}/cancel`);
    expect(answer.body).toMatchObject({
      status: 'cancelled',
      publications: [{ state: 'cancelled', actions: [] }],
    });
    await Bun.sleep(700);
    expect(accepted('cancelled in time')).toEqual([]);
    for (const [method, path, body] of [
      ['POST', '/cancel', undefined],
      ['PATCH', '', { text: 'x' }],
      ['PATCH', '', { scheduled_at: soon(hour) }],
      ['POST', '/publish', undefined],
    ] as const) {
      expect(await conflict(method, `/v1/posts/${post.id}${path}`, body)).toEqual([409, 'wrong_state']);
    }
  });

  test('there is nothing to cancel in a draft, in a published post and in none', async () => {
    const draft = await made({ text: 'x' });
    const done = await made({ text: 'is public', community_ids: [group.id], publish_now: true });
    await p.reaches(done.id, 'published');
    expect(await conflict('POST', `/v1/posts/${draft.id}/cancel`)).toEqual([409, 'wrong_state']);
    expect(await conflict('POST', `/v1/posts/${done.id}/cancel`)).toEqual([409, 'wrong_state']);
    expect(await conflict('POST', `/v1/posts/${someId}/cancel`)).toEqual([404, 'not_found']);
    for (const change of [{ community_ids: [] }, { scheduled_at: null }, { scheduled_at: soon(hour) }]) {
      expect(await conflict('PATCH', `/v1/posts/${done.id}`, change)).toEqual([409, 'wrong_state']);
    }
    expect(await conflict('DELETE', `/v1/posts/${done.id}`)).toEqual([409, 'wrong_state']);
  });

  test('a copy is a draft with the same content, whatever became of the first', async () => {
    const body = {
      text: 'copied',
      media_ids: [picture],
      community_ids: [group.id, channel.id],
      overrides: { telegram: { text: 'shorter' } },
      time_sensitive: true,
    };
    const post = await made({ ...body, scheduled_at: soon(hour) });
    await p.ask('POST', `/v1/posts/${post.id}/cancel`);
    const answer = await p.ask('POST', `/v1/posts/${post.id}/duplicate`);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ ...body, status: 'draft', scheduled_at: null, publications: [] });
    expect(answer.body.id).not.toBe(post.id);
    expect(await conflict('POST', `/v1/posts/${someId}/duplicate`)).toEqual([404, 'not_found']);
  });

  test('only what never went out and is not planned is deleted', async () => {
    const draft = await made({ text: 'gone soon', media_ids: [picture] });
    expect((await p.ask('DELETE', `/v1/posts/${draft.id}`)).status).toBe(204);
    expect(await conflict('GET', `/v1/posts/${draft.id}`)).toEqual([404, 'not_found']);
    expect(await conflict('DELETE', `/v1/posts/${draft.id}`)).toEqual([404, 'not_found']);
    const planned = await scheduled('planned');
    expect(await conflict('DELETE', `/v1/posts/${planned.id}`)).toEqual([409, 'wrong_state']);
    await p.ask('POST', `/v1/posts/${planned.id}/cancel`);
    expect((await p.ask('DELETE', `/v1/posts/${planned.id}`)).status).toBe(204);
  });
});

describe('a post that is being sent', () => {
  test('refuses edit, cancel, publish and delete, and is not touched by them', async () => {
    const [post, id] = await beingSent('in the air', { kind: 'delay', ms: 600 });
    const refusals = await Promise.all([
      conflict('PATCH', `/v1/posts/${post.id}`, { text: 'too late' }),
      conflict('PATCH', `/v1/posts/${post.id}`, { scheduled_at: null }),
      conflict('POST', `/v1/posts/${post.id}/cancel`),
      conflict('POST', `/v1/posts/${post.id}/publish`),
      conflict('DELETE', `/v1/posts/${post.id}`),
      conflict('POST', `/v1/publications/${id}/cancel`),
    ]);
    for (const refusal of refusals) expect(refusal).toEqual([409, 'publication_in_flight']);
    expect((await p.ask('GET', `/v1/posts/${post.id}`)).body).toMatchObject({
      status: 'publishing',
      text: 'in the air',
    });
    await p.reaches(post.id, 'published');
    expect(accepted('in the air')).toHaveLength(1);
    expect(accepted('too late')).toEqual([]);
  });

  test('a cancel stops the other places and does not claim this one', async () => {
    const [post] = await beingSent('half in the air', { kind: 'delay', ms: 500 }, async () => {
      const body = { text: 'half in the air', community_ids: [group.id, channel.id] };
      const post = await made({ ...body, scheduled_at: soon(hour) });
      // Its second place waits for another hour.
      const at = new Date();
      await p.test.ctx.sql`
        update publications set due_at = ${at}, next_try_at = ${at}, late_at = ${new Date(at.getTime() + hour)}
        where post_id = ${post.id} and network = 'vk'`;
      return post;
    });
    const answer = await p.ask('POST', `/v1/posts/${post.id}/cancel`);
    expect([answer.status, answer.body.status]).toEqual([200, 'publishing']);
    const ended = await p.reaches(post.id, ['published', 'cancelled']);
    expect(ended.map(({ community, state }) => [community.network, state]).sort()).toEqual([
      ['telegram', 'cancelled'],
      ['vk', 'published'],
    ]);
    expect((await p.ask('GET', `/v1/posts/${post.id}`)).body.status).toBe('published');
    expect(accepted('half in the air')).toHaveLength(1);
  });

  /** A post to VK whose send hangs in the sandbox. */
  async function beingSent(text: string, action: FaultAction, make = () => scheduledNow(text)) {
    p.sandbox.fault({ network: 'vk', method: 'wall.post', match: { text_contains: text }, action });
    const post = await make();
    const id: string = post.publications.find(
      (one: { community: { network: string } }) => one.community.network === 'vk',
    ).id;
    for (let n = 0; n < 200 && (await stateOf(id))?.state !== 'sending'; n += 1) await Bun.sleep(10);
    expect((await stateOf(id))?.state).toBe('sending');
    return [post, id] as const;
  }
  const scheduledNow = (text: string) => made({ text, community_ids: [group.id], publish_now: true });
});

describe('two requests at the same moment', () => {
  test('a delete that waits for a publish finds what was planned', async () => {
    const draft = await made({ text: 'planned meanwhile', community_ids: [channel.id] });
    const [entered, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const planning = asOwner(p.test.ctx, async (tx) => {
      await tx`update posts set scheduled_at = now() + interval '1 hour' where id = ${draft.id}`;
      await tx`
        insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at,
          content_version)
        values (${Bun.randomUUIDv7()}, ${p.owner.workspaceId}, ${draft.id}, ${channel.id}, 'telegram',
          now() + interval '1 hour', now() + interval '1 hour', now() + interval '2 hours', 1)`;
      entered.resolve();
      await leave.promise;
    });
    await entered.promise;
    const answers = [
      conflict('DELETE', `/v1/posts/${draft.id}`),
      conflict('PATCH', `/v1/posts/${draft.id}`, { community_ids: [] }),
    ];
    await Bun.sleep(150);
    leave.resolve();
    await planning;
    expect(await Promise.all(answers)).toEqual([
      [409, 'wrong_state'],
      [422, 'invalid'],
    ]);
    expect((await p.ask('GET', `/v1/posts/${draft.id}`)).body.status).toBe('scheduled');
  });

  test('a draft that is published twice goes out once', async () => {
    const draft = await made({ text: 'twice at once', community_ids: [group.id] });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => p.ask('POST', `/v1/posts/${draft.id}/publish`)),
    );
    for (const { status } of answers) expect([200, 409]).toContain(status);
    await p.reaches(draft.id, 'published');
    expect(accepted('twice at once')).toHaveLength(1);
  });

  test('a picture that is removed while a post takes it is there or is not, never half', async () => {
    for (let n = 0; n < 6; n += 1) {
      const id = await p.picture();
      const [post, removal] = await Promise.all([
        p.ask('POST', '/v1/posts', { text: 'x', media_ids: [id] }),
        p.ask('DELETE', `/v1/media/${id}`),
      ]);
      expect([
        [201, 409],
        [422, 204],
      ]).toContainEqual([post.status, removal.status]);
    }
  });
});
