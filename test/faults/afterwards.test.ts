import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { CrashPoint } from '../../src/context.ts';
import { openRound, type Round, type Seeded, seed } from './round.ts';

let round: Round;
let seeded: Seeded;
beforeAll(async () => {
  round = await openRound();
  seeded = await seed(round, await round.child(), { vkUserToken: true });
}, 30_000);
afterAll(() => round.close(), 30_000);

const points: readonly CrashPoint[] = [
  'between_parts',
  'during_act',
  'after_act_barrier',
  'after_act_answer',
];

for (const point of points) {
  test(`a kill ${point.replaceAll('_', ' ')} neither doubles nor loses a part, a comment or a pin`, async () => {
    const doomed = await round.child();
    await doomed.killAt(point);
    const text = `killed ${point}`;
    const { id } = await doomed.ask<{ id: string }>(
      'POST',
      '/v1/posts',
      {
        text,
        parts: [{ text: `${text}, part two` }],
        first_comment: { text: `${text}, comment` },
        community_ids: [seeded.vk],
        overrides: { vk: { options: { pin: true } } },
        scheduled_at: new Date(Date.now() + 700).toISOString(),
      },
      { authorization: `Bearer ${seeded.key}` },
    );
    await doomed.process.exited;
    expect(String(doomed.process.signalCode)).toBe('SIGKILL');

    await round.child();
    const acts = () => round.sql()<{ kind: string; state: string }[]>`
      select a.kind, a.state from publication_acts a join publications p on p.id = a.publication_id
      where p.part = 1 and p.post_id = ${id} order by kind`;
    await round.until('both parts and both acts are done', 20_000, async () => {
      const parts = await round.sql()<
        { state: string }[]
      >`select state from publications where post_id = ${id}`;
      const done = await acts();
      return (
        parts.every(({ state }) => state === 'published') &&
        done.length === 2 &&
        done.every(({ state }) => state === 'done')
      );
    });
    expect([...(await acts())]).toEqual([
      { kind: 'comment', state: 'done' },
      { kind: 'pin', state: 'done' },
    ]);
    const ours = (one: { text: string }) => one.text.startsWith(text);
    const [post, ...others] = round.sandbox
      .posts()
      .flatMap((place) => place.posts)
      .filter(ours);
    expect([post?.text, post?.pinned, others.length]).toEqual([text, true, 0]);
    const said = round.sandbox
      .ledger()
      .filter((row) => row.event === 'accepted' && ours(row))
      .map((row) => row.text);
    expect(said.toSorted()).toEqual([text, `${text}, comment`, `${text}, part two`]);
  }, 60_000);
}
