import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import { networkNamed } from '../networks/index.ts';
import type { Network } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { refusal } from './ask.ts';
import { Credentials } from './community.ts';
import { openValue, sealValue } from './credential.ts';
import { freshPart } from './renewal.ts';
import type { Workspace } from './take-up.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());
const once = 'Shown once.';

/** A way in as the API shows it. */
export const ConnectionSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    network: v.string(),
    kind: v.pipe(
      v.string(),
      v.description('`invitation` of a bot, or a kind of `connect.sign_in` of GET /v1/networks.'),
    ),
    state: v.pipe(
      v.picklist(['waiting', 'proved', 'expired']),
      v.description(
        'waiting for the person; proved: connect places with its id as `connection_id`; expired: over, its tokens are destroyed.',
      ),
    ),
    code: v.pipe(v.nullable(v.string()), v.description(`What \`links.prove\` carries. ${once}`)),
    links: v.nullable(
      v.strictObject({
        add_to_channel: v.string(),
        add_to_group: v.string(),
        prove: v.pipe(v.nullable(v.string()), v.description(once)),
      }),
    ),
    authorize_url: v.pipe(
      v.nullable(v.string()),
      v.description(`Open it in the browser that is signed in to Outpost. ${once}`),
    ),
    steps: v.pipe(v.array(v.string()), v.description('What the person does, in order.')),
    person: v.pipe(
      v.nullable(v.strictObject({ name: v.nullable(v.string()) })),
      v.description('Who proved it.'),
    ),
    places: v.array(
      v.strictObject({
        external_id: v.string(),
        title: v.nullable(v.string()),
        type: v.nullable(v.string()),
        is_admin: v.pipe(
          v.nullable(v.boolean()),
          v.description('Whether that person administers it; null: not checked yet.'),
        ),
        rights: v.pipe(v.array(v.string()), v.description('Names of capabilities that are available there.')),
        problem: v.pipe(v.nullable(v.string()), v.description('Why it cannot be connected as it is.')),
        connected: v.boolean(),
      }),
    ),
    problem: v.nullable(v.string()),
    created_at: Timestamp,
    expires_at: Timestamp,
  }),
  v.metadata({ ref: 'Connection' }),
);
export type ConnectionView = v.InferOutput<typeof ConnectionSchema>;

export const NewConnection = v.strictObject({
  network: v.pipe(v.string(), v.description('A name of GET /v1/networks.')),
  kind: v.optional(v.pipe(v.string(), v.description('How to sign in: a kind of `connect.sign_in`.'))),
  credentials: v.optional(Credentials),
  group_ids: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^\d{1,20}$/, 'must be the number of a community'))),
      v.minLength(1),
      v.maxLength(50),
      v.description('Which communities, where the kind of sign-in asks for it.'),
    ),
  ),
});

/** What a connection keeps sealed: fields for every place, fields by place, and until a sign-in is over its verifier. */
export interface Kept {
  all: Record<string, unknown>;
  places: Record<string, Record<string, unknown>>;
  verifier: string | null;
}

/** Credentials that a connection brings for one place. */
export interface Usable {
  credentials: Record<string, unknown>;
  grantId: string | null;
  person: { id: string; name: string | null } | null;
}

interface Row {
  id: string;
  network: string;
  kind: string;
  invitation: { links: NonNullable<ConnectionView['links']>; steps: string[] } | null;
  source_key: string | null;
  person_id: string | null;
  person_name: string | null;
  proved: boolean;
  over: boolean;
  sealed: Uint8Array | null;
  version: number;
  grant_id: string | null;
  problem: string | null;
  created_at: Date;
  expires_at: Date;
}

/** One connection and what was found out about its places. Throws `not_found`. */
export function getConnection(ctx: Context, who: Workspace, id: string): Promise<ConnectionView> {
  return asWorkspace(ctx, who, async (tx) => {
    const row = await rowOf(tx, who, id);
    if (!row) throw new AppError('not_found', 'There is no such connection.');
    return {
      id: row.id,
      network: row.network,
      kind: row.kind,
      state: row.over ? 'expired' : row.proved ? 'proved' : 'waiting',
      code: null,
      links: row.invitation?.links ?? null,
      authorize_url: null,
      steps: row.invitation?.steps ?? [],
      person: row.person_id === null ? null : { name: row.person_name },
      places: row.over ? [] : await placesOf(tx, who, row),
      problem: row.problem,
      created_at: row.created_at.toISOString(),
      expires_at: row.expires_at.toISOString(),
    };
  });
}

/** Ends a connection and destroys its tokens; communities that were connected with it stay. Throws `not_found`. */
export async function deleteConnection(ctx: Context, who: Workspace, id: string): Promise<void> {
  const gone = await asWorkspace(
    ctx,
    who,
    (tx) => tx`delete from connections where workspace_id = ${who.workspaceId} and id = ${id} returning id`,
  );
  if (gone.length === 0) throw new AppError('not_found', 'There is no such connection.');
}

/**
 * The credentials of a proved connection for one place. Throws `invalid` at `/connection_id` or `/external_id`,
 * `wrong_state` while nobody proved it, `expired` when it is over, and what a renewal throws.
 */
