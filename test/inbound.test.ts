import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startListening } from '../src/inbound/listen.ts';
import { receive } from '../src/inbound/receive.ts';
import { modeOf, secretOf } from '../src/inbound/source.ts';
import { telegramEvents, telegramUpdates } from '../src/networks/telegram/updates.ts';
import { configWith, type Hearing, openHearing } from './inbound-ways.ts';
import { until } from './process.ts';

let number = 0;

/** A channel of ours with what the test wants around it. */
async function channel(h: Hearing, want: { witness?: boolean; linked?: boolean } = {}) {
  const { sandbox } = h.p;
  number += 1;
  const bot = sandbox.addBot();
  const witness = want.witness ? sandbox.addBot() : null;
  const linked = want.linked
    ? sandbox.addChat({ title: 'Talk', type: 'supergroup', admins: [{ bot: bot.id }] })
    : null;
  const chat = sandbox.addChat({
    title: `News ${number}`,
    username: `news_${number}`,
    admins: [{ bot: bot.id }, ...(witness ? [{ bot: witness.id }] : [])],
    ...(linked ? { linked_chat_id: linked.id } : {}),
  });
  const answer = await h.p.ask('POST', '/v1/communities', {
    network: 'telegram',
    credentials: { bot_token: bot.token, ...(witness ? { witness_token: witness.token } : {}) },
    external_id: String(chat.id),
    settings: { preview_page: false },
  });
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  const made = { id: answer.body.id as string, bot, witness, chat, linked, key: `telegram:bot:${bot.id}` };
  await heard(h, made.key);
  if (witness) await heard(h, `telegram:bot:${witness.id}`);
  return made;
}

/** Waits until somebody listens to an account. */
async function heard(h: Hearing, key: string): Promise<void> {
  await until(`${key} is heard`, async () => {
    const source = await h.source(key);
    return source && source.lease_owner !== null && (source.mode === 'poll' || source.registered_at !== null);
  });
}

async function publish(h: Hearing, to: { id: string }, body: object): Promise<string> {
  const made = await h.p.ask('POST', '/v1/posts', { community_ids: [to.id], publish_now: true, ...body });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  return made.body.id;
}

const community = async (h: Hearing, id: string) => (await h.p.ask('GET', `/v1/communities/${id}`)).body;
const publicationOf = async (h: Hearing, postId: string) =>
  (await h.p.ask('GET', `/v1/posts/${postId}`)).body.publications[0];

