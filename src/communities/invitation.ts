import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { randomToken, sha256 } from '../crypto.ts';
import { AppError, invalid } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networkNamed } from '../networks/index.ts';
import type { Network } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { accessTo, ask, readSettings, refusal, wordsOf } from './ask.ts';
import { wholeCapabilities } from './capability.ts';
import { type ConnectionView, getConnection, openKept, refuseMany, sealKept } from './connection.ts';
import { parseCredentials } from './credential.ts';
import { freshPart } from './renewal.ts';
import { plain } from './take-up.ts';

/** The kind of a connection that adds a bot. */
const kind = 'invitation';
/** Most places of one connection that one run of the job looks at. */
const placesMost = 25;
/** Most places that are remembered of one account in one workspace: anybody may add a bot anywhere. */
const seenMost = 200;

/**
 * Begins the way in by a bot: keeps its token sealed, and answers the links that a person opens. The code in one of them
 * proves who that person is, once. Throws `invalid` and what the network refuses.
 */
export async function inviteBot(
  ctx: Context,
  who: Who,
  network: Network,
  given: unknown,
): Promise<ConnectionView> {
  if (!network.invite) {
    const message = `${network.title} is connected by signing in, or by giving its tokens to POST /v1/communities.`;
    throw invalid({ path: '/credentials', message });
  }
  const credentials = parseCredentials(network, given);
  const code = randomToken();
  const invitation = await network
    .invite(accessTo(ctx, network, credentials), code)
    .catch((error: unknown) => {
      throw refusal(ctx, error, '/credentials');
    });
  const { links, steps, hint } = invitation;
  const place = { id: Bun.randomUUIDv7(), workspaceId: who.workspaceId };
  await asWorkspace(ctx, who, async (tx) => {
    await refuseMany(tx, who);
    const all = credentials as Record<string, unknown>;
    const sealed = await sealKept(ctx, tx, place, { all, places: {}, verifier: null });
    await tx`
      insert into connections (id, workspace_id, user_id, network, kind, code_hash, sealed, version, hint, source_key,
        invitation, expires_at)
      values (${place.id}, ${who.workspaceId}, ${who.userId}, ${network.name}, ${kind}, ${sha256(code)},
        ${sealed.bytes}, ${sealed.version}, ${hint}, ${network.sourceKey?.(credentials, null) ?? null},
        ${tx.json(plain({ links: { ...links, prove: null }, steps }))},
        now() + ${ctx.config.durations.connection} * interval '1 millisecond')`;
    await ctx.queue.enqueue(tx, 'inbound.sources', [{ payload: {} }]);
  });
  return { ...(await getConnection(ctx, who, place.id)), code, links };
}

/**
 * A person gave a code to a bot: proves the connection that it belongs to, once and in time. Answers whether it did, and
 * what to tell that person; a code that is unknown, used or too old looks the same. The places of the connection are
 * looked at afterwards by a job.
 */
export async function redeemCode(
  ctx: Context,
  input: { network: string; botId: string; code: string; person: { id: string; name: string } },
  /** The transaction to be part of; default: one of its own. */
  within?: Tx,
): Promise<{ proved: boolean; reply: string }> {
  const { network, botId, code, person } = input;
  const proved = await inOne(ctx, within, async (tx) => {
    const [row] = await tx<{ id: string }[]>`
      update connections
      set code_hash = null, person_id = ${person.id}, person_name = ${person.name.slice(0, 200)}, proved_at = now(),
          expires_at = now() + ${ctx.config.durations.connectionUse} * interval '1 millisecond'
      where code_hash = ${sha256(code)} and network = ${network} and kind = ${kind}
        and source_key = ${sourceKeyOf(network, botId)} and sealed is not null and expires_at > now()
      returning id`;
    if (row) await ctx.queue.enqueue(tx, 'communities.places', [{ payload: { connection_id: row.id } }]);
    return row !== undefined;
  });
  return {
    proved,
    reply: proved
      ? 'Thank you: Outpost knows now who you are. Go back to it and choose what to connect.'
      : 'This link was used already or is too old. Get a new one in Outpost.',
  };
}

