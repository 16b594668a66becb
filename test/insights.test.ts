import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Response } from '../src/analytics/best-time.ts';
import type { Lift } from '../src/analytics/lift.ts';
import { asOwner } from '../src/context.ts';
import { findDeadSlots } from '../src/insights/dead-slot.ts';
import { findDeliveryTrouble } from '../src/insights/delivery-trouble.ts';
import { type Day, findGrowthBreak } from '../src/insights/growth-break.ts';
import { startInsights } from '../src/insights/jobs.ts';
import { lookWhereDue } from '../src/insights/look.ts';
import { findOutlierPosts } from '../src/insights/outlier-post.ts';
import { type Account, openTest, type Test } from './harness.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** A Monday. */
const monday = Date.UTC(2026, 0, 5);

/** mulberry32: the same seed gives the same workspace. */
function chance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    normal,
    of: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T,
    /** Of a count with this mean, as people come and go. */
    count: (mean: number) => Math.max(0, Math.round(mean + Math.sqrt(mean) * normal())),
  };
}

/** Days with these changes of members, from 1,000 on. */
function daysOf(changes: readonly number[], others: (index: number) => Partial<Day> = () => ({})): Day[] {
  let members = 1_000;
  return changes.map((change, index) => {
    members += change;
    const date = new Date(monday + index * day).toISOString().slice(0, 10);
    return { date, members, joins: null, leaves: null, ...others(index) };
  });
}
/** Forty days of about five people more. */
const steady = Array.from({ length: 40 }, (_, index) => 3 + ((index * 7) % 5));

describe('a break in growth', () => {
  test('is a day far outside of the days before it, with what was usual', () => {
    expect(findGrowthBreak(daysOf([...steady, -60]))).toMatchObject({
      figure: 'members',
      direction: 'down',
      days: 1,
      from: '2026-02-14',
      to: '2026-02-14',
      value: -60,
      usual: 5,
      history: 39,
    });
    expect(findGrowthBreak(daysOf([...steady, 80]))).toMatchObject({ direction: 'up', value: 80 });
    expect(findGrowthBreak(daysOf([...steady, 5]))).toBeNull();
  });

  test('is a new pace as well, which no single day shows', () => {
    const slower = [...steady, ...Array.from({ length: 7 }, (_, index) => -4 - (index % 2))];
    for (const days of [1, 2, 3, 4, 5, 6]) {
      expect([days, findGrowthBreak(daysOf(slower.slice(0, 40 + days)))?.days === 1]).toEqual([days, false]);
    }
    expect(findGrowthBreak(daysOf(slower))).toMatchObject({
      direction: 'down',
      days: 7,
      from: '2026-02-14',
      to: '2026-02-20',
      value: -31,
      usual: 35,
    });
  });

  test('is none when it comes every week, is small, was not seen whole, or little is known before it', () => {
    const weekly = Array.from({ length: 43 }, (_, index) => (index % 7 === 0 ? 50 + (index % 3) : 2));
    expect(findGrowthBreak(daysOf(weekly))).toBeNull();
    expect(findGrowthBreak(daysOf([...steady.map((one) => one % 2), 8]))).toBeNull();
    expect(findGrowthBreak(daysOf([...steady.slice(0, 20), 90]))).toBeNull();
    // Nobody looked for three days: what came of them is no one's day.
    const away = (index: number) => (index >= 37 && index < 40 ? { members: null } : {});
    expect(findGrowthBreak(daysOf([...steady.slice(0, 37), 30, 30, 30, 5], away))).toBeNull();
    // A five-hundredth of the members is little in a large community.
    const large = daysOf([...steady, 80]).map((one) => ({ ...one, members: (one.members ?? 0) + 90_000 }));
    expect(findGrowthBreak(large)).toBeNull();
  });

  test('is seen in joins and leaves where they hide behind each other', () => {
    const both = daysOf([...steady, 4], (index) =>
      index === 40 ? { joins: 94, leaves: 90 } : { joins: 8 + (index % 3), leaves: 4 + (index % 3) },
    );
    expect(findGrowthBreak(both)).toMatchObject({ direction: 'up', days: 1 });
    expect(['joins', 'leaves']).toContain(findGrowthBreak(both)?.figure ?? '');
  });
});

