import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Temporal } from 'temporal-polyfill';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
beforeAll(async () => {
  p = await openPublishing();
}, 30_000);
afterAll(() => p.close());

const day = 86_400_000;
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Every day at these times. */
const daily = (...times: string[]) => weekdays.flatMap((weekday) => times.map((time) => ({ weekday, time })));

async function setSlots(community: Connected, weekly: object[]) {
  const answer = await p.ask('PUT', `/v1/communities/${community.id}/slots`, { weekly });
  expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
  return answer.body;
}

async function slotsOf(community: Connected, limit = 5) {
  const answer = await p.ask('GET', `/v1/communities/${community.id}/slots?limit=${limit}`);
  expect(answer.status).toBe(200);
  return answer.body;
}

async function nextOf(community: Connected, limit = 5): Promise<string[]> {
  return (await slotsOf(community, limit)).next.map(({ at }: { at: string }) => at);
}

async function made(community_ids: string[], more: object = { at: 'next_slot' }) {
  const answer = await p.ask('POST', '/v1/posts', { text: 'x', community_ids, ...more });
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body;
}

async function refused(method: string, path: string, body: object): Promise<[string, string]> {
  const answer = await p.ask(method, path, body);
  expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
  const { path: where, message } = answer.body.errors[0];
  return [where, message];
}

describe('the weekly slots of a community', () => {
  test('are none at first, are replaced as a whole, and are told in the order of the week', async () => {
    const community = await p.telegram({ timezone: 'Asia/Tokyo' });
    expect(await slotsOf(community)).toMatchObject({
      timezone: 'Asia/Tokyo',
      weekly: [],
      by: 'next',
      next: [],
      note: null,
    });
    const set = await setSlots(community, [
      { weekday: 'sun', time: '23:59' },
      { weekday: 'mon', time: '18:00' },
      { weekday: 'mon', time: '00:00' },
    ]);
    expect(set.weekly).toEqual([
      { weekday: 'mon', time: '00:00' },
      { weekday: 'mon', time: '18:00' },
      { weekday: 'sun', time: '23:59' },
    ]);
    expect(await slotsOf(community)).toEqual(set);
    expect((await setSlots(community, [{ weekday: 'tue', time: '09:30' }])).weekly).toHaveLength(1);
    expect(await setSlots(community, [])).toMatchObject({ timezone: 'Asia/Tokyo', weekly: [], next: [] });
    const full = Array.from({ length: 200 }, (_, index) => ({
      weekday: weekdays[index % 7],
      time: `${String(index % 24).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}`,
    }));
    const distinct = new Set(full.map(({ weekday, time }) => `${weekday} ${time}`));
    expect(distinct.size).toBe(200);
    expect((await setSlots(community, full)).weekly).toHaveLength(200);
  });

  // biome-ignore format: a table, one case a line
  const cases: [string, object, string, RegExp][] = [
    ['an unknown weekday', { weekly: [{ weekday: 'monday', time: '09:00' }] }, '/weekly/0/weekday', /must be one of: mon/],
    ['no time of day', { weekly: [{ weekday: 'mon', time: '24:00' }] }, '/weekly/0/time', /time of day/],
    ['seconds', { weekly: [{ weekday: 'mon', time: '09:00:00' }] }, '/weekly/0/time', /time of day/],
    ['one twice', { weekly: [{ weekday: 'mon', time: '09:00' }, { weekday: 'mon', time: '09:00' }] }, '/weekly', /twice/],
    ['201 of them', { weekly: Array.from({ length: 201 }, (_, n) => ({ weekday: 'mon', time: `${String(n % 24).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}` })) }, '/weekly', /more than 200/],
    ['an unknown field', { weekly: [], timezone: 'UTC' }, '/timezone', /not known/],
    ['nothing', {}, '/weekly', /required/],
  ];
  for (const [name, body, path, words] of cases) {
    test(`refuse ${name}`, async () => {
      const community = await p.telegram();
      const before = await setSlots(community, [{ weekday: 'mon', time: '09:00' }]);
      const told = await refused('PUT', `/v1/communities/${community.id}/slots`, body);
      expect(told).toEqual([path, expect.stringMatching(words)]);
      expect(await slotsOf(community)).toEqual(before);
    });
  }

  test('take a limit from 1 to 50', async () => {
    const community = await p.telegram();
    await setSlots(community, daily('09:00'));
    expect(await nextOf(community, 50)).toHaveLength(50);
    expect(await nextOf(community, 1)).toHaveLength(1);
    for (const limit of ['0', '51', '-1', 'x']) {
      const answer = await p.ask('GET', `/v1/communities/${community.id}/slots?limit=${limit}`);
      expect([limit, answer.status, answer.body.errors[0].path]).toEqual([limit, 422, 'query/limit']);
    }
  });
});

