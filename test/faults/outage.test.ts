import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { openRound, type Round, type Seeded, schedule, seed, states } from './round.ts';

let round: Round;
let seeded: Seeded;
beforeAll(async () => {
  round = await openRound();
  seeded = await seed(round, await round.child(), { vkUserToken: true });
}, 30_000);
afterEach(() => round.sandbox.clearFaults());
afterAll(() => round.close(), 30_000);

const ended = ['published', 'unconfirmed', 'failed', 'cancelled'];
/** Of these publications every one is in one of these states. */
const all = async (ids: readonly string[], ...wanted: string[]) =>
  Object.values(await states(round, ids)).every((state) => wanted.includes(state));
/** How often the networks took this text. */
const accepted = (text: string) =>
  round.sandbox.ledger().filter((row) => row.event === 'accepted' && row.text === text).length;
const soon = (milliseconds: number) => new Date(Date.now() + milliseconds);

test('a worker and its database killed while the network still works on the request double nothing', async () => {
  const first = await round.child();
  round.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'delay', ms: 700 } });
  round.sandbox.fault({ network: 'vk', method: 'wall.post', action: { kind: 'delay', ms: 700 } });
  const { ids } = await schedule(first, seeded, 'killed in flight', soon(600));
  await round.until('both are being sent', 5_000, () => all(ids, 'sending'));
  const [postgres = ''] = readFileSync(join(round.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
  first.process.kill('SIGKILL');
  process.kill(Number(postgres), 'SIGKILL');
  await first.process.exited;

  await round.child();
  await round.until('every publication ends', 15_000, () => all(ids, ...ended));
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
  // Both had reached their network: VK can be read, Telegram cannot.
  expect(Object.values(await states(round, ids)).sort()).toEqual(['published', 'unconfirmed']);
}, 60_000);

test('a worker that is stopped longer than its lease in the middle of a send doubles nothing', async () => {
  const child = await round.child();
  round.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'delay_after', ms: 400 },
  });
  round.sandbox.fault({ network: 'vk', method: 'wall.post', action: { kind: 'delay_after', ms: 400 } });
  const { ids } = await schedule(child, seeded, 'asleep', soon(600));
  await round.until('both were accepted', 5_000, () => accepted('asleep') === 2);
  child.process.kill('SIGSTOP');
  await Bun.sleep(2_500);
  child.process.kill('SIGCONT');
  await round.until('every publication ends', 15_000, () => all(ids, ...ended));
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 60_000);

test('a network that cannot be reached burns no post: all are held and go out when it is back', async () => {
  const door = openDoor(Number(new URL(round.sandbox.url).port));
  await door.open();
  const child = await round.spawn({ env: { TELEGRAM_API_ROOT: `http://127.0.0.1:${door.port()}/telegram` } });
  await door.close();
  const ids: string[] = [];
  for (let index = 0; index < 7; index += 1) {
    const post = await schedule(child, seeded, `outage ${index}`, soon(600), {
      communities: [seeded.telegram],
    });
    ids.push(...post.ids);
  }
  await round.until('all are held', 15_000, () => all(ids, 'held'));
  const [burnt] = await round.sql()<{ unknown: number }[]>`
    select count(*)::int as unknown from publication_attempts
    where outcome is distinct from 'not_sent' and publication_id = any(${ids}::uuid[])`;
  expect(burnt?.unknown).toBe(0);
  await door.open();
  await round.until('every publication ends', 30_000, () => all(ids, 'published'));
  await door.close();
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 90_000);

test('a stop by SIGTERM lets the send that is on its way end', async () => {
  const child = await round.spawn();
  round.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'delay_after', ms: 700 },
  });
  const { ids } = await schedule(child, seeded, 'drained', soon(600), { communities: [seeded.telegram] });
  await round.until('it was accepted', 5_000, () => accepted('drained') === 1);
  child.process.kill('SIGTERM');
  expect(await child.process.exited).toBe(0);
  await round.child();
  expect(await states(round, ids)).toEqual({ [ids[0] ?? '']: 'published' });
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 60_000);

/** A TCP door to the sandbox that can be shut: connections are refused then, as with a network that is down. */
function openDoor(to: number): { port(): number; open(): Promise<void>; close(): Promise<void> } {
  let server: Server | null = null;
  let port = 0;
  const sockets = new Set<Socket>();
  return {
    port: () => port,
    async open() {
      server = createServer((socket) => {
        const other = createConnection(to, '127.0.0.1');
        for (const one of [socket, other]) {
          sockets.add(one);
          one.on('error', () => {}).on('close', () => sockets.delete(one));
        }
        socket.pipe(other).pipe(socket);
      });
      await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
      const address = server.address();
      if (typeof address === 'object' && address) port = address.port;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server?.close(resolve) ?? resolve(null));
    },
  };
}
