import type { Connected, Publishing } from './publishing.ts';

/** A community of VK that is written to with one token and read with another, so that neither waits for the other. */
export async function readableGroup(p: Publishing, statistics: boolean): Promise<Connected> {
  const name = `g${crypto.randomUUID().slice(0, 8)}`;
  const group = p.sandbox.addCommunity({ screen_name: name, name });
  const community = p.sandbox.addVkToken({ kind: 'community', group_id: group.id }).token;
  const rights = { scopes: statistics ? ['stats' as const] : [] };
  const user = p.sandbox.addVkToken({ kind: 'user', admin_of: [group.id], ...rights }).token;
  const { status, body } = await p.ask('POST', '/v1/communities', {
    network: 'vk',
    credentials: { community_token: community, user_token: user },
    external_id: name,
  });
  if (status !== 201) throw new Error(`connecting answered ${JSON.stringify(body)}`);
  return { id: body.id, network: 'vk', tokens: [community, user], place: group.id };
}

/** What the tests collect by themselves, no bell may collect before them. */
export function silenceCollecting({ test: { ctx } }: Publishing): void {
  const { work } = ctx.queue;
  ctx.queue.work = (name, ...rest) =>
    name === 'analytics.collect' ? Promise.resolve() : work(name, ...rest);
}