/**
 * A bot of ours was added to a chat, got other rights there, or was removed. Every workspace that holds this bot learns
 * of it, and a connected community is checked soon. `status` is the bot's own, in the network's words. A stranger may do
 * this as often as they like: what they add is remembered last, forgotten first, and looked at in one go.
 */
export async function botSeenIn(
  ctx: Context,
  input: {
    network: string;
    botId: string;
    chat: { id: string; title: string; type: string; username: string | null };
    status: string;
    /** Id of the person who did it; null: not told. */
    byPerson: string | null;
  },
  /** As for {@link redeemCode}. */
  within?: Tx,
): Promise<void> {
  const { network, botId, chat, status, byPerson } = input;
  if (chat.type === 'private') return;
  const source = sourceKeyOf(network, botId);
  const gone = status === 'left' || status === 'kicked';
  await inOne(ctx, within, async (tx) => {
    if (gone) {
      await tx`delete from seen_places where source_key = ${source} and external_id = ${chat.id}`;
      await tx`
        delete from connection_places p using connections n
        where n.id = p.connection_id and n.source_key = ${source} and p.external_id = ${chat.id}`;
    } else {
      await tx`
        insert into seen_places (workspace_id, source_key, external_id, title, type, username, status, added_by)
        select workspace_id, ${source}, ${chat.id}, ${chat.title.slice(0, 300)}, ${chat.type}, ${chat.username}, ${status},
          ${byPerson}
        from (
          select workspace_id from connections
          where source_key = ${source} and sealed is not null and expires_at > now()
          union
          select k.workspace_id from credentials k
          join communities c on c.id = k.community_id and c.status = 'active'
          where k.source_key = ${source}) holders
        order by workspace_id
        on conflict (workspace_id, source_key, external_id) do update
          set title = excluded.title, type = excluded.type, username = excluded.username, status = excluded.status,
              added_by = excluded.added_by, seen_at = now()`;
      await forgetStrangers(tx, network, source);
      const proved = await tx<{ id: string; look_at: Date }[]>`
        update connections set look_at = now() + ${ctx.config.durations.placesLook} * interval '1 millisecond'
        where id in (
          select id from connections
          where source_key = ${source} and sealed is not null and expires_at > now() and proved_at is not null
            and (look_at is null or look_at < now())
          order by id for update)
        returning id, look_at`;
      const jobs = proved.map(({ id, look_at }) => ({ payload: { connection_id: id }, at: look_at }));
      await ctx.queue.enqueue(tx, 'communities.places', jobs);
    }
    const checked = await tx`
      update communities set health_at = now()
      where id in (
        select c.id from communities c
        join credentials k on k.community_id = c.id and k.source_key = ${source}
        where c.network = ${network} and c.external_id = ${chat.id} and c.status = 'active'
        order by c.id for update of c)
      returning id`;
    if (checked.length > 0) await ctx.queue.enqueue(tx, 'communities.health', [{ payload: {} }]);
  });
}

/** Keeps, of the places where an account was seen, those that a person of ours added it to, and the newest others. */
async function forgetStrangers(tx: Tx, network: string, source: string): Promise<void> {
  await tx`
    with ranked as (
      select s.workspace_id, s.external_id, row_number() over (
        partition by s.workspace_id
        order by exists (select from communities c
            where c.workspace_id = s.workspace_id and c.network = ${network} and c.external_id = s.external_id) desc,
          exists (select from connections n
            where n.workspace_id = s.workspace_id and n.source_key = ${source} and n.person_id = s.added_by) desc,
          s.status in ('administrator', 'creator') desc, s.seen_at desc) as rank
      from seen_places s where s.source_key = ${source}
    ), gone as (
      delete from seen_places s using ranked r
      where s.source_key = ${source} and s.workspace_id = r.workspace_id and s.external_id = r.external_id
        and r.rank > ${seenMost}
      returning s.workspace_id, s.external_id
    )
    delete from connection_places p using connections n, gone g
    where n.id = p.connection_id and n.source_key = ${source} and g.workspace_id = p.workspace_id
      and g.external_id = p.external_id`;
}

/**
 * The job `communities.places`: finds out about the places of a proved connection where something happened since they were
 * looked at, whether the person administers each and what may be done there. Does nothing for one that is over.
 */