function lifts(seed: number, some: readonly number[], days = 60): (Lift & Response)[] {
  const random = chance(seed);
  const usual = Array.from({ length: days * 2 }, () => 0.4 * random.normal());
  return [...usual, ...some].map((lift, index) => {
    const at = new Date(monday + index * 12 * hour + 9 * hour);
    return {
      post_key: `p${index}`,
      publication_id: '',
      published_at: at.toISOString(),
      at,
      weekday: (at.getUTCDay() + 6) % 7,
      hour: at.getUTCHours(),
      lift,
    };
  });
}

describe('an outlying post', () => {
  const since = new Date(monday + 58 * day);

  test('is one far above or below all others, once it is new', () => {
    const [high, low, ...none] = findOutlierPosts(lifts(1, [0.2, 3, -2.2, 0.1]), since);
    expect(none).toEqual([]);
    expect(high).toMatchObject({ post_key: 'p121', direction: 'up', posts: 123 });
    expect(low).toMatchObject({ post_key: 'p122', direction: 'down' });
    expect(high?.usualLow).toBeWithin(-0.9, -0.4);
    expect(high?.usualHigh).toBeWithin(0.4, 0.9);
    expect(findOutlierPosts(lifts(1, [3, 0]), new Date(monday + 61 * day))).toEqual([]);
  });

  test('is none where others went as far, where posts are few, or in what hardly differs', () => {
    const wild = lifts(2, [2.8]).map((one, index) => (index === 30 ? { ...one, lift: 2.6 } : one));
    expect(findOutlierPosts(wild, since)).toEqual([]);
    expect(findOutlierPosts(lifts(3, [3], 9), new Date(monday))).toEqual([]);
    const same = lifts(4, [0.5]).map((one) => ({ ...one, lift: one.lift / 50 }));
    same.push({ ...(same.at(-1) as Lift & Response), post_key: 'x', lift: 0.6 });
    expect(findOutlierPosts(same, since)).toEqual([]);
  });
});

describe('a dead slot', () => {
  const posts = (effect: number, last = 180) => {
    const random = chance(5);
    return Array.from({ length: 540 }, (_, index): Response => {
      const date = Math.floor(index / 3);
      const at = [9, 14, 19][index % 3] ?? 9;
      const weekday = date % 7;
      const dead = weekday === 1 && at === 14;
      return {
        at: new Date(monday + date * day + at * hour),
        weekday,
        hour: dead && date >= last ? 15 : at,
        lift: (dead && date < last ? effect : 0) + 0.4 * random.normal(),
      };
    });
  };
  const now = new Date(monday + 181 * day);

  test('is an hour of the week that is used and does worse, with an interval below zero', async () => {
    const [found, ...none] = await findDeadSlots(posts(-0.9), now);
    expect(none).toEqual([]);
    expect(found).toMatchObject({ weekday: 1, hour: 14, posts: 540 });
    expect(found?.uses).toBeWithin(25, 27);
    expect(found?.high).toBeLessThan(0);
    expect(found?.low).toBeLessThan(found?.effect ?? -1);
    expect(found?.effect).toBeWithin(-1.1, -0.4);
    expect(found?.p).toBeLessThan(0.05);
  });

  test('is none where nothing is wrong, or the habit was given up', async () => {
    expect(await findDeadSlots(posts(0), now)).toEqual([]);
    expect(await findDeadSlots(posts(-0.9, 140), now)).toEqual([]);
    expect(await findDeadSlots(posts(-0.9).slice(-15), now)).toEqual([]);
  });
});