describe.each(['poll', 'webhook'] as const)('by %s', (mode) => {
  let h: Hearing;
  beforeAll(async () => {
    h = await openHearing(mode);
  }, 30_000);
  afterAll(() => h.close());

  test('a post that a person made is known, with its edits and reactions', async () => {
    const { id, chat } = await channel(h);
    const { message_ids } = await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'by hand' });
    const message_id = Number(message_ids[0]);
    const [seen] = await h.sees(id, 'the post', (all) => all.length === 1);
    expect(seen).toMatchObject({
      remote_id: String(message_id),
      remote_url: `https://t.me/${chat.username}/${message_id}`,
      publication_id: null,
      by_hand: true,
      text: 'by hand',
      media: [],
      reactions: null,
      comments: null,
      edited_at: null,
    });
    expect(Math.abs(Date.parse(seen?.posted_at ?? '') - Date.now())).toBeLessThan(10_000);
    h.p.sandbox.telegram.editByPerson({ chat: chat.id, message_id, text: 'by hand, better' });
    h.p.sandbox.telegram.setReactions({ chat: chat.id, message_id, reactions: { '👍': 3, '🔥': 1 } });
    h.p.sandbox.telegram.setReactions({ chat: chat.id, message_id, reactions: { '👍': 2 } });
    const [after] = await h.sees(id, 'the edit', ([one]) => one?.reactions?.['👍'] === 2);
    expect(after).toMatchObject({ text: 'by hand, better', reactions: { '👍': 2 }, by_hand: true });
    expect(after?.edited_at).not.toBeNull();
  });

  test('the files of an album are one post', async () => {
    const { id, chat } = await channel(h);
    await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'before' });
    const media = [{ kind: 'photo' as const }, { kind: 'photo' as const }, { kind: 'video' as const }];
    const { message_ids } = await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'three', media });
    await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'after' });
    const seen = await h.sees(
      id,
      'all',
      (all) => all.length === 3 && all.some(({ media }) => media.length === 3),
    );
    expect(seen.map(({ text, media }) => [text, media])).toEqual([
      ['after', []],
      ['three', ['image', 'image', 'video']],
      ['before', []],
    ]);
    expect(seen[1]?.remote_id).toBe(String(message_ids[0]));
    const pages: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await h.p.ask(
        'GET',
        `/v1/communities/${id}/observed?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      pages.push(...body.data.map((one: { text: string }) => one.text));
      cursor = body.next_cursor;
    }
    expect(pages).toEqual(['after', 'three', 'before']);
  });

  test('comments are counted, and a first comment finds its place', async () => {
    const { id, chat, linked } = await channel(h, { linked: true });
    const postId = await publish(h, { id }, { text: 'talk', first_comment: { text: 'the first word' } });
    const [publication] = await h.p.reaches(postId, 'published');
    const message_id = Number(publication?.remote_id);
    const said = await until('the first comment', () =>
      h.p.sandbox.telegram
        .readPost({ chat: chat.id, message_id })
        ?.comments.find(({ text }) => text === 'the first word'),
    );
    expect(said.chat).toBe(linked?.id ?? 0);
    const { message_ids } = await h.p.sandbox.telegram.addComment({ chat: chat.id, message_id, text: 'one' });
    await h.p.sandbox.telegram.addComment({
      chat: chat.id,
      message_id,
      text: 'to the one before',
      reply_to: Number(message_ids[0]),
    });
    const [seen] = await h.sees(id, 'comments', ([one]) => one?.comments === 2);
    expect(seen).toMatchObject({
      publication_id: publication?.id,
      by_hand: false,
      text: 'talk',
      comments: 2,
    });
  });

  test('a bot that was put out holds what is planned, and takes it up when it is let in again', async () => {
    const { id, bot, chat } = await channel(h);
    const plan = async (text: string, wait: number) => {
      const scheduled_at = new Date(Date.now() + wait).toISOString();
      const made = await h.p.ask('POST', '/v1/posts', { text, community_ids: [id], scheduled_at });
      expect(made.status).toBe(201);
      return made.body.id;
    };
    const [soon, later] = [await plan('due without the bot', 2_000), await plan('due with it', 6_000)];
    h.p.sandbox.setRights({ chat: chat.id, bot: bot.id, status: 'kicked' });
    await until('needs_reauth', async () => (await community(h, id)).status === 'needs_reauth');
    expect((await community(h, id)).status_reason).toContain('removed from this channel');
    const [held] = await h.p.reaches(soon, 'held');
    expect(held?.hold_reason).toBe('reauth');
    expect(h.p.sandbox.ledger().filter(({ text }) => text === 'due without the bot')).toEqual([]);
    h.p.sandbox.setRights({ chat: chat.id, bot: bot.id, status: 'administrator' });
    await until('active', async () => (await community(h, id)).status === 'active', 10_000);
    // Its time has passed: a person decides about it. The other goes out by itself.
    const [late] = await h.p.reaches(soon, 'held');
    expect(late?.hold_reason).toBe('late');
    await h.p.reaches(later, 'published');

    h.p.sandbox.setRights({ chat: chat.id, bot: bot.id, rights: { can_post_messages: false } });
    await until('needs_reauth', async () => (await community(h, id)).status === 'needs_reauth');
    expect((await community(h, id)).status_reason).toContain('may not post');
  }, 20_000);

  test('a person proves who they are, adds the bot and connects the place', async () => {
    const { sandbox } = h.p;
    const bot = sandbox.addBot();
    const anna = { id: 90_000 + ++number, first_name: 'Anna', last_name: 'K' };
    const chat = sandbox.addChat({ title: 'Later ours', owner: anna });
    const made = await h.p.ask('POST', '/v1/connections', {
      network: 'telegram',
      credentials: { bot_token: bot.token },
    });
    expect(made.status).toBe(201);
    await sandbox.telegram.personWrites({ bot: bot.id, person: anna, text: `/start ${made.body.code}` });
    const view = async () => (await h.p.ask('GET', `/v1/connections/${made.body.id}`)).body;
    await until('the proof', async () => (await view()).state === 'proved');
    expect((await view()).person).toEqual({ name: 'Anna K' });
    await until('the answer', () =>
      sandbox.telegram.readChat({ chat: anna.id }).find(({ text }) => text.startsWith('Thank you')),
    );
    sandbox.telegram.addBotTo({ chat: chat.id, bot: bot.id, by: anna });
    await until('the place', async () => (await view()).places[0]?.is_admin === true, 15_000);
    expect((await view()).places[0]).toMatchObject({ external_id: String(chat.id), title: 'Later ours' });
    const connected = await h.p.ask('POST', '/v1/communities', {
      network: 'telegram',
      connection_id: made.body.id,
      external_id: String(chat.id),
    });
    expect([connected.status, connected.body.title]).toEqual([201, 'Later ours']);
    // A code is good once, whoever shows it.
    await sandbox.telegram.personWrites({ bot: bot.id, person: anna, text: `/start ${made.body.code}` });
    await until('the refusal', () =>
      sandbox.telegram.readChat({ chat: anna.id }).find(({ text }) => text.startsWith('This link was used')),
    );
  }, 30_000);

  test('a code in a channel or a group proves nobody, and is not kept', async () => {
    const { telegram } = h.p.sandbox;
    const { id, bot, chat, linked } = await channel(h, { linked: true });
    const { id: connection, code } = (
      await h.p.ask('POST', '/v1/connections', {
        network: 'telegram',
        credentials: { bot_token: bot.token },
      })
    ).body;
    const view = async () => (await h.p.ask('GET', `/v1/connections/${connection}`)).body;
    const group = linked?.id ?? 0;
    await telegram.personPosts({ chat: chat.id, text: code });
    await telegram.personWritesIn({ chat: group, text: `/start ${code}` });
    const last = await telegram.personPosts({ chat: chat.id, text: 'what comes after it' });
    await h.sees(id, 'the post after it', (seen) => seen.some(({ text }) => text.includes('after it')));
    telegram.editByPerson({ chat: chat.id, message_id: Number(last.message_ids[0]), text: code });
    await telegram.personPosts({ chat: chat.id, text: 'the end' });
    const seen = await h.sees(id, 'the end', (all) => all.some(({ text }) => text === 'the end'));
    expect(seen.map(({ text }) => text).sort()).toEqual(['the end', 'what comes after it']);
    expect([(await view()).state, (await view()).person]).toEqual(['waiting', null]);
    const anna = { id: 90_000 + ++number, first_name: 'Anna' };
    await telegram.personWrites({ bot: bot.id, person: anna, text: code });
    await until('the proof', async () => (await view()).person?.name === 'Anna');
  }, 20_000);

  test('no secret is logged or answered', async () => {
    const paths = await h.p.test.ctx.sql<
      { key: string; path: string }[]
    >`select key, path from inbound_sources`;
    expect(paths.length).toBeGreaterThan(3);
    const logged = h.p.test.logs.join('\n');
    for (const { key, path } of paths) {
      expect(logged).not.toContain(path);
      expect(logged).not.toContain(secretOf(h.p.test.ctx, key));
    }
  });
});

describe('what a second bot hears', () => {
  let h: Hearing;
  beforeAll(async () => {
    h = await openHearing('poll');
  }, 30_000);
  afterAll(() => h.close());

  test('settles a lost answer without a person', async () => {
    const { id } = await channel(h, { witness: true });
    const first = await publish(h, { id }, { text: 'heard' });
    await h.p.reaches(first, 'published');
    const [seen] = await h.sees(id, 'the echo', ([one]) => one?.publication_id != null);
    expect(seen?.by_hand).toBe(false);
    const proved = async () => {
      const [row] = await h.p.test.ctx.sql<{ proved: boolean | null }[]>`
        select (details -> 'witness_proved')::boolean as proved from communities where id = ${id}`;
      return row?.proved ?? false;
    };
    // Noted after the echo itself, in a statement of its own.
    for (let tries = 0; !(await proved()) && tries < 100; tries += 1) await Bun.sleep(20);
    expect(await proved()).toBe(true);
    expect((await h.p.ask('POST', `/v1/communities/${id}/check`)).status).toBe(200);
    expect(await proved()).toBe(true);

    h.p.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
    const lost = await publish(h, { id }, { text: 'lost and heard' });
    const [found] = await h.p.reaches(lost, 'published');
    expect(found?.note).toContain('updates of the network');
    expect(found?.remote_url).toStartWith('https://t.me/');
    expect(found?.history.map(({ to }) => to)).not.toContain('unconfirmed');
    const mine = h.p.sandbox
      .ledger()
      .filter((row) => row.event === 'accepted' && row.text === 'lost and heard');
    expect(mine.map(({ remote_id }) => remote_id)).toEqual([found?.remote_id ?? '']);
  });

  test('settles a lost album once all of its files were told', async () => {
    const { id } = await channel(h, { witness: true });
    const media_ids = [await h.p.picture(), await h.p.picture(undefined, '#aa2211')];
    h.p.sandbox.fault({ network: 'telegram', method: 'sendMediaGroup', action: { kind: 'drop_after' } });
    const lost = await publish(h, { id }, { text: 'two pictures', media_ids });
    const [found] = await h.p.reaches(lost, 'published');
    const [row] = await h.p.test.ctx.sql<{ remote_ids: string[] }[]>`
      select remote_ids from publications where id = ${found?.id ?? ''}`;
    expect(row?.remote_ids.length).toBe(2);
    const [seen] = await h.sees(id, 'the album', ([one]) => one?.publication_id != null);
    expect([seen?.media, seen?.by_hand]).toEqual([['image', 'image'], false]);
  });

  test('settles what a person was asked about, when it comes late', async () => {
    const { id, witness, chat } = await channel(h, { witness: true });
    h.p.sandbox.telegram.silenceWitness({ bot: witness?.id ?? 0 });
    h.p.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
    const lost = await publish(h, { id }, { text: 'told too late' });
    const [asked] = await h.p.reaches(lost, 'unconfirmed');
    const post = h.p.sandbox.telegram
      .readChat({ chat: chat.id })
      .find(({ text }) => text === 'told too late');
    const [before] = await h.observed(id);
    expect(before).toBeUndefined();
    const update = {
      update_id: 77_000_001,
      channel_post: { ...post?.body, chat: { id: chat.id, type: 'channel' } },
    };
    await receive(h.p.test.ctx, { key: `telegram:bot:${witness?.id}`, network: 'telegram' }, update);
    const [found] = await h.p.reaches(lost, 'published');
    expect([found?.id, found?.remote_id]).toEqual([asked?.id ?? '', String(post?.message_id)]);
    expect(found?.remote_url).toEndWith(`/${post?.message_id}`);
  });

  test('the copy in the discussion group tells as much', async () => {
    const { id } = await channel(h, { linked: true });
    await h.p.reaches(await publish(h, { id }, { text: 'copied' }), 'published');
    await h.sees(id, 'the copy', ([one]) => one?.publication_id != null);
    h.p.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
    const [found] = await h.p.reaches(await publish(h, { id }, { text: 'copied and lost' }), 'published');
    expect(found?.note).toContain('updates of the network');
  });

  test('tells that somebody changed a post of ours; our own edit is none of that', async () => {
    const { id, chat } = await channel(h, { witness: true });
    const postId = await publish(h, { id }, { text: 'as we wrote it' });
    const [publication] = await h.p.reaches(postId, 'published');
    const message_id = Number(publication?.remote_id);
    await h.p.ask('PATCH', `/v1/posts/${postId}`, { text: 'as we changed it' });
    await h.sees(id, 'our edit', ([one]) => one?.text === 'as we changed it');
    expect((await publicationOf(h, postId)).drift).toBeNull();
    h.p.sandbox.telegram.editByPerson({ chat: chat.id, message_id, text: 'somebody else was here' });
    const drifted = await until('the drift', async () => {
      const one = await publicationOf(h, postId);
      return one.drift === null ? null : one;
    });
    expect(drifted.drift).toMatchObject({ kind: 'changed', seen: 'somebody else was here' });
    await Bun.sleep(1_100);
    h.p.sandbox.telegram.editByPerson({ chat: chat.id, message_id, text: 'as we changed it' });
    await until('no drift', async () => (await publicationOf(h, postId)).drift === null);
  }, 20_000);

  test('does not put its own community out when it is put out itself', async () => {
    const { id, witness, chat } = await channel(h, { witness: true });
    h.p.sandbox.setRights({ chat: chat.id, bot: witness?.id ?? 0, status: 'kicked' });
    await until('the finding', async () => {
      const [row] = await h.p.test.ctx.sql<{ ready: boolean }[]>`
        select (details -> 'witness_ready')::boolean as ready from communities where id = ${id}`;
      return row?.ready === false;
    });
    expect((await community(h, id)).status).toBe('active');
  });
});

describe('an update', () => {
  let h: Hearing;
  beforeAll(async () => {
    h = await openHearing('poll');
  }, 30_000);
  afterAll(() => h.close());

  const raw = async (token: string, method: string, params: object = {}) => {
    const answer = await fetch(`${h.p.sandbox.telegramRoot}/bot${token}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(params),
    });
    return (await answer.json()) as { ok: boolean; result: { update_id: number }[] };
  };

  test('that comes again, or was taken before a crash forgot it, counts once', async () => {
    const { id, chat, bot, key } = await channel(h, { linked: true });
    const { message_ids } = await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'quiet' });
    const message_id = Number(message_ids[0]);
    await h.sees(id, 'the post', (all) => all.length === 1);
    await h.p.rest();
    await h.p.sandbox.telegram.addComment({ chat: chat.id, message_id, text: 'counts' });
    await h.p.sandbox.telegram.addComment({ chat: chat.id, message_id, text: 'counts, too' });
    // Taken and written down, but the network was never told so.
    const { result } = await raw(bot.token, 'getUpdates');
    const left = result.filter((update) => JSON.stringify(update).includes('counts'));
    expect(left.length).toBe(2);
    const [first] = left;
    await Promise.all([1, 2, 3].map(() => receive(h.p.test.ctx, { key, network: 'telegram' }, first)));
    expect((await h.observed(id))[0]?.comments).toBe(1);
    await h.p.start();
    await heard(h, key);
    const [seen] = await h.sees(id, 'both', ([one]) => one?.comments === 2);
    await Bun.sleep(1_500);
    expect((await h.observed(id))[0]?.comments).toBe(seen?.comments ?? 0);
    expect((await raw(bot.token, 'getUpdates')).result).toEqual([]);
  }, 20_000);

  test('of two processes one hears, and the other takes its place', async () => {
    const { id, chat, key } = await channel(h);
    const before = (await h.source(key))?.lease_owner;
    const seq = h.p.sandbox.ledger().at(-1)?.seq ?? 0;
    const second = startListening(h.p.test.ctx, 'poll');
    try {
      await Bun.sleep(1_500);
      expect((await h.source(key))?.lease_owner).toBe(before ?? '');
      const conflicts = h.p.sandbox
        .ledger(seq)
        .filter(({ method, outcome }) => method === 'getUpdates' && outcome.startsWith('409'));
      expect(conflicts).toEqual([]);
      await h.p.rest();
      await until('the other', async () => {
        const owner = (await h.source(key))?.lease_owner;
        return owner != null && owner !== before;
      });
      await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'heard by the other' });
      await h.sees(id, 'the post', (all) => all.length === 1);
    } finally {
      await second.stop();
    }
    expect((await h.source(key))?.lease_owner).toBeNull();
    await h.p.start();
  }, 20_000);

  test('that somebody else gets is missed aloud, once, and heard again afterwards', async () => {
    const { id, chat, bot, key } = await channel(h);
    await raw(bot.token, 'setWebhook', { url: 'http://127.0.0.1:9/elsewhere' });
    await until('the trouble', async () => (await h.source(key))?.error?.includes('Another program'));
    await Bun.sleep(1_500);
    const told = h.p.test.logs.filter(
      (line) => line.includes('updates cannot be heard') && line.includes(key),
    );
    expect(told.length).toBe(1);
    await raw(bot.token, 'deleteWebhook');
    await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'back' });
    await h.sees(id, 'the post', (all) => all.length === 1);
    expect((await h.source(key))?.error).toBeNull();
  }, 20_000);

  test('of a bot whose token died is missed, and its communities say so', async () => {
    const { id, bot, key } = await channel(h);
    h.p.sandbox.revoke(bot.token);
    await until('needs_reauth', async () => (await community(h, id)).status === 'needs_reauth');
    expect((await h.source(key))?.error).toContain('does not accept the bot token');
  });

  test('of a group tells of topics, answers and reactions, and not of what members say', async () => {
    const { sandbox } = h.p;
    const bot = sandbox.addBot();
    const forum = sandbox.addChat({
      title: 'Club',
      type: 'supergroup',
      is_forum: true,
      admins: [{ bot: bot.id }],
    });
    const plain = sandbox.addChat({ title: 'Plain', type: 'supergroup', admins: [{ bot: bot.id }] });
    const ids: string[] = [];
    for (const chat of [forum, plain]) {
      const answer = await h.p.ask('POST', '/v1/communities', {
        network: 'telegram',
        credentials: { bot_token: bot.token },
        external_id: String(chat.id),
      });
      ids.push(answer.body.id);
    }
    const [inForum = '', inPlain = ''] = ids;
    const thread = sandbox.telegram.createTopic({ chat: forum.id, name: 'Weather' });
    await sandbox.telegram.personWritesIn({ chat: forum.id, text: 'it rains', thread });
    const topics = async () => (await h.p.ask('GET', `/v1/communities/${inForum}/topics`)).body.data;
    await until('the topic', async () => (await topics()).length === 1);
    expect((await topics())[0]).toMatchObject({ topic_id: String(thread), name: 'Weather' });

    const postId = await publish(h, { id: inPlain }, { text: 'to the group' });
    const [publication] = await h.p.reaches(postId, 'published');
    const message_id = Number(publication?.remote_id);
    await sandbox.telegram.personWritesIn({ chat: plain.id, text: 'private talk' });
    await sandbox.telegram.personWritesIn({ chat: plain.id, text: 'an answer', reply_to: message_id });
    const person = { id: 91_000, first_name: 'Boris' };
    sandbox.telegram.react({ chat: plain.id, message_id, person, reactions: ['👍', '🔥'] });
    sandbox.telegram.react({ chat: plain.id, message_id, person, reactions: ['👍'], old: ['👍', '🔥'] });
    const seen = await h.sees(
      inPlain,
      'the answer',
      ([one]) => one?.comments === 1 && one.reactions !== null,
    );
    await until(
      'the change',
      async () => Object.keys((await h.observed(inPlain))[0]?.reactions ?? {}).length === 1,
    );
    expect(seen.length).toBe(1);
    expect((await h.observed(inPlain))[0]).toMatchObject({
      publication_id: publication?.id,
      text: 'to the group',
      reactions: { '👍': 1 },
      comments: 1,
    });
    expect(await h.observed(inForum)).toEqual([]);
  }, 20_000);

  test('that nobody understands harms nothing', async () => {
    const { id, key } = await channel(h);
    const odd: unknown[] = [
      null,
      7,
      'text',
      [],
      {},
      { update_id: 'x' },
      { update_id: 1 },
      { update_id: 2, channel_post: null },
      { update_id: 3, channel_post: { message_id: 1 } },
      {
        update_id: 4,
        channel_post: { message_id: 1, date: 1, chat: { id: 1e300, type: 'channel' }, text: 'x' },
      },
      { update_id: 5, message: { message_id: 1, date: 1, chat: { id: 5, type: 'private' }, text: '/start' } },
      { update_id: 6, poll: { id: '1' }, something_new: { deep: [[[[]]]] } },
      {
        update_id: 7,
        message_reaction_count: { chat: { id: 1, type: 'channel' }, message_id: 1, reactions: 'none' },
      },
    ];
    for (const update of odd) {
      expect(telegramEvents(update)?.events ?? []).toEqual([]);
      await receive(h.p.test.ctx, { key, network: 'telegram' }, update);
    }
    const chat = Number((await community(h, id)).external_id);
    const post = { message_id: 5, date: 1e12, chat: { id: chat, type: 'channel' }, text: 'a\0b\ud800' };
    // A moment that no calendar has: it is told in the log, and counts as taken.
    const before = h.p.test.logs.length;
    await receive(
      h.p.test.ctx,
      { key, network: 'telegram' },
      { update_id: 8, channel_post: { ...post, date: 1e15 } },
    );
    expect(h.p.test.logs.slice(before).join()).toContain('an update could not be used');
    expect(h.p.test.logs.slice(before).join()).not.toContain('a\\u0000b');
    await receive(
      h.p.test.ctx,
      { key, network: 'telegram' },
      { update_id: 9, channel_post: { ...post, date: 1e9 } },
    );
    expect((await h.observed(id)).map(({ text }) => text)).toEqual(['ab\ufffd']);
  });
});

