import { expect, test } from 'bun:test';
import { shipPublicationEvents } from '../src/collecting/delivery.ts';
import type { Context } from '../src/context.ts';
import { openTest, type Test } from './harness.ts';

/** A publication with its history, written as the trigger writes it; no network is involved. */
async function publication(test: Test): Promise<string> {
  const account = await test.register();
  const { sql } = test.ctx;
  const [community, post, id] = [Bun.randomUUIDv7(), Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  await sql`
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    values (${community}, ${account.workspaceId}, 'telegram', '-100', 'Channel', 'UTC', '{}', '{}')`;
  await sql`
    insert into posts (id, workspace_id, author_id, text) values (${post}, ${account.workspaceId}, ${account.userId}, 'x')`;
  await sql`
    insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at, content_version)
    values (${id}, ${account.workspaceId}, ${post}, ${community}, 'telegram', now(), now(), now() + interval '1 h', 1)`;
  await sql`update publications set state = 'sending' where id = ${id}`;
  await sql`update publications set state = 'published', published_at = now() where id = ${id}`;
  return id;
}

const events = (ctx: Context, id: string) =>
  ctx.ch.query<{ from_state: string; event: string; copies: string }>(
    `select from_state, event, count() as copies from publication_events_v1 final
     where publication_id = {id:UUID} group by from_state, event, event_id order by event_id`,
    { id },
  );

const history = [
  { from_state: '', event: 'scheduled', copies: '1' },
  { from_state: 'scheduled', event: 'sending', copies: '1' },
  { from_state: 'sending', event: 'published', copies: '1' },
];

test('what happened to a publication stands in ClickHouse once, however often it is shipped', async () => {
  await using test = await openTest();
  const id = await publication(test);
  expect(await shipPublicationEvents(test.ctx)).toBe(3);
  expect(await shipPublicationEvents(test.ctx)).toBe(0);
  expect(await events(test.ctx, id)).toEqual(history);
  // Killed between the insert and the mark: the batch comes again.
  await test.ctx.sql`update publication_events set shipped = false where publication_id = ${id}`;
  expect(await shipPublicationEvents(test.ctx)).toBe(3);
  expect(await events(test.ctx, id)).toEqual(history);
});

test('a ClickHouse that does not answer loses nothing', async () => {
  await using test = await openTest();
  const id = await publication(test);
  const gone: Context = {
    ...test.ctx,
    ch: { ...test.ctx.ch, insert: () => Promise.reject(new Error('connection refused')) },
  };
  await expect(shipPublicationEvents(gone)).rejects.toThrow('connection refused');
  expect(await shipPublicationEvents(test.ctx)).toBe(3);
  expect(await events(test.ctx, id)).toEqual(history);
});