describe('trouble with deliveries', () => {
  const delays = (count: number, each: number) => Array.from({ length: count }, () => each);
  const usual = { publications: 300, missing: 3, delayed: 290, delayP95: 2_000 };

  test('is a day with many more failures than the thirty before it, or much later ones', () => {
    expect(findDeliveryTrouble({ publications: 12, missing: 5, delays: delays(7, 500) }, usual)).toEqual([
      expect.objectContaining({ what: 'missing', affected: 5, publications: 12, usualMissing: 3 }),
    ]);
    const late = { publications: 10, missing: 0, delays: [...delays(5, 500), ...delays(5, 90_000)] };
    expect(findDeliveryTrouble(late, usual)).toEqual([
      expect.objectContaining({ what: 'late', affected: 5, delayP95: 90_000, usualDelayP95: 2_000 }),
    ]);
  });

  test('is none for a single one, for what is usual, for seconds, or where nobody knows what is usual', () => {
    const none = (day: Parameters<typeof findDeliveryTrouble>[0], before = usual) =>
      expect(findDeliveryTrouble(day, before)).toEqual([]);
    none({ publications: 1, missing: 1, delays: [] });
    none({ publications: 400, missing: 8, delays: delays(392, 500) });
    none({ publications: 20, missing: 5, delays: delays(15, 500) }, { ...usual, missing: 60 });
    none({ publications: 20, missing: 0, delays: delays(20, 25_000) });
    none({ publications: 20, missing: 0, delays: delays(20, 90_000) }, { ...usual, delayP95: 60_000 });
    none({ publications: 9, missing: 9, delays: [] }, { ...usual, publications: 10, delayed: 10 });
    none({ publications: 0, missing: 0, delays: [] });
  });
});

test('in a month of thirty quiet workspaces, each kind is told less than once in two of them', async () => {
  const counts = { growth_break: 0, outlier_post: 0, dead_slot: 0, delivery_trouble: 0 };
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = chance(7_919 * seed);
    const told = new Set<string>();
    const tell = (kind: keyof typeof counts, subject: string) => {
      if (told.has(`${kind} ${subject}`)) return;
      told.add(`${kind} ${subject}`);
      counts[kind] += 1;
    };
    const pace = 3 * Math.exp(random.normal());
    const series = daysOf(
      Array.from({ length: 94 }, (_, index) => {
        const weekly = [1, 1.1, 0.9, 1, 1.2, 0.7, 0.6][index % 7] ?? 1;
        return random.count(pace * weekly) - random.count(0.7 * pace);
      }),
    );
    const posts = Array.from({ length: 240 }, (_, index) => {
      const at = new Date(monday + Math.floor(index / 2) * day + random.of([9, 12, 19]) * hour);
      return {
        post_key: `${index}`,
        publication_id: '',
        published_at: at.toISOString(),
        at,
        weekday: Math.floor(index / 2) % 7,
        hour: at.getUTCHours(),
        lift: 0.5 * random.normal(),
      };
    });
    for (let date = 0; date < 30; date += 1) {
      const growth = findGrowthBreak(series.slice(date, date + 64));
      if (growth) tell('growth_break', growth.direction);
      const now = new Date(monday + (90 + date) * day);
      const known = posts.filter(
        ({ at }) => at.getTime() < now.getTime() - day && at.getTime() >= now.getTime() - 90 * day,
      );
      for (const post of findOutlierPosts(known, new Date(now.getTime() - 4 * day))) {
        tell('outlier_post', post.post_key);
      }
      // The test of the week takes longest, and hardly changes from day to day.
      if (date % 10 === 0) {
        for (const slot of await findDeadSlots(known, now)) {
          tell('dead_slot', `${slot.weekday} ${slot.hour}`);
        }
      }
      const publications = random.count(20);
      const missing = Array.from({ length: publications }, () => random.next()).filter(
        (one) => one < 0.01,
      ).length;
      const delays = Array.from({ length: publications }, () => 300 * Math.exp(1.2 * random.normal()));
      const before = { publications: 600, missing: 6, delayed: 594, delayP95: 300 * Math.exp(1.2 * 1.645) };
      for (const trouble of findDeliveryTrouble({ publications, missing, delays }, before)) {
        tell('delivery_trouble', trouble.what);
      }
    }
  }
  expect(Object.entries(counts).filter(([, count]) => count > 15)).toEqual([]);
});

let box: Test;

beforeAll(async () => {
  box = await openTest({ registration: 'open' });
});
afterAll(() => box.close());

async function insights(as: Account, query = '') {
  const answer = await box.request('GET', `/v1/insights${query}`, { cookie: as.cookie });
  expect([query, answer.status, answer.body.errors]).toEqual([query, 200, undefined]);
  return answer.body;
}

/** Looks at one workspace alone. */
async function look(account: Account): Promise<void> {
  await box.ctx.sql`
    update workspaces set insights_day = '2100-01-01' where id <> ${account.workspaceId}`;
  expect(await lookWhereDue(box.ctx)).toBe(1);
}
async function daysPass(account: Account, days: number): Promise<void> {
  await box.ctx.sql`
    update workspaces set insights_day = insights_day - ${days}::int where id = ${account.workspaceId}`;
  await box.ctx.sql`update insights set day = day - ${days}::int where workspace_id = ${account.workspaceId}`;
}

