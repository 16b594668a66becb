import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { someId } from './harness.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';
import { type Recorder, recordRequests } from './recorder.ts';

let p: Publishing;
let recorder: Recorder;
let channel: Connected;
let group: Connected;
let picture: string;

beforeAll(async () => {
  recorder = recordRequests();
  p = await openPublishing({}, (sandbox) => recorder.before(sandbox));
  channel = await p.telegram();
  group = await p.vk();
  picture = await p.picture();
  await p.start();
}, 30_000);
afterAll(async () => {
  await p.close();
  recorder.stop();
});

const soon = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
const hour = 3_600_000;
const day = 24 * hour;

function create(body: object) {
  return p.ask('POST', '/v1/posts', body);
}

async function made(body: object) {
  const answer = await create(body);
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body;
}

function accepted(text: string) {
  return p.sandbox.ledger().filter((row) => row.event === 'accepted' && row.text === text);
}

/** Path and words of every fault of a 422. */
async function refused(method: string, path: string, body: object): Promise<[string, string][]> {
  const answer = await p.ask(method, path, body);
  expect([answer.status, answer.body?.code]).toEqual([422, 'invalid']);
  expect(answer.body.detail).toBe(answer.body.errors[0].message);
  return answer.body.errors.map((fault: { path: string; message: string }) => [fault.path, fault.message]);
}