describe('a posted update', () => {
  let h: Hearing;
  beforeAll(async () => {
    h = await openHearing('webhook', { inboundRegister: 700 });
  }, 30_000);
  afterAll(() => h.close());

  const infoOf = async (token: string) => {
    const answer = await fetch(`${h.p.sandbox.telegramRoot}/bot${token}/getWebhookInfo`, { method: 'POST' });
    return ((await answer.json()) as { result: { url: string; allowed_updates: string[] } }).result;
  };

  test('needs its address and its proof', async () => {
    const { id, chat, key } = await channel(h);
    const source = await h.source(key);
    const path = `/v1/inbound/telegram/${source?.path}`;
    const update = {
      update_id: 99_000_001,
      channel_post: {
        message_id: 900,
        date: 1_790_000_000,
        chat: { id: chat.id, type: 'channel' },
        text: 'forged',
      },
    };
    const send = (where: string, secret?: string, body: unknown = update) =>
      h.p.test.request('POST', where, {
        body,
        headers: secret === undefined ? {} : { 'x-telegram-bot-api-secret-token': secret },
      });
    const secret = secretOf(h.p.test.ctx, key);
    for (const wrong of [
      undefined,
      '',
      'x'.repeat(43),
      secretOf(h.p.test.ctx, 'telegram:bot:1'),
      secret.slice(1),
    ]) {
      const answer = await send(path, wrong);
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
      expect(JSON.stringify(answer.body)).not.toContain(key);
    }
    for (const where of [
      `/v1/inbound/telegram/${'a'.repeat(43)}`,
      `/v1/inbound/vk/${source?.path}`,
      `/v1/inbound/nowhere/${source?.path}`,
      '/v1/inbound/telegram/x',
    ]) {
      expect((await send(where, secret)).status).toBe(404);
    }
    expect(await h.observed(id)).toEqual([]);
    const big = await send(path, secret, { ...update, filler: 'x'.repeat(1_000_001) });
    expect(big.status).toBe(413);
    for (const nonsense of ['not json', '[]', '{"update_id":5}']) {
      const answer = await send(path, secret, nonsense);
      expect([answer.status, answer.body]).toEqual([200, 'ok']);
    }
    const taken = await Promise.all([1, 2, 3].map(() => send(path, secret)));
    expect(taken.map(({ status, body }) => [status, body])).toEqual(Array(3).fill([200, 'ok']));
    expect((await h.observed(id)).map(({ text }) => text)).toEqual(['forged']);
  });

  test('comes to an address of ours, which is set again when somebody took it away', async () => {
    const { id, chat, bot, key } = await channel(h);
    const source = await h.source(key);
    const ours = `${h.url}/v1/inbound/telegram/${source?.path}`;
    const info = await infoOf(bot.token);
    expect([info.url, info.allowed_updates.sort()]).toEqual([ours, [...telegramUpdates].sort()]);
    expect(source?.path).not.toContain(String(bot.id));
    await fetch(`${h.p.sandbox.telegramRoot}/bot${bot.token}/deleteWebhook`, { method: 'POST' });
    await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'meanwhile' });
    await until('our address again', async () => (await infoOf(bot.token)).url === ours);
    await h.sees(id, 'what waited', ([one]) => one?.text === 'meanwhile');
  });

  test('is not answered as taken while the store fails, and comes again', async () => {
    const { id, chat } = await channel(h);
    await h.p.test.ctx.sql.begin(async (tx) => {
      await tx`lock table observed_posts in access exclusive mode`;
      await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'comes again' });
      await until('the wait', async () => {
        const [row] = await h.p.test.ctx.sql<{ pid: number }[]>`
          select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%observed_posts%' limit 1`;
        if (!row) return false;
        await h.p.test.ctx.sql`select pg_terminate_backend(${row.pid})`;
        return true;
      });
    });
    await h.sees(id, 'the repeat', ([one]) => one?.text === 'comes again');
  }, 20_000);

  test('of an account that nobody holds any more has no address', async () => {
    const { id, key } = await channel(h);
    const source = await h.source(key);
    await h.p.test.ctx
      .sql`update inbound_sources set created_at = now() - interval '1 hour' where key = ${key}`;
    expect((await h.p.ask('DELETE', `/v1/communities/${id}`)).status).toBe(204);
    await until('no source', async () => (await h.source(key)) === undefined);
    const answer = await h.p.test.request('POST', `/v1/inbound/telegram/${source?.path}`, {
      body: {},
      headers: { 'x-telegram-bot-api-secret-token': secretOf(h.p.test.ctx, key) },
    });
    expect(answer.status).toBe(404);
  });
});