let places = 0;
async function community(of: Account): Promise<string> {
  const id = Bun.randomUUIDv7();
  places += 1;
  await box.ctx.sql`
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    values (${id}, ${of.workspaceId}, 'telegram', ${`-100${places}`}, ${`Channel ${places}`}, 'UTC', '{}', '{}')`;
  return id;
}

const today = () => Math.floor(Date.now() / day) * day;

/** Forty days of members, at noon, the last of them yesterday with this change. */
async function grew(id: string, of: Account, last: number): Promise<void> {
  const days = daysOf([...steady, last]);
  await box.ctx.ch.insert(
    'raw_community_metrics_v1',
    days.map(({ members }, index) => ({
      ts: new Date(today() - (days.length - index) * day + 12 * hour),
      workspace_id: of.workspaceId,
      community_id: id,
      network: 'telegram',
      members,
    })),
  );
}

/** Two posts a day; Tuesdays at two o'clock are dead, and the one at `flown` days ago flew. */
async function posted(id: string, of: Account, flown: { key: string; ago: number }): Promise<void> {
  const random = chance(3);
  const rows = Array.from({ length: 84 }, (_, index) => 86 - index).flatMap((ago) =>
    [9, 14].map((at) => {
      const published = today() - ago * day + at * hour;
      const flew = ago === flown.ago && at === 9;
      const dead = new Date(published).getUTCDay() === 2 && at === 14;
      const views = Math.round(1_000 * Math.exp(0.3 * random.normal()) * (flew ? 12 : dead ? 0.25 : 1));
      return { published, key: flew ? flown.key : `${ago}-${at}`, views };
    }),
  );
  await box.ctx.ch.insert(
    'raw_post_metrics_v1',
    rows.flatMap(({ published, key, views }) =>
      [23, 25].map((age) => ({
        ts: new Date(published + age * hour),
        workspace_id: of.workspaceId,
        community_id: id,
        post_key: key,
        publication_id: '00000000-0000-0000-0000-000000000000',
        published_at: new Date(published),
        views,
      })),
    ),
  );
}

let events = 0;
function delivered(id: string, of: Account, due: number, event: string) {
  const publication_id = Bun.randomUUIDv7();
  return ['sending', event].map((one, index) => {
    events += 1;
    return {
      event_id: events,
      ts: new Date(due + 100 * (index + 1)),
      workspace_id: of.workspaceId,
      community_id: id,
      post_id: publication_id,
      publication_id,
      network: 'telegram',
      event: one,
      due_at: new Date(due),
      lag_ms: 100 * (index + 1),
    };
  });
}

/** A publication of ours. */
async function publication(id: string, of: Account, key: string) {
  const { sql } = box.ctx;
  const [post, publication] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  await sql`
    insert into posts (id, workspace_id, author_id, text) values (${post}, ${of.workspaceId}, ${of.userId}, 'x')`;
  await sql`
    insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at,
      content_version, state, published_at, remote_id, remote_url)
    values (${publication}, ${of.workspaceId}, ${post}, ${id}, 'telegram', now(), now(), now(), 1, 'published', now(),
      ${key}, 'https://t.me/c/1')`;
  return { post, publication };
}

