import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { networkNamed } from '../networks/index.ts';
import type { Place } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { notThere } from './community.ts';
import { openKept } from './connection.ts';
import { sourceKeyOf } from './invitation.ts';
import { freshCredentials } from './renewal.ts';

/** An account whose updates are worth hearing. */
export interface Listening {
  network: string;
  /** `telegram:bot:<id>`, `vk:group:<id>`. */
  sourceKey: string;
  workspaceId: string;
  /** One of the communities that it is heard for; null: no place is known yet. */
  place: Place | null;
  /** Opens its credentials, fresh; throws what `freshCredentials` throws, `expired` when a connection is over. */
  credentials(): Promise<unknown>;
}

interface Row extends Omit<Place, 'externalId'> {
  source_key: string;
  network: string;
  workspace_id: string;
  community_id: string | null;
  connection_id: string | null;
  external_id: string | null;
  witness: boolean;
}

/**
 * The accounts of communities and of connections that are open, each once however many use it: a network delivers the
 * updates of an account to one listener. Its updates concern every workspace that holds the account. A community that
 * needs to be connected again is heard for, too: its account may be let in again. `sourceKey`: that account alone.
 */
export async function listeningCredentials(ctx: Context, sourceKey?: string): Promise<Listening[]> {
  const rows = await ctx.sql<Row[]>`
    select distinct on (source_key) *
    from (
      select k.source_key, c.network, k.workspace_id, c.id as community_id, null::uuid as connection_id, c.external_id,
        c.capabilities, c.details, c.settings, false as witness,
        -- Of several, the one whose credentials may set up the updates.
        case when c.capabilities -> 'updates' @> '{"available": true}' then 0 else 2 end
          + case when c.status = 'active' then 0 else 4 end as rank, k.updated_at as at
      from credentials k join communities c on c.id = k.community_id and c.workspace_id = k.workspace_id
      where k.source_key is not null and c.status in ('active', 'needs_reauth')
      union all
      select c.details ->> 'witness_source', c.network, k.workspace_id, c.id, null, c.external_id,
        c.capabilities, c.details, c.settings, true, 1 + case when c.status = 'active' then 0 else 4 end, k.updated_at
      from credentials k join communities c on c.id = k.community_id and c.workspace_id = k.workspace_id
      where c.details ->> 'witness_source' is not null and c.status in ('active', 'needs_reauth')
      union all
      select source_key, network, workspace_id, null, id, null, null, null, null, false, 3, created_at from connections
      where source_key is not null and sealed is not null and expires_at > now()) held
    where ${sourceKey ?? null}::text is null or source_key = ${sourceKey ?? null}
    order by source_key, rank, at desc`;
  return rows.map((row) => ({
    network: row.network,
    sourceKey: row.source_key,
    workspaceId: row.workspace_id,
    place:
      row.external_id === null
        ? null
        : {
            externalId: row.external_id,
            capabilities: row.capabilities,
            details: row.details,
            settings: row.settings,
          },
    credentials: () => credentialsFor(ctx, row),
  }));
}

async function credentialsFor(ctx: Context, row: Row): Promise<unknown> {
  const { workspace_id: workspaceId, community_id: communityId } = row;
  if (communityId === null) return ofConnection(ctx, workspaceId, row.connection_id ?? '');
  const credentials = await freshCredentials(ctx, { workspaceId, communityId });
  if (!row.witness) return credentials;
  const witness = networkNamed(row.network).witness?.(credentials) ?? null;
  if (witness === null) throw new AppError('wrong_state', 'The second account is not there any more.');
  return witness;
}

async function ofConnection(ctx: Context, workspaceId: string, id: string): Promise<unknown> {
  const [row] = await ctx.sql<{ id: string; sealed: Uint8Array | null; version: number }[]>`
    select id, sealed, version from connections
    where id = ${id} and workspace_id = ${workspaceId} and expires_at > now()`;
  const kept = await openKept(ctx, ctx.sql, workspaceId, row ?? { id, sealed: null, version: 0 });
  return kept.all;
}

/** A topic of a forum group was seen in an update; `name` is null where the update does not tell it. */
export async function topicSeen(
  ctx: Context,
  input: { network: string; botId: string; chatId: string; topicId: string; name: string | null },
  tx: Tx = ctx.sql,
): Promise<void> {
  const { network, botId, chatId, topicId, name } = input;
  await tx`
    insert into community_topics (community_id, workspace_id, topic_id, name)
    select c.id, c.workspace_id, ${topicId}, ${name === null ? null : name.slice(0, 200)}
    from communities c join credentials k on k.community_id = c.id and k.workspace_id = c.workspace_id
    where c.network = ${network} and c.external_id = ${chatId} and c.status = 'active'
      and k.source_key = ${sourceKeyOf(network, botId)}
    order by c.id
    on conflict (community_id, topic_id) do update
      set name = coalesce(excluded.name, community_topics.name), seen_at = now()
      -- Every message in a topic tells of it; once an hour is enough.
      where coalesce(excluded.name, community_topics.name) is distinct from community_topics.name
        or community_topics.seen_at < now() - interval '1 hour'`;
}

/** The topics of a community that updates told of, by name. Throws `not_found`. */
export function listTopics(
  ctx: Context,
  who: Who,
  id: string,
): Promise<{ topic_id: string; name: string | null; seen_at: string }[]> {
  return asWorkspace(ctx, who, async (tx) => {
    const [there] = await tx`
      select 1 as one from communities where workspace_id = ${who.workspaceId} and id = ${id}`;
    if (!there) throw notThere();
    const rows = await tx<{ topic_id: string; name: string | null; seen_at: Date }[]>`
      select topic_id, name, seen_at from community_topics
      where workspace_id = ${who.workspaceId} and community_id = ${id}
      order by name collate "und-x-icu" nulls last, length(topic_id), topic_id limit 1000`;
    return rows.map(({ seen_at, ...row }) => ({ ...row, seen_at: seen_at.toISOString() }));
  });
}