describe('the next free slots', () => {
  test('are on the clock of the community, each once, whatever its zone does', async () => {
    const zones = [
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'America/St_Johns',
      'Asia/Kathmandu',
      'Pacific/Apia',
    ];
    for (const timezone of zones) {
      const community = await p.telegram({ timezone });
      await setSlots(community, daily('00:00', '02:15', '23:45'));
      const { next } = await slotsOf(community, 50);
      let last = Date.now();
      for (const { at, local_time, timezone: told } of next) {
        expect(told).toBe(timezone);
        expect(Date.parse(at)).toBeGreaterThan(last);
        last = Date.parse(at);
        const clock = new Date(at).toLocaleString('sv-SE', { timeZone: timezone }).replace(' ', 'T');
        expect(local_time).toBe(clock.slice(0, 16));
      }
      // All of them: as many as the days in between have.
      expect(Math.abs(last - Date.now() - (50 / 3) * day)).toBeLessThan(1.2 * day);
    }
  });

  test('move forward where the clocks skip their time', async () => {
    // Whichever of the two comes sooner: half a year lies between them.
    const [soonest] = ['Europe/Berlin', 'Australia/Sydney']
      .map((zone) => ({ zone, at: nextGap(zone) }))
      .sort((a, b) => a.at - b.at);
    const { zone, at } = soonest ?? { zone: 'UTC', at: 0 };
    const community = await p.telegram({ timezone: zone });
    // Both change from 02:00 to 03:00 on a Sunday.
    await setSlots(community, [{ weekday: 'sun', time: '02:30' }]);
    const { next } = await slotsOf(community, 50);
    const moved = next.filter(({ local_time }: { local_time: string }) => !local_time.endsWith('T02:30'));
    expect(moved).toMatchObject([
      {
        at: new Date(at + day / 48).toISOString(),
        local_time: expect.stringMatching(/T03:30$/),
        timezone: zone,
      },
    ]);
  });

  test('are those with nothing of the community within a minute', async () => {
    const community = await p.telegram();
    await setSlots(community, daily('09:00'));
    const [first = '', second = '', third = '', fourth = ''] = await nextOf(community);
    const near = (at: string, seconds: number) => ({
      scheduled_at: new Date(Date.parse(at) + seconds * 1_000).toISOString(),
    });
    await made([community.id], near(first, 60));
    const before = await made([community.id], near(second, -60));
    await made([community.id], near(third, 61));
    await made([community.id], near(third, -61));
    expect((await nextOf(community)).slice(0, 2)).toEqual([third, fourth]);
    // A draft is nowhere, and another community's post is elsewhere.
    await made([community.id], {});
    await made([(await p.telegram()).id], near(third, 0));
    expect((await nextOf(community))[0]).toBe(third);
    await p.ask('POST', `/v1/posts/${before.id}/cancel`);
    expect((await nextOf(community))[0]).toBe(second);
  });
});