describe('the daily look', () => {
  test('tells what changed with the numbers, the weightiest first, and each thing once', async () => {
    const account = await box.register({ timezone: 'UTC' });
    const [growing, posting] = [await community(account), await community(account)];
    await grew(growing, account, -150);
    await posted(posting, account, { key: 'flown', ago: 3 });
    const { post, publication: id } = await publication(posting, account, 'flown');
    await box.ctx.ch.insert('publication_events_v1', [
      ...Array.from({ length: 60 }, (_, index) =>
        delivered(posting, account, today() - (2 + (index % 30)) * day + 9 * hour, 'published'),
      ).flat(),
      ...['failed', 'failed', 'unconfirmed', 'failed', 'published', 'cancelled'].flatMap((event) =>
        delivered(posting, account, today() - day + 9 * hour, event),
      ),
    ]);
    expect(await insights(account)).toEqual({ data: [], next_cursor: null });
    await look(account);

    const { data } = await insights(account);
    expect(data.map((one: { kind: string }) => one.kind).sort()).toEqual([
      'dead_slot',
      'delivery_trouble',
      'growth_break',
      'outlier_post',
    ]);
    const of = Object.fromEntries(data.map((one: { kind: string }) => [one.kind, one]));
    const yesterday = new Date(today() - day).toISOString();
    expect(of.growth_break).toMatchObject({
      day: new Date(Date.now() - 6 * hour).toISOString().slice(0, 10),
      community: { id: growing, network: 'telegram' },
      evidence: {
        figure: 'members',
        direction: 'down',
        from: yesterday.slice(0, 10),
        to: yesterday.slice(0, 10),
        days: 1,
        value: -150,
        usual: 5,
        history_days: 39,
      },
    });
    expect(of.growth_break.text).toContain('-150 members on');
    expect(of.outlier_post).toMatchObject({
      community: { id: posting },
      evidence: {
        post_key: 'flown',
        post_id: post,
        publication_id: id,
        url: 'https://t.me/c/1',
        direction: 'up',
        measure: 'views',
        published_at: new Date(today() - 3 * day + 9 * hour).toISOString(),
      },
    });
    expect(of.outlier_post.evidence.lift_percent).toBeGreaterThan(400);
    expect(of.dead_slot).toMatchObject({
      community: { id: posting },
      evidence: { weekday: 'tue', hour: 14, timezone: 'UTC', measure: 'views' },
    });
    expect(of.dead_slot.evidence.uses).toBeWithin(11, 13);
    expect(of.dead_slot.evidence.to_percent).toBeLessThan(0);
    expect(of.dead_slot.text).toContain('Tuesdays at 14:00');
    expect(of.delivery_trouble).toMatchObject({
      community: null,
      evidence: {
        network: 'telegram',
        what: 'missing',
        from: yesterday,
        to: new Date(today()).toISOString(),
        publications: 5,
        affected: 4,
        usual_publications: 60,
        usual_missing: 0,
      },
    });
    expect(of.delivery_trouble.text).toContain('4 of 5 publications');
    expect((await insights(account, `?community_id=${growing}`)).data).toEqual([of.growth_break]);

    // The same day, and the next one, there is nothing new to say.
    expect(await lookWhereDue(box.ctx)).toBe(0);
    await daysPass(account, 1);
    await look(account);
    expect((await insights(account)).data).toHaveLength(4);
    // A month later the trouble with deliveries would be news again; the post that flew never.
    await daysPass(account, 40);
    await look(account);
    const kinds = (await insights(account)).data.map((one: { kind: string }) => one.kind);
    expect(kinds.filter((kind: string) => kind === 'delivery_trouble')).toHaveLength(2);
    expect(kinds.filter((kind: string) => kind === 'outlier_post')).toHaveLength(1);
  });

  test('tells five things a day at most, and shows them page by page', async () => {
    const account = await box.register({ timezone: 'UTC' });
    for (let n = 0; n < 7; n += 1) await grew(await community(account), account, 40 + 10 * n);
    const quiet = await community(account);
    await grew(quiet, account, 5);
    await look(account);
    const first = (await insights(account)).data;
    expect(first).toHaveLength(5);
    const values = first.map((one: { evidence: { value: number } }) => one.evidence.value);
    expect(values).not.toContain(40);
    await daysPass(account, 1);
    await look(account);
    const all = (await insights(account)).data;
    expect(all).toHaveLength(7);
    expect(new Set(all.map((one: { community: { id: string } }) => one.community.id)).size).toBe(7);
    expect((await insights(account, `?community_id=${quiet}`)).data).toEqual([]);
    const paged = [];
    let query = '?limit=3';
    for (;;) {
      const page = await insights(account, query);
      paged.push(...page.data);
      if (page.next_cursor === null) break;
      query = `?limit=3&cursor=${page.next_cursor}`;
    }
    expect(paged).toEqual(all);
  });

  test('has told everything or nothing when it is interrupted, and nothing twice with two workers', async () => {
    const account = await box.register({ timezone: 'UTC' });
    const { sql } = box.ctx;
    for (let n = 0; n < 3; n += 1) await grew(await community(account), account, 60);
    const { workspaceId } = account;
    const state = async () => [
      ...(await sql`
        select (select count(*)::int from insights where workspace_id = ${workspaceId}) as told,
          insights_day is not null as looked from workspaces where id = ${workspaceId}`),
    ];
    // The second row is refused, as when the process ends there.
    await sql.unsafe(`
      create function refuse_second() returns trigger language plpgsql as $$
      begin
        if (select count(*) from insights where workspace_id = new.workspace_id) > 1 then
          raise exception 'the end';
        end if;
        return null;
      end
      $$;
      create trigger refuse after insert on insights for each row execute function refuse_second();`);
    await sql`update workspaces set insights_day = '2100-01-01' where id <> ${workspaceId}`;
    expect(await lookWhereDue(box.ctx)).toBe(0);
    expect(await state()).toEqual([{ told: 0, looked: false }]);
    await sql.unsafe('drop trigger refuse on insights; drop function refuse_second()');
    await Promise.all([lookWhereDue(box.ctx), lookWhereDue(box.ctx)]);
    expect(await state()).toEqual([{ told: 3, looked: true }]);
  });

  test('waits for six in the morning of the workspace, and is rung by its queue', async () => {
    const account = await box.register({ timezone: 'UTC' });
    const { ctx } = box;
    /** The zone in which it is this hour now, and its day. */
    const zoneAt = (local: number) => {
      const away = ((local - new Date().getUTCHours() + 36) % 24) - 12;
      const date = new Date(Date.now() + away * hour).toISOString().slice(0, 10);
      return { zone: `Etc/GMT${away > 0 ? '-' : '+'}${Math.abs(away)}`, date };
    };
    const set = async (zone: string, date: string) => {
      await ctx.sql`update workspaces set insights_day = '2100-01-01'`;
      await ctx.sql`
        update workspaces set timezone = ${zone}, insights_day = ${date}::date - 1 where id = ${account.workspaceId}`;
    };
    const night = zoneAt(3);
    await set(night.zone, night.date);
    expect(await lookWhereDue(ctx)).toBe(0);
    const morning = zoneAt(8);
    await set(morning.zone, morning.date);
    const stop = await startInsights(ctx);
    await asOwner(ctx, (tx) => ctx.queue.enqueue(tx, 'insights.find', [{ payload: {} }]));
    ctx.queue.wake('insights.find');
    const looked = async () => {
      const [row] = await ctx.sql<{ day: string }[]>`
        select insights_day::text as day from workspaces where id = ${account.workspaceId}`;
      return row?.day;
    };
    for (let n = 0; n < 200 && (await looked()) !== morning.date; n += 1) await Bun.sleep(25);
    expect(await looked()).toBe(morning.date);
    stop();
  });
});

