import * as v from 'valibot';
import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { checkSignature, type Served, type SignedQuery, signedUrl } from '../media/address.ts';
import { networks } from '../networks/index.ts';
import type { Json } from '../networks/message.ts';
import type { Capability } from '../networks/network.ts';
import { decodeCursor, ListQuery, type Page, pageOf } from '../page.ts';
import type { Tx } from '../stores/postgres.ts';
import { TimeZone } from '../timezone.ts';
import { readSettings, type Settings } from './ask.ts';
import { CapabilitiesSchema, wholeCapabilities } from './capability.ts';
import { destroyCredentialIfIdle } from './credential.ts';
import { type KeptWarning, WarningSchema } from './warning.ts';

export const statuses = ['active', 'needs_reauth', 'disconnected'] as const;

const Timestamp = v.pipe(v.string(), v.isoTimestamp());

/** Whole hours between two readings of a community's figures. */
const CollectHours = v.pipe(
  v.number(),
  v.integer('Give whole hours.'),
  v.minValue(1, 'Figures are read every hour at most.'),
  v.maxValue(24, 'Figures are read once a day at least.'),
  v.description('Its figures are read so often: 1 to 24 hours.'),
);

const historyStates = ['waiting', 'reading', 'complete', 'unavailable'] as const;
const HistorySchema = v.pipe(
  v.strictObject({
    state: v.pipe(
      v.picklist(historyStates),
      v.description('unavailable: the network does not list posts to this connection.'),
    ),
    posts: v.pipe(v.number(), v.description('How many were read.')),
    from: v.pipe(v.nullable(Timestamp), v.description('When the oldest of them was posted.')),
  }),
  v.description(
    'Posts from before it was connected, read back for a year at most. They have the figures of the day on which they were read and none at an age of 24 hours, so best times leave them out.',
  ),
);

/** A community as the API shows it. */
export const CommunitySchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    network: v.string(),
    external_id: v.string(),
    title: v.string(),
    handle: v.nullable(v.string()),
    url: v.nullable(v.string()),
    members: v.nullable(v.number()),
    avatar_url: v.nullable(v.string()),
    timezone: v.string(),
    status: v.picklist(statuses),
    status_reason: v.nullable(v.string()),
    settings: v.pipe(
      v.record(v.string(), v.unknown()),
      v.description('What the owner chose for it: see `settings` of GET /v1/networks.'),
    ),
    capabilities: CapabilitiesSchema,
    warnings: v.pipe(v.array(WarningSchema), v.description('What should be looked at before it hurts.')),
    collect_hours: CollectHours,
    history: HistorySchema,
    credential_hint: v.nullable(v.string()),
    checked_at: Timestamp,
    created_at: Timestamp,
    disconnected_at: v.nullable(Timestamp),
  }),
  v.metadata({ ref: 'Community' }),
);

export const CommunityQuery = v.strictObject({
  ...ListQuery.entries,
  network: v.optional(v.string()),
  status: v.optional(v.picklist(statuses)),
});

const Title = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'Give the community a title.'),
  v.maxLength(200, 'A title may have 200 characters at most.'),
);
export const Credentials = v.pipe(
  v.record(v.string(), v.unknown(), 'Give the credentials as an object: GET /v1/networks tells its fields.'),
  v.description(
    'What this network needs: see `connect.credentials` of GET /v1/networks. Sealed at once, never shown again.',
  ),
);

const ConnectionId = v.pipe(
  v.string(),
  v.uuid('This is not an id.'),
  v.description('A proved connection (POST /v1/connections), in place of credentials or beside them.'),
);
const GivenSettings = v.pipe(
  v.record(v.string(), v.unknown(), 'Give the settings as an object: GET /v1/networks tells its fields.'),
  v.transform((given) => given as Readonly<Record<string, Json>>),
  v.description(
    'What to choose for it: see `settings` of GET /v1/networks. What is not given stays as it is.',
  ),
);

export const NewCommunity = v.strictObject({
  network: v.pipe(v.string(), v.description('A name of GET /v1/networks.')),
  credentials: v.optional(Credentials),
  connection_id: v.optional(ConnectionId),
  external_id: v.pipe(
    v.string(),
    v.trim(),
    v.minLength(1, 'Say which channel, group or community it is.'),
    v.maxLength(500),
    v.description('Which place: its address or id at the network, see `connect.external_id`.'),
  ),
  timezone: v.optional(v.pipe(TimeZone, v.description('Default: the workspace’s.'))),
  settings: v.optional(GivenSettings),
});