test('an installation that leaves its addresses fetches what comes from then on', async () => {
  const h = await openHearing('webhook');
  try {
    const { id, chat, bot, key } = await channel(h);
    await h.p.rest();
    const poller = startListening({ ...h.p.test.ctx }, 'poll');
    try {
      await h.p.sandbox.telegram.personPosts({ chat: chat.id, text: 'fetched' });
      await h.sees(id, 'the post', ([one]) => one?.text === 'fetched');
      await until('no address', async () => (await h.source(key))?.registered_at === null);
      const answer = await fetch(`${h.p.sandbox.telegramRoot}/bot${bot.token}/getWebhookInfo`, {
        method: 'POST',
      });
      expect(((await answer.json()) as { result: { url: string } }).result.url).toBe('');
    } finally {
      await poller.stop();
    }
  } finally {
    await h.close();
  }
}, 30_000);

test('the way is chosen by what PUBLIC_URL allows', () => {
  const mode = (env: Record<string, string>) => modeOf(configWith(env));
  expect(mode({})).toBe('poll');
  expect(mode({ PUBLIC_URL: 'https://outpost.example.org' })).toBe('webhook');
  expect(mode({ PUBLIC_URL: 'https://outpost.example.org:8443' })).toBe('webhook');
  expect(mode({ PUBLIC_URL: 'https://outpost.example.org:9443' })).toBe('poll');
  expect(mode({ PUBLIC_URL: 'http://outpost.example.org' })).toBe('poll');
  expect(mode({ PUBLIC_URL: 'https://10.0.0.7' })).toBe('poll');
  expect(mode({ PUBLIC_URL: 'http://localhost:3000', OUTPOST_INBOUND: 'webhook' })).toBe('webhook');
  expect(mode({ PUBLIC_URL: 'https://outpost.example.org', OUTPOST_INBOUND: 'poll' })).toBe('poll');
  expect(mode({ OUTPOST_INBOUND: 'off' })).toBe('off');
  expect(() => configWith({ OUTPOST_INBOUND: 'on' })).toThrow('OUTPOST_INBOUND');
});