export async function checkPlaces(ctx: Context, connectionId: string): Promise<void> {
  const [row] = await ctx.sql<
    {
      id: string;
      workspace_id: string;
      network: string;
      source_key: string | null;
      sealed: Uint8Array;
      version: number;
      grant_id: string | null;
      person_id: string | null;
    }[]
  >`
    update connections set look_at = null
    where id = ${connectionId} and proved_at is not null and sealed is not null and expires_at > now()
    returning id, workspace_id, network, source_key, sealed, version, grant_id, person_id`;
  if (!row) return;
  const network = networkNamed(row.network);
  const kept = await openKept(ctx, ctx.sql, row.workspace_id, row);
  const part = row.grant_id === null ? {} : await freshPart(ctx, row.grant_id, row.workspace_id);
  // Strangers come last: what they add an account to must not keep the person's own place from being looked at.
  const places = await ctx.sql<{ external_id: string; asked_at: Date }[]>`
    select coalesce(p.external_id, s.external_id) as external_id, now() as asked_at
    from (select * from connection_places where connection_id = ${row.id}) p
    full join (select * from seen_places where workspace_id = ${row.workspace_id} and source_key = ${row.source_key}) s
      on s.external_id = p.external_id
    where p.checked_at is null or p.checked_at < s.seen_at
    order by s.external_id is null desc, coalesce(s.added_by = ${row.person_id}, false) desc,
      s.status in ('administrator', 'creator') desc, s.seen_at desc
    limit ${placesMost}`;
  let looked = 0;
  for (const { external_id, asked_at } of places) {
    const credentials = { ...kept.all, ...kept.places[external_id], ...part };
    const found = await lookAt(ctx, network, credentials, external_id, row.person_id);
    if (found === null) continue;
    looked += 1;
    await ctx.sql`
      insert into connection_places (connection_id, workspace_id, external_id, title, is_admin, rights, problem, checked_at)
      select id, workspace_id, ${external_id}, ${found.title}, ${found.isAdmin}, ${ctx.sql.array(found.rights)}::text[],
        ${found.problem}, ${asked_at}
      from connections where id = ${row.id}
      on conflict (connection_id, external_id) do update
        set title = coalesce(excluded.title, connection_places.title), is_admin = excluded.is_admin,
            rights = excluded.rights, problem = excluded.problem, checked_at = excluded.checked_at`;
  }
  if (places.length === placesMost && looked > 0) {
    await ctx.queue.enqueue(ctx.sql, 'communities.places', [{ payload: { connection_id: row.id } }]);
  }
}

/** null: the network did not answer, so nothing is known. */
async function lookAt(
  ctx: Context,
  network: Network,
  credentials: unknown,
  externalId: string,
  personId: string | null,
): Promise<{
  title: string | null;
  isAdmin: boolean | null;
  rights: string[];
  problem: string | null;
} | null> {
  let isAdmin: boolean | null = null;
  try {
    isAdmin = network.isAdmin
      ? personId !== null &&
        (await network.isAdmin(accessTo(ctx, network, credentials), externalId, personId))
      : true;
    // It cannot be connected: what could be done there is nobody's question.
    if (!isAdmin) return { title: null, isAdmin, rights: [], problem: null };
    const connection = await ask(ctx, network, credentials, externalId, readSettings(network, {}));
    const rights = Object.entries(wholeCapabilities(connection.capabilities)).flatMap(([name, one]) =>
      one.available ? [name] : [],
    );
    return { title: connection.title, isAdmin, rights, problem: null };
  } catch (error) {
    if (!(error instanceof NetworkError || error instanceof AppError)) throw error;
    if (!(error instanceof NetworkError) || error.kind === 'not_sent' || error.kind === 'unknown')
      return null;
    if (error.kind === 'limited') return null;
    return { title: null, isAdmin, rights: [], problem: wordsOf(error) };
  }
}

function inOne<T>(ctx: Context, tx: Tx | undefined, act: (tx: Tx) => Promise<T>): Promise<T> {
  return tx ? act(tx) : asOwner(ctx, act);
}

/** As `Network.sourceKey` names a bot. */
export function sourceKeyOf(network: string, botId: string): string {
  return `${network}:bot:${botId}`;
}