describe('a new post', () => {
  test('without a time is a draft, and may be incomplete', async () => {
    const draft = await made({ text: 'an idea' });
    expect(draft).toMatchObject({
      status: 'draft',
      needs_attention: false,
      text: 'an idea',
      community_ids: [],
      scheduled_at: null,
      publications: [],
    });
    expect(await made({})).toMatchObject({ status: 'draft', text: '' });
    expect(await made({ scheduled_at: null, publish_now: false, text: 'x' })).toMatchObject({
      status: 'draft',
    });
    // Too long for Telegram, which matters only once it has a time.
    const long = await made({ text: 'x'.repeat(5_000), community_ids: [channel.id] });
    expect(long.status).toBe('draft');
    expect((await p.ask('GET', `/v1/posts/${draft.id}`)).body).toEqual(draft);
  });

  test('at an instant, whatever offset it is given in', async () => {
    const at = new Date(Date.now() + hour);
    const [whole] = at.toISOString().split('.');
    const moscow = new Date(at.getTime() + 3 * hour).toISOString().slice(0, 19);
    for (const scheduled_at of [`${whole}Z`, `${moscow}+03:00`, `${moscow}+03`]) {
      const post = await made({ text: 'x', community_ids: [channel.id, group.id], scheduled_at });
      expect(post).toMatchObject({ status: 'scheduled', scheduled_at: `${whole}.000Z`, local_time: null });
      expect(
        post.publications.map((one: { state: string; due_at: string }) => [one.state, one.due_at]),
      ).toEqual([
        ['scheduled', `${whole}.000Z`],
        ['scheduled', `${whole}.000Z`],
      ]);
      expect(post.publications[0].actions).toEqual(['cancel']);
    }
  });

  test('at a local time: the given zone, else the one its communities share, else the workspace’s', async () => {
    const [tokyo, tokyoToo, lisbon] = [
      await p.telegram({ timezone: 'Asia/Tokyo' }),
      await p.vk({ timezone: 'Asia/Tokyo' }),
      await p.telegram({ timezone: 'Europe/Lisbon' }),
    ];
    const local_time = `${new Date(Date.now() + 30 * day).toISOString().slice(0, 10)}T12:00`;
    const noon = Date.parse(`${local_time}:00Z`);
    const cases: [Connected[], string | undefined, string, number][] = [
      [[tokyo, lisbon], 'Asia/Kolkata', 'Asia/Kolkata', 5.5],
      [[tokyo], undefined, 'Asia/Tokyo', 9],
      [[tokyo, tokyoToo], undefined, 'Asia/Tokyo', 9],
      // Moscow is the workspace's.
      [[tokyo, lisbon], undefined, 'Europe/Moscow', 3],
    ];
    for (const [places, given, timezone, hours] of cases) {
      const community_ids = places.map(({ id }) => id);
      const post = await made({
        text: 'x',
        community_ids,
        local_time,
        ...(given ? { timezone: given } : {}),
      });
      expect(post).toMatchObject({
        local_time,
        timezone,
        scheduled_at: new Date(noon - hours * hour).toISOString(),
        time_note: null,
      });
    }
  });

  test('at a local time that the clocks skip says where it went', async () => {
    // The last Sunday of the next March.
    const year =
      new Date().getUTCFullYear() + (Date.now() > Date.UTC(new Date().getUTCFullYear(), 2, 20) ? 1 : 0);
    const last = new Date(Date.UTC(year, 2, 31));
    last.setUTCDate(31 - last.getUTCDay());
    const local_time = `${last.toISOString().slice(0, 10)}T02:30`;
    const body = { text: 'x', community_ids: [channel.id], local_time, timezone: 'Europe/Berlin' };
    const preview = await p.ask('POST', '/v1/posts/preview', body);
    const post = await made(body);
    expect(post.time_note).toMatchObject({ kind: 'gap', message: expect.stringContaining('moved to 03:30') });
    expect(post.scheduled_at.slice(11, 16)).toBe('01:30');
    expect(preview.body).toMatchObject({ time_note: post.time_note, scheduled_at: post.scheduled_at });
  });

  test('now goes out now, on both networks, each with its own text', async () => {
    const post = await made({
      text: 'to everybody',
      overrides: { vk: { text: 'to VK' } },
      community_ids: [channel.id, group.id],
      publish_now: true,
    });
    const publications = await p.reaches(post.id, 'published');
    expect(publications.map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect(accepted('to everybody').map(({ place }) => place)).toEqual([String(channel.place)]);
    expect(accepted('to VK').map(({ place }) => place)).toEqual([String(-group.place)]);
    const after = (await p.ask('GET', `/v1/posts/${post.id}`)).body;
    expect(after.status).toBe('published');
    expect(
      after.publications.every((one: { remote_url: string }) => one.remote_url.startsWith('https://')),
    ).toBe(true);
  });
});

describe('a post that a network would refuse', () => {
  type Case = [name: string, body: () => object, path: string, words: RegExp, atPreview?: 'refused' | 'told'];
  let documents: Connected;
  let textOnly: Connected;
  let gone: Connected;
  let foreignPicture: string;
  let foreignChannel: Connected;
  let pictures: string[] = [];
  beforeAll(async () => {
    documents = await p.vk({ tokens: ['community'], settings: { photos_as_documents: true } });
    textOnly = await p.vk({ tokens: ['community'], docs: false });
    gone = await p.telegram();
    expect((await p.ask('DELETE', `/v1/communities/${gone.id}`)).status).toBe(204);
    const stranger = await p.test.register();
    foreignPicture = await p.picture(stranger);
    foreignChannel = await p.telegram({ as: stranger });
    pictures = [picture, ...(await Promise.all(Array.from({ length: 10 }, () => p.picture())))];
  });

  const at = () => ({ scheduled_at: soon(hour) });
  // biome-ignore format: a table, one case a line
  const cases: Case[] = [
    ['4,097 characters for Telegram', () => ({ text: 'x'.repeat(4_097), community_ids: [channel.id], ...at() }), '/text', /Telegram takes 4096 characters here, the text has 4097/, 'told'],
    ['1,025 characters beside a picture', () => ({ text: 'x'.repeat(1_025), media_ids: [picture], community_ids: [channel.id], ...at() }), '/text', /1024 characters here, the text has 1025.*long_caption/, 'told'],
    ['an override that is too long', () => ({ text: 'x', overrides: { telegram: { text: 'y'.repeat(4_097) } }, community_ids: [channel.id], ...at() }), '/overrides/telegram/text', /4096/, 'told'],
    ['no text and no picture', () => ({ text: ' \n', community_ids: [channel.id], ...at() }), '/text', /Write a text or add an image/, 'told'],
    ['an override that is empty', () => ({ text: 'x', overrides: { telegram: { text: '' } }, community_ids: [channel.id], ...at() }), '/overrides/telegram/text', /Write a text/, 'told'],
    ['a picture where the VK token can carry none', () => ({ text: 'x', media_ids: [picture], community_ids: [textOnly.id], ...at() }), '/media_ids', /cannot upload photos.*Add a user token/, 'told'],
    ['two pictures where VK sends documents', () => ({ text: 'x', media_ids: pictures.slice(0, 2), community_ids: [documents.id], ...at() }), '/media_ids/1', /VK takes 1 image here, the post has 2.*add a user token/, 'told'],
    ['a disconnected community', () => ({ text: 'x', community_ids: [gone.id], ...at() }), '/community_ids', /is not connected/, 'told'],
    ['11 pictures', () => ({ text: 'x', media_ids: pictures, community_ids: [channel.id], ...at() }), '/media_ids/10', /takes 10/, 'told'],
    ['a picture twice', () => ({ text: 'x', media_ids: [picture, picture], community_ids: [channel.id], ...at() }), '/media_ids', /names a file twice/, 'refused'],
    ['a community twice', () => ({ text: 'x', community_ids: [channel.id, channel.id.toUpperCase()], ...at() }), '/community_ids', /names a community twice/, 'refused'],
    ['a past time', () => ({ text: 'x', community_ids: [channel.id], scheduled_at: soon(-1_000) }), '/scheduled_at', /in the past/, 'refused'],
    ['a past local time', () => ({ text: 'x', community_ids: [channel.id], local_time: '2020-01-01T10:00' }), '/local_time', /in the past/, 'refused'],
    ['366 days ahead', () => ({ text: 'x', community_ids: [channel.id], scheduled_at: soon(366 * day) }), '/scheduled_at', /more than 365 days ahead/, 'refused'],
    ['a local time 400 days ahead', () => ({ text: 'x', community_ids: [channel.id], local_time: soon(400 * day).slice(0, 16) }), '/local_time', /more than 365 days ahead/, 'refused'],
    ['an unknown zone', () => ({ text: 'x', community_ids: [channel.id], local_time: soon(day).slice(0, 16), timezone: 'Europe/Nowhere' }), '/timezone', /not an IANA time zone/, 'refused'],
    ['an offset as zone', () => ({ text: 'x', community_ids: [channel.id], local_time: soon(day).slice(0, 16), timezone: '+03:00' }), '/timezone', /not an IANA time zone/, 'refused'],
    ['two times at once', () => ({ text: 'x', community_ids: [channel.id], local_time: soon(day).slice(0, 16), ...at() }), '/local_time', /Give one time/, 'refused'],
    ['a time and now', () => ({ text: 'x', community_ids: [channel.id], publish_now: true, ...at() }), '/publish_now', /Give one time/, 'refused'],
    ['a local time with an offset', () => ({ text: 'x', community_ids: [channel.id], local_time: soon(day) }), '/local_time', /must be a local time/, 'refused'],
    ['a local day that does not exist', () => ({ text: 'x', community_ids: [channel.id], local_time: '2027-02-30T10:00' }), '/local_time', /does not exist/, 'refused'],
    ['an instant without an offset', () => ({ text: 'x', community_ids: [channel.id], scheduled_at: soon(day).slice(0, 19) }), '/scheduled_at', /time with an offset/, 'refused'],
    ['a day that does not exist', () => ({ text: 'x', community_ids: [channel.id], scheduled_at: '2027-02-31T10:00:00Z' }), '/scheduled_at', /not a time that exists/, 'refused'],
    ['a community that is not there', () => ({ text: 'x', community_ids: [channel.id, someId], ...at() }), '/community_ids/1', /no such community/, 'refused'],
    ['a community of another workspace', () => ({ text: 'x', community_ids: [foreignChannel.id], ...at() }), '/community_ids/0', /no such community/, 'refused'],
    ['a picture that is not there', () => ({ text: 'x', media_ids: [someId], community_ids: [channel.id], ...at() }), '/media_ids/0', /no file with this id/, 'refused'],
    ['a picture of another workspace', () => ({ text: 'x', media_ids: [picture, foreignPicture], community_ids: [channel.id], ...at() }), '/media_ids/1', /no file with this id/, 'refused'],
    ['an id that is none', () => ({ text: 'x', community_ids: ['news'], ...at() }), '/community_ids/0', /must be an id/, 'refused'],
    ['an unknown field', () => ({ text: 'x', state: 'published' }), '/state', /not known here/, 'refused'],
    ['a field of ours', () => ({ text: 'x', workspace_id: someId }), '/workspace_id', /not known here/, 'refused'],
    ['an override for an unknown network', () => ({ text: 'x', overrides: { myspace: { text: 'y' } } }), '/overrides/myspace', /one of these networks: telegram, vk/, 'refused'],
    ['an override named like a method', () => ({ text: 'x', overrides: { toString: { text: 'y' } } }), '/overrides/toString', /one of these networks/, 'refused'],
    ['an override of an unknown field', () => ({ text: 'x', overrides: { vk: { title: 'y' } } }), '/overrides/vk/title', /not known here/, 'refused'],
    ['a text that is none', () => ({ text: 5 }), '/text', /Expected string/, 'refused'],
    ['more than any network takes', () => ({ text: 'x'.repeat(100_001) }), '/text', /longer than 100,000/, 'refused'],
    ['a time without a place', () => ({ text: 'x', ...at() }), '/community_ids', /at least one community/],
  ];
  for (const [name, body, path, words, atPreview] of cases) {
    test(`is refused with path and reason, and so is the edit and the preview: ${name}`, async () => {
      const before = await digest();
      const found = await refused('POST', '/v1/posts', body());
      expect(found[0]).toEqual([path, expect.stringMatching(words)]);
      if (atPreview === 'refused') {
        expect((await refused('POST', '/v1/posts/preview', body()))[0]?.[0]).toBe(path);
      } else {
        const preview = (await p.ask('POST', '/v1/posts/preview', body())).body;
        expect(preview.ok).toBe(false);
        if (atPreview === 'told') {
          const [problem] = preview.communities[0].problems;
          expect([problem.path, found[0]?.[1]]).toEqual([path, expect.stringContaining(problem.message)]);
        }
      }
      expect(await digest()).toEqual(before);
      const kept = await made({
        text: 'as it was',
        community_ids: [channel.id],
        scheduled_at: soon(2 * hour),
      });
      // What an edit leaves out stays: the case that lacks a place takes it away here.
      const change = { community_ids: [], ...body() };
      expect((await refused('PATCH', `/v1/posts/${kept.id}`, change))[0]?.[0]).toBe(path);
      expect((await p.ask('GET', `/v1/posts/${kept.id}`)).body).toEqual(kept);
    });
  }

  test('says every reason of every community at once', async () => {
    const body = { text: 'x'.repeat(16_000), community_ids: [channel.id, group.id, gone.id], ...at() };
    const faults = await refused('POST', '/v1/posts', body);
    expect(faults.map(([path]) => path).sort()).toEqual(['/community_ids', '/text', '/text', '/text']);
    expect(new Set(faults.map(([, words]) => words.split(':')[0])).size).toBe(3);
  });

  test('at the very limits is taken', async () => {
    const at365 = { scheduled_at: soon(365 * day - 5_000) };
    await made({ text: 'x'.repeat(4_096), community_ids: [channel.id], ...at365 });
    await made({
      text: 'x'.repeat(1_024),
      media_ids: pictures.slice(0, 10),
      community_ids: [channel.id],
      ...at365,
    });
    await made({ text: '', media_ids: [picture], community_ids: [channel.id, documents.id], ...at365 });
  });
});

describe('the preview', () => {
  test('is the request that the network then gets, for texts, pictures and albums', async () => {
    const document = await p.vk({ tokens: ['community'], settings: { photos_as_documents: true } });
    const second = await p.picture();
    const bodies = [
      { text: 'preview of a text — with “odd” signs & <marks>\n🎉', community_ids: [channel.id, group.id] },
      {
        text: 'preview of a picture',
        media_ids: [picture],
        community_ids: [channel.id, group.id, document.id],
      },
      { text: 'preview of an album', media_ids: [second, picture], community_ids: [channel.id, group.id] },
      { media_ids: [picture], community_ids: [(await p.telegram()).id, group.id] },
    ];
    for (const body of bodies) {
      recorder.clear();
      const before = await digest();
      const preview = await p.ask('POST', '/v1/posts/preview', body);
      expect([preview.status, preview.body.ok]).toEqual([200, true]);
      expect(await digest()).toEqual(before);
      const post = await made({ ...body, publish_now: true });
      const publications = await p.reaches(post.id, 'published');
      for (const { community, messages } of preview.body.communities) {
        const [{ request }] = messages;
        const { id } = publications.find((one) => one.community.id === community.id) ?? { id: '' };
        const sent = recorder.sends().filter((one) => one.belongsTo(request, id));
        expect(sent).toHaveLength(1);
        expect(sent[0]?.as(request, id)).toEqual(request);
      }
      expect(recorder.sends()).toHaveLength(publications.length);
    }
  }, 20_000);

  test('counts as the network counts and warns where something will look different', async () => {
    const document = await p.vk({ tokens: ['community'], settings: { photos_as_documents: true } });
    const body = { text: 'a 🎉', media_ids: [picture], community_ids: [document.id, channel.id] };
    const { communities } = (await p.ask('POST', '/v1/posts/preview', body)).body;
    expect(communities[0].messages[0].length).toEqual({ count: 4, limit: 15_895, unit: 'utf16_code_units' });
    expect(communities[1].messages[0].length).toEqual({ count: 4, limit: 1_024, unit: 'utf16_code_units' });
    expect(communities[0].warnings[0]).toMatchObject({ path: '/media_ids', code: 'image_as_document' });
    expect(communities[1].warnings.map((one: { code: string }) => one.code)).toEqual(['image_small']);
  });

  test('stores nothing and needs no more than posts:read', async () => {
    const reader = await p.test.apiKey(p.owner, ['posts:read']);
    const body = { text: 'only looking', community_ids: [channel.id], publish_now: true };
    const before = await digest();
    expect((await p.ask('POST', '/v1/posts/preview', body, { key: reader })).status).toBe(200);
    expect((await p.ask('POST', '/v1/posts', body, { key: reader })).status).toBe(403);
    expect(await digest()).toEqual(before);
  });

  test('tells the parts apart, and a post that is edited does not stand against itself', async () => {
    const own = await p.telegram();
    const slot = { weekday: 'mon', time: '07:00' };
    await p.ask('PUT', `/v1/communities/${own.id}/slots`, { weekly: [slot] });
    const body = {
      text: 'first of two',
      parts: [{ text: 'second' }],
      community_ids: [own.id],
      at: 'next_slot',
    };
    const post = await made(body);
    const seen = async (extra: object) =>
      (await p.ask('POST', '/v1/posts/preview', { ...body, ...extra })).body;
    const codes = (preview: { communities: { warnings: { code: string }[] }[] }) =>
      preview.communities[0]?.warnings.map(({ code }) => code);
    const another = await seen({});
    expect(another.communities[0].messages.map(({ part }: { part: number }) => part)).toEqual([0, 1]);
    expect(codes(another)).toEqual(['said_already']);
    expect(another.scheduled_at).not.toBe(post.scheduled_at);
    const same = await seen({ post_id: post.id });
    expect([codes(same), same.scheduled_at]).toEqual([[], post.scheduled_at]);
  });
});

describe('an edit that says what it knows', () => {
  test('is made only while the post is as it was', async () => {
    const post = await made({ text: 'as I know it', community_ids: [channel.id] });
    const edit = (known: { updated_at: string; status: string }, body: object) =>
      p.ask('PATCH', `/v1/posts/${post.id}`, {
        ...body,
        expected: { updated_at: known.updated_at, status: known.status },
      });
    const first = await edit(post, { text: 'mine' });
    expect([first.status, first.body.text]).toEqual([200, 'mine']);
    const late = await edit(post, { text: 'from another window' });
    expect([late.status, late.body.code]).toEqual([409, 'conflict']);
    const planned = await edit(first.body, { scheduled_at: soon(hour) });
    expect([planned.status, planned.body.text]).toEqual([200, 'mine']);
    const asDraft = await edit({ ...planned.body, status: 'draft' }, { text: 'it is a draft' });
    expect([asDraft.status, asDraft.body.code]).toEqual([409, 'conflict']);
  });
});

describe('the list', () => {
  test('is filtered by status, community, time and text, and paged without gaps or doubles', async () => {
    await using own = await openPublishing();
    const [one, two] = [await own.telegram(), await own.vk()];
    const base = Math.ceil(Date.now() / day) * day + 10 * day;
    const at = (hours: number) => new Date(base + hours * hour).toISOString();
    const post = async (body: object): Promise<string> => {
      const answer = await own.ask('POST', '/v1/posts', body);
      expect(answer.status).toBe(201);
      return answer.body.id;
    };
    const ids = async (query: Record<string, string>): Promise<string[]> => {
      const answer = await own.ask('GET', `/v1/posts?${new URLSearchParams({ limit: '100', ...query })}`);
      expect(answer.status).toBe(200);
      return answer.body.data.map(({ id }: { id: string }) => id);
    };
    const draft = await post({ text: 'A Draft about Ёлки, 100%_', community_ids: [two.id] });
    const early = await post({ text: 'early', community_ids: [one.id], scheduled_at: at(0) });
    const late = await post({ text: 'late', community_ids: [one.id, two.id], scheduled_at: at(5) });
    const cancelled = await post({ text: 'cancelled', community_ids: [one.id], scheduled_at: at(9) });
    await own.ask('POST', `/v1/posts/${cancelled}/cancel`);

    expect(await ids({})).toEqual([cancelled, late, early, draft]);
    expect(await ids({ status: 'draft' })).toEqual([draft]);
    expect(await ids({ status: 'scheduled' })).toEqual([late, early]);
    expect(await ids({ status: 'cancelled' })).toEqual([cancelled]);
    expect(await ids({ status: 'published' })).toEqual([]);
    expect(await ids({ community_id: two.id.toUpperCase() })).toEqual([late, draft]);
    expect(await ids({ community_id: someId })).toEqual([]);
    // From is inside, to is outside.
    expect(await ids({ from: at(0), to: at(5) })).toEqual([early]);
    expect(await ids({ from: at(5) })).toEqual([cancelled, late]);
    expect(await ids({ to: `${at(5).slice(0, 19)}+00` })).toEqual([early]);
    expect(await ids({ q: 'ёЛКИ' })).toEqual([draft]);
    expect(await ids({ q: '100%_' })).toEqual([draft]);
    expect(await ids({ q: '%' })).toEqual([draft]);
    expect(await ids({ q: "'; drop table posts; --" })).toEqual([]);
    expect(await ids({ status: 'scheduled', community_id: two.id, from: at(1), q: 'LATE' })).toEqual([late]);

    for (const [name, value] of [
      ['status', 'gone'],
      ['community_id', 'x'],
      ['from', 'yesterday'],
      ['from', '2026-02-31T00:00:00Z'],
      ['to', '2026-01-01'],
      ['limit', '0'],
      ['limit', '101'],
      ['cursor', 'abc'],
      ['sort', 'id;select pg_sleep(5)'],
    ] as const) {
      const answer = await own.ask('GET', `/v1/posts?${new URLSearchParams({ [name]: value })}`);
      expect([name, answer.status, answer.body.errors[0].path]).toEqual([name, 422, `query/${name}`]);
    }

    const all: string[] = [];
    for (let n = 0; n < 21; n += 1) {
      all.unshift(await post({ text: `paged ${n}`, community_ids: n % 3 === 0 ? [one.id] : [two.id] }));
    }
    expect(await ids({ q: 'paged' })).toEqual(all);
    for (const filter of [{}, { community_id: one.id }] as Record<string, string>[]) {
      const query = new URLSearchParams({ q: 'paged', ...filter });
      const wanted = await ids(Object.fromEntries(query));
      expect(wanted.length).toBeGreaterThan(6);
      const seen: string[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null; pages += 1) {
        expect(pages).toBeLessThan(12);
        const page = await own.ask('GET', `/v1/posts?limit=3&${query}${cursor && `&cursor=${cursor}`}`);
        seen.push(...page.body.data.map(({ id }: { id: string }) => id));
        cursor = page.body.next_cursor;
        // What comes or goes meanwhile moves nothing.
        await post({ text: 'paged meanwhile', community_ids: [one.id] });
        if (pages === 1) await own.ask('DELETE', `/v1/posts/${seen[0]}`);
      }
      expect(seen).toEqual(wanted);
    }
  });
});

/** All rows of the tables that a post may touch. */
async function digest(): Promise<unknown[]> {
  const rows = await p.test.ctx.sql`
    select (select count(*) from posts) as posts, (select count(*) from publications) as publications,
      (select count(*) from post_media) as media, (select count(*) from pgboss.job) as jobs,
      (select count(*) from idempotency_keys) as keys`;
  return [...rows];
}