test('what is dismissed is not shown until it is put back; another workspace has no say in it', async () => {
  const [account, stranger] = [await box.register({ timezone: 'UTC' }), await box.register()];
  for (let n = 0; n < 2; n += 1) await grew(await community(account), account, 70);
  await look(account);
  const [first, second] = (await insights(account)).data;
  const dismiss = (as: Account, id: string) =>
    box.request('POST', `/v1/insights/${id}/dismiss`, { cookie: as.cookie });
  const restore = (as: Account, id: string) =>
    box.request('POST', `/v1/insights/${id}/restore`, { cookie: as.cookie });
  expect((await insights(stranger)).data).toEqual([]);
  expect((await insights(stranger, `?community_id=${first.community.id}`)).data).toEqual([]);
  expect((await dismiss(stranger, first.id)).status).toBe(404);
  expect((await insights(account)).data).toHaveLength(2);
  for (const _ of [1, 2]) expect((await dismiss(account, first.id)).status).toBe(204);
  expect((await insights(account)).data).toEqual([second]);
  expect((await restore(stranger, first.id)).status).toBe(404);
  for (const _ of [1, 2]) expect((await restore(account, first.id)).status).toBe(204);
  expect((await insights(account)).data).toEqual([first, second]);
  expect((await dismiss(account, first.id)).status).toBe(204);
  // Dismissed is not forgotten: it is not told anew.
  await daysPass(account, 1);
  await look(account);
  expect((await insights(account)).data).toHaveLength(1);
  // With its community goes what was told of it.
  await box.ctx.sql`delete from communities where id = ${second.community.id}`;
  expect((await insights(account)).data).toEqual([]);
  expect((await dismiss(account, second.id)).status).toBe(404);
});