export const CommunityChange = v.strictObject({
  title: v.optional(Title),
  timezone: v.optional(TimeZone),
  credentials: v.optional(Credentials),
  connection_id: v.optional(ConnectionId),
  settings: v.optional(GivenSettings),
  collect_hours: v.optional(CollectHours),
});

export type Community = v.InferOutput<typeof CommunitySchema>;

export interface CommunityRow
  extends Omit<
    Community,
    | 'avatar_url'
    | 'checked_at'
    | 'created_at'
    | 'disconnected_at'
    | 'capabilities'
    | 'settings'
    | 'warnings'
    | 'history'
  > {
  /** As they were found, perhaps before some names were known: see `wholeCapabilities`. */
  capabilities: Readonly<Record<string, Partial<Capability>>>;
  settings: Readonly<Record<string, Json>>;
  warnings: KeptWarning[];
  avatar_key: string | null;
  checked_at: Date;
  created_at: Date;
  disconnected_at: Date | null;
  history_state: (typeof historyStates)[number];
  history_posts: number;
  history_from: Date | null;
}

const columns = (tx: Tx) => tx`
  c.id, c.network, c.external_id, c.title, c.handle, c.url, c.members::float8 as members, c.avatar_key, c.timezone,
  c.status, c.status_reason, c.settings, c.capabilities, c.warnings, c.checked_at, c.created_at, c.disconnected_at,
  c.collect_hours, c.history_posts, c.history_from,
  case when c.history_read_at is not null then 'complete' when c.history_at is null then 'unavailable'
    when c.history_cursor is not null then 'reading' else 'waiting' end as history_state,
  (select k.hint from credentials k where k.workspace_id = c.workspace_id and k.community_id = c.id) as credential_hint`;

/** A page of the workspace's communities, newest first. */
export async function listCommunities(
  ctx: Context,
  who: Who,
  query: v.InferOutput<typeof CommunityQuery>,
): Promise<Page<Community>> {
  const after = decodeCursor(v.pipe(v.string(), v.uuid()), query.cursor) ?? null;
  const { network = null, status = null } = query;
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx<CommunityRow[]>`
      select ${columns(tx)} from communities c
      where c.workspace_id = ${who.workspaceId} and (${after}::uuid is null or c.id < ${after}::uuid)
        and (${network}::text is null or c.network = ${network}) and (${status}::text is null or c.status = ${status})
      order by c.id desc limit ${query.limit + 1}`,
  );
  return pageOf(
    rows,
    query.limit,
    (row) => row.id,
    (row) => shown(ctx, row),
  );
}

/** One community. Throws `not_found`. */
export function getCommunity(ctx: Context, who: Who, id: string): Promise<Community> {
  return asWorkspace(ctx, who, (tx) => read(ctx, tx, who.workspaceId, id));
}

/** The same inside a transaction. */
export async function read(ctx: Context, tx: Tx, workspaceId: string, id: string): Promise<Community> {
  const [row] = await tx<CommunityRow[]>`
    select ${columns(tx)} from communities c where c.workspace_id = ${workspaceId} and c.id = ${id}`;
  if (!row) throw notThere();
  return shown(ctx, row);
}

/** Changes what the owner calls a community, where it lives and how often it is read. Throws `not_found`. */
export function renameCommunity(
  ctx: Context,
  who: Who,
  input: {
    id: string;
    title?: string | undefined;
    timezone?: string | undefined;
    collect_hours?: number | undefined;
  },
): Promise<Community> {
  return asWorkspace(ctx, who, async (tx) => {
    const { id, title = null, timezone = null, collect_hours: hours = null } = input;
    await tx`
      update communities
      set title = coalesce(${title}, title), renamed = renamed or ${title !== null},
          timezone = coalesce(${timezone}, timezone), collect_hours = coalesce(${hours}, collect_hours),
          collect_at = least(collect_at, now() + ${hours}::int * interval '1 hour')
      where workspace_id = ${who.workspaceId} and id = ${id}`;
    return read(ctx, tx, who.workspaceId, id);
  });
}

/** Keeps settings that the network's schema has read. */
export async function keepSettings(
  tx: Tx,
  workspaceId: string,
  id: string,
  settings: Settings,
): Promise<void> {
  await tx`
    update communities set settings = ${tx.json({ ...settings })}
    where workspace_id = ${workspaceId} and id = ${id}`;
}