describe('a post for the next slot', () => {
  test('gets the earliest free one, with its local time, and the next post the next one', async () => {
    const community = await p.telegram({ timezone: 'America/New_York' });
    await setSlots(community, daily('09:00', '18:30'));
    const { next } = await slotsOf(community, 3);
    for (const { at, local_time, timezone } of next) {
      const post = await made([community.id]);
      expect(post).toMatchObject({ status: 'scheduled', scheduled_at: at, local_time, timezone });
      expect(post.publications[0].due_at).toBe(at);
    }
    expect((await slotsOf(community, 3)).next).not.toContainEqual(next[0]);
  });

  test('is previewed there, and the preview takes nothing', async () => {
    const community = await p.telegram();
    await setSlots(community, daily('09:00'));
    const [first] = await nextOf(community);
    const body = { text: 'x', community_ids: [community.id], at: 'next_slot' };
    for (let n = 0; n < 2; n += 1) {
      const preview = await p.ask('POST', '/v1/posts/preview', body);
      expect([preview.status, preview.body.scheduled_at]).toEqual([200, first]);
    }
    expect((await made([community.id])).scheduled_at).toBe(first);
  });

  test('of several communities is one of all of them, also across zones', async () => {
    const [moscow, berlin] = [
      await p.telegram({ timezone: 'Europe/Moscow' }),
      await p.vk({ timezone: 'Asia/Tokyo' }),
    ];
    await setSlots(moscow, daily('09:00', '12:00', '15:00'));
    // 15:00 in Tokyo is 09:00 in Moscow, all year round.
    await setSlots(berlin, daily('15:00', '16:00'));
    const shared = (await nextOf(moscow, 50)).filter((at) => at.includes('T06:00'));
    await made([berlin.id], { scheduled_at: shared[0] });
    const post = await made([moscow.id, berlin.id]);
    expect(post).toMatchObject({ scheduled_at: shared[1], local_time: null, timezone: null });
    expect(post.publications).toHaveLength(2);
  });

  test('is refused with advice where there is none', async () => {
    const [one, two, none] = [await p.telegram(), await p.telegram(), await p.telegram()];
    await setSlots(one, daily('09:00'));
    await setSlots(two, daily('10:00'));
    const post = (community_ids: string[], more: object = {}) =>
      refused('POST', '/v1/posts', { text: 'x', community_ids, at: 'next_slot', ...more });
    expect(await post([one.id, two.id])).toEqual([
      '/at',
      expect.stringMatching(/share no free slot.*give each/),
    ]);
    expect(await post([one.id, none.id])).toEqual([
      '/at',
      expect.stringMatching(/has no slots: give some at PUT/),
    ]);
    expect(await post([])).toEqual(['/community_ids', expect.stringMatching(/at least one community/)]);
    const soon = new Date(Date.now() + day).toISOString();
    expect(await post([one.id], { scheduled_at: soon })).toEqual([
      '/at',
      expect.stringMatching(/Give one time/),
    ]);
    expect((await post([one.id], { publish_now: true }))[0]).toBe('/publish_now');
    expect((await post([one.id], { local_time: soon.slice(0, 16) }))[0]).toBe('/local_time');
    expect(await post([one.id], { timezone: 'UTC' })).toEqual([
      '/timezone',
      expect.stringMatching(/leave this out/),
    ]);
    expect((await refused('POST', '/v1/posts', { text: 'x', community_ids: [one.id], at: 'soon' }))[0]).toBe(
      '/at',
    );
  });

  test('looks no farther than can be planned', async () => {
    await using near = await openPublishing({ horizonDays: 10 });
    const community = await near.telegram({ timezone: 'UTC' });
    const slots = { weekly: daily('09:00') };
    await near.ask('PUT', `/v1/communities/${community.id}/slots`, slots);
    const { body } = await near.ask('GET', `/v1/communities/${community.id}/slots?limit=50`);
    expect(body.next).toHaveLength(10);
    const post = () =>
      near.ask('POST', '/v1/posts', { text: 'x', community_ids: [community.id], at: 'next_slot' });
    for (const { at } of body.next) expect((await post()).body.scheduled_at).toBe(at);
    const over = await post();
    expect([over.status, over.body.errors[0]]).toEqual([
      422,
      { path: '/at', message: expect.stringMatching(/Every slot of the next 10 days is taken/) },
    ]);
  });

  test('can be asked for in an edit; its own place counts as free', async () => {
    const community = await p.telegram();
    await setSlots(community, daily('09:00', '21:00'));
    const [first = '', second = ''] = await nextOf(community);
    const draft = await made([community.id], {});
    const taken = await made([community.id]);
    expect(taken.scheduled_at).toBe(first);
    const patch = (id: string, body: object) => p.ask('PATCH', `/v1/posts/${id}`, body);
    expect((await patch(draft.id, { at: 'next_slot' })).body).toMatchObject({
      status: 'scheduled',
      scheduled_at: second,
      local_time: expect.any(String),
    });
    // Again: it is there already.
    expect((await patch(draft.id, { at: 'next_slot' })).body.scheduled_at).toBe(second);
    await p.ask('POST', `/v1/posts/${taken.id}/cancel`);
    const moved = (await patch(draft.id, { at: 'next_slot', text: 'earlier now' })).body;
    expect(moved).toMatchObject({ scheduled_at: first, text: 'earlier now' });
    expect(moved.publications[0].due_at).toBe(first);
  });

  test('never shares it, however many ask at the same moment', async () => {
    const [one, two, three] = [await p.telegram(), await p.telegram(), await p.telegram()];
    for (const community of [one, two, three])
      await setSlots(community, daily('09:00', '12:00', '15:00', '18:00'));
    const sets = [[one], [two], [one, two], [two, one], [two, three], [three, one], [three, two, one]];
    const drafts = await Promise.all(
      sets.map((set) =>
        made(
          set.map(({ id }) => id),
          {},
        ),
      ),
    );
    const asked = [
      ...sets.flatMap((set) => [set, set]).map((set) => made(set.map(({ id }) => id))),
      ...drafts.map(async ({ id }) => {
        const answer = await p.ask('PATCH', `/v1/posts/${id}`, { at: 'next_slot' });
        expect(answer.status).toBe(200);
        return answer.body;
      }),
    ];
    const posts = await Promise.all(asked);
    const places = posts.flatMap(({ scheduled_at, community_ids }) =>
      community_ids.map((id: string) => `${id} ${scheduled_at}`),
    );
    expect(places.length).toBe(39);
    expect(new Set(places).size).toBe(places.length);
  });
});

/** When the clocks of a zone go forward next. */
function nextGap(zone: string): number {
  let at: Temporal.ZonedDateTime | null = Temporal.Now.zonedDateTimeISO(zone);
  for (;;) {
    const before = at.offsetNanoseconds;
    at = at.getTimeZoneTransition('next');
    if (at === null) throw new Error(`the clocks of ${zone} never change`);
    if (at.offsetNanoseconds > before) return at.epochMilliseconds;
  }
}