export async function useConnection(
  ctx: Context,
  who: Who,
  network: Network,
  id: string,
  externalId: string,
): Promise<Usable> {
  const { row, kept } = await asWorkspace(ctx, who, async (tx) => {
    const found = await rowOf(tx, who, id);
    if (!found || found.network !== network.name) {
      throw invalid({ path: '/connection_id', message: 'There is no such connection of this network.' });
    }
    if (found.over) throw new AppError('expired', 'This connection is over: make a new one.');
    if (!found.proved) {
      throw new AppError('wrong_state', 'Nobody has proved this connection yet: follow its steps first.');
    }
    return { row: found, kept: await openKept(ctx, tx, who.workspaceId, found) };
  });
  const choices = Object.keys(kept.places);
  const own = kept.places[externalId];
  if (choices.length > 0 && own === undefined) {
    throw invalid({ path: '/external_id', message: `must be one of: ${choices.join(', ')}` });
  }
  const part =
    row.grant_id === null
      ? {}
      : await freshPart(ctx, row.grant_id, who.workspaceId).catch((error: unknown) => {
          throw refusal(ctx, error, '/connection_id');
        });
  return {
    credentials: { ...kept.all, ...own, ...part },
    grantId: row.grant_id,
    person: row.person_id === null ? null : { id: row.person_id, name: row.person_name },
  };
}

/** Seals what a connection keeps. */
export function sealKept(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  place: { id: string; workspaceId: string },
  kept: Kept,
): Promise<{ bytes: Buffer; version: number }> {
  return sealValue(ctx, tx, place.workspaceId, kept, (version) => boundTo(place, version));
}

/** Opens what a connection keeps. Throws `expired` when it was destroyed. */
export async function openKept(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  workspaceId: string,
  row: { id: string; sealed: Uint8Array | null; version: number },
): Promise<Kept> {
  const place = boundTo({ id: row.id, workspaceId }, row.version);
  const kept = row.sealed ? await openValue(ctx, tx, workspaceId, row.sealed, place) : null;
  if (kept === null) throw new AppError('expired', 'This connection is over: make a new one.');
  return kept as unknown as Kept;
}

/** Throws `too_many_requests` while the workspace has very many connections open. */
export async function refuseMany(tx: Tx, who: Workspace): Promise<void> {
  const [open] = await tx<{ many: boolean }[]>`
    select count(*) >= 50 as many from connections
    where workspace_id = ${who.workspaceId} and sealed is not null and expires_at > now()`;
  if (!open?.many) return;
  throw new AppError('too_many_requests', 'There are 50 open connections: delete some, or let them expire.', {
    retryAfter: 60,
  });
}

/** Destroys the tokens of connections that are over, and after a while what is left of them. */
export async function sweepConnections(ctx: Context): Promise<void> {
  await ctx.sql`
    update connections set sealed = null, code_hash = null, grant_id = null
    where expires_at <= now() and (sealed is not null or code_hash is not null or grant_id is not null)`;
  await ctx.sql`
    delete from connections
    where expires_at < now() - ${ctx.config.durations.connectionKept} * interval '1 millisecond'`;
  await ctx.sql`
    delete from seen_places s
    where not exists (select from connections n
        where n.workspace_id = s.workspace_id and n.source_key = s.source_key and n.sealed is not null)
      and not exists (select from credentials k
        where k.workspace_id = s.workspace_id and k.source_key = s.source_key)`;
  // Two that let go of one grant at the same moment may each have left it to the other.
  await ctx.sql`
    delete from access_grants g
    where not exists (select from credentials k where k.grant_id = g.id)
      and not exists (select from connections n where n.grant_id = g.id)`;
}

/** Whether a network can be signed in to or invited at all. Throws `invalid` with what works. */
export function networkFor(input: v.InferOutput<typeof NewConnection>): Network {
  const network = networkNamed(input.network);
  if (input.credentials !== undefined || input.kind !== undefined) return network;
  const kinds = Object.keys(network.signIn?.kinds ?? {});
  throw invalid(
    kinds.length > 0
      ? { path: '/kind', message: `Say how to sign in: ${kinds.join(', ')}.` }
      : { path: '/credentials', message: 'This field is required.' },
  );
}

async function rowOf(tx: Tx, who: Workspace, id: string): Promise<Row | null> {
  const [row] = await tx<Row[]>`
    select id, network, kind, invitation, source_key, person_id, person_name, proved_at is not null as proved,
      (sealed is null or expires_at <= now()) as over, sealed, version, grant_id, problem, created_at, expires_at
    from connections where workspace_id = ${who.workspaceId} and id = ${id}`;
  return row ?? null;
}

async function placesOf(tx: Tx, who: Workspace, row: Row): Promise<ConnectionView['places']> {
  const places = await tx<ConnectionView['places']>`
    select coalesce(p.external_id, s.external_id) as external_id, coalesce(p.title, s.title) as title,
      coalesce(p.type, s.type) as type, p.is_admin, coalesce(p.rights, '{}') as rights, p.problem,
      exists (select from communities c
        where c.workspace_id = ${who.workspaceId} and c.network = ${row.network} and c.status = 'active'
          and c.external_id = coalesce(p.external_id, s.external_id)) as connected
    from (select * from connection_places where workspace_id = ${who.workspaceId} and connection_id = ${row.id}) p
    full join (select * from seen_places where workspace_id = ${who.workspaceId} and source_key = ${row.source_key}) s
      on s.external_id = p.external_id
    order by coalesce(p.is_admin, false) desc, coalesce(s.added_by = ${row.person_id}, false) desc,
      coalesce(s.status in ('administrator', 'creator'), false) desc, s.seen_at desc nulls last, external_id
    limit 100`;
  return [...places];
}

function boundTo(place: { id: string; workspaceId: string }, version: number): string {
  return `connections|sealed|${place.id}|${place.workspaceId}|${version}`;
}