/**
 * Disconnects a community: what is planned for it is held, what is in flight finishes, and the credential is destroyed
 * as soon as nothing needs it. Posts and figures stay; connecting the same place takes them up again.
 * A second time changes nothing. Throws `not_found`.
 */
export async function disconnectCommunity(ctx: Context, who: Who, id: string): Promise<void> {
  await asWorkspace(ctx, who, async (tx) => {
    // The barrier of a send shares this lock: it is either over, and seen as in flight, or it finds the change.
    const [row] = await tx<{ status: string }[]>`
      select status from communities where workspace_id = ${who.workspaceId} and id = ${id} for update`;
    if (!row) throw notThere();
    if (row.status === 'disconnected') return;
    await tx`
      update communities set status = 'disconnected', status_reason = null, disconnected_at = now()
      where workspace_id = ${who.workspaceId} and id = ${id}`;
    // A row that somebody holds this very moment may wait for our lock: passed over, and held at its claim instead.
    await tx`
      update publications
      set state = 'held', hold_reason = 'disconnected', note = 'the community was disconnected', fence = fence + 1,
          lease_owner = null, lease_until = null
      where id in (
        select id from publications
        where workspace_id = ${who.workspaceId} and community_id = ${id} and state = 'scheduled'
        order by id for update skip locked)`;
    await destroyCredentialIfIdle(tx, id);
  });
}

/**
 * Erases a community and everything under it: publications, attempts, history, credential, picture.
 * Throws `not_found`, `publication_in_flight`.
 */
export async function purgeCommunity(ctx: Context, who: Who, id: string): Promise<void> {
  const avatar = await asWorkspace(ctx, who, async (tx) => {
    // Publications before their community, by id: the order in which the machine and people's acts lock them.
    await tx`
      select from publications where workspace_id = ${who.workspaceId} and community_id = ${id} order by id for update`;
    const [row] = await tx<{ avatar_key: string | null }[]>`
      select avatar_key from communities where workspace_id = ${who.workspaceId} and id = ${id} for update`;
    if (!row) throw notThere();
    const [flying] = await tx`
      select 1 as one from publications
      where workspace_id = ${who.workspaceId} and community_id = ${id} and state in ('sending', 'confirming') limit 1`;
    if (flying) {
      throw new AppError(
        'publication_in_flight',
        'A post is on its way to this community at this moment: disconnect it, and erase it when that is decided.',
      );
    }
    await tx`
      update posts set community_ids = array_remove(community_ids, ${id}::uuid)
      where workspace_id = ${who.workspaceId} and ${id}::uuid = any(community_ids)`;
    await tx`delete from communities where workspace_id = ${who.workspaceId} and id = ${id}`;
    return row.avatar_key;
  });
  if (avatar) await ctx.files.remove(avatar);
}

/** The picture behind a signed address. The signature is the right to it: nobody is signed in here. */
export async function openAvatar(ctx: Context, id: string, query: SignedQuery): Promise<Served> {
  const left = checkSignature(ctx, avatarPath(id), query);
  const key = await asOwner(ctx, async (tx) => {
    const [row] = await tx<
      { avatar_key: string | null }[]
    >`select avatar_key from communities where id = ${id}`;
    return row?.avatar_key ?? null;
  });
  if (key === null) throw new AppError('not_found', 'There is no such image.');
  const mime = key.endsWith('.png') ? 'image/png' : 'image/jpeg';
  return { key, name: key.slice(key.indexOf('/') + 1), mime, left };
}

export function notThere(): AppError {
  return new AppError('not_found', 'There is no such community.');
}

function avatarPath(id: string): string {
  return `/avatars/${id}`;
}

function shown(ctx: Context, row: CommunityRow): Community {
  const { avatar_key, history_state, history_posts, history_from, ...rest } = row;
  const network = Object.hasOwn(networks, row.network) ? networks[row.network] : undefined;
  return {
    ...rest,
    settings: network ? { ...readSettings(network, row.settings) } : row.settings,
    capabilities: { ...wholeCapabilities(row.capabilities) },
    // A disconnected community has nothing that could hurt.
    warnings: row.status === 'active' ? row.warnings.map(({ about: _, ...warning }) => warning) : [],
    history: { state: history_state, posts: history_posts, from: history_from?.toISOString() ?? null },
    avatar_url: avatar_key === null ? null : signedUrl(ctx, avatarPath(row.id)).url,
    checked_at: row.checked_at.toISOString(),
    created_at: row.created_at.toISOString(),
    disconnected_at: row.disconnected_at?.toISOString() ?? null,
  };
}
