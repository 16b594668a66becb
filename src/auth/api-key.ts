import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { hmacSha256 } from '../crypto.ts';
import { AppError, invalid } from '../errors.ts';
import { decodeCursor, type ListQuery, type Page, pageOf } from '../page.ts';
import { isKeyText, newKeyText, shownParts } from './key-text.ts';
import { pepper } from './pepper.ts';
import { allows, type Scope, ScopeSchema } from './scope.ts';

const timestamp = v.pipe(v.string(), v.isoTimestamp());

const keyEntries = {
  id: v.pipe(v.string(), v.uuid()),
  name: v.string(),
  prefix: v.pipe(v.string(), v.description('How the key begins.')),
  last_four: v.string(),
  scopes: v.array(ScopeSchema),
  expires_at: v.nullable(timestamp),
  last_used_at: v.pipe(v.nullable(timestamp), v.description('To the minute.')),
  created_at: timestamp,
};

export const ApiKeySchema = v.pipe(v.strictObject(keyEntries), v.metadata({ ref: 'ApiKey' }));

export const NewApiKeySchema = v.pipe(
  v.strictObject({
    ...keyEntries,
    key: v.pipe(
      v.nullable(v.string()),
      v.description('The key itself, shown this once. null in an answer that Idempotency-Key replays.'),
    ),
  }),
  v.metadata({ ref: 'NewApiKey' }),
);

export const CreateApiKey = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1, 'Give the key a name.'), v.maxLength(100)),
  scopes: v.pipe(v.array(ScopeSchema), v.minLength(1, 'Give at least one scope.')),
  expires_at: v.optional(
    v.pipe(
      v.nullable(v.pipe(v.string(), v.isoTimestamp('This is not an RFC 3339 time.'))),
      v.description('Default: one year from now. null: never.'),
    ),
  ),
});

export type ApiKey = v.InferOutput<typeof ApiKeySchema>;
export type NewApiKey = v.InferOutput<typeof NewApiKeySchema>;

interface Row {
  id: string;
  name: string;
  prefix: string;
  last_four: string;
  scopes: (Scope | '*')[];
  expires_at: Date | null;
  last_used_at: Date | null;
  created_at: Date;
}

const year = 365 * 24 * 3_600_000;
const usedNoteEvery = 60_000;

/**
 * Makes a key of the asker's workspace. Throws `forbidden` for a scope that the asker lacks, `invalid` for an expiry
 * that is not in the future.
 */
export async function createApiKey(
  ctx: Context,
  who: Who,
  input: v.InferOutput<typeof CreateApiKey>,
): Promise<NewApiKey> {
  const scopes = [...new Set(input.scopes)];
  refuseMoreThanHeld(who, scopes);
  const expiresAt =
    input.expires_at === undefined
      ? new Date(Date.now() + year)
      : input.expires_at && new Date(input.expires_at);
  if (expiresAt && !(expiresAt.getTime() > Date.now())) {
    throw invalid({ path: '/expires_at', message: 'The expiry must lie in the future.' });
  }
  const made = await newSecret(ctx);
  const row = await asWorkspace(ctx, who, async (tx) => {
    const [inserted] = await tx<Row[]>`
      insert into api_keys (id, workspace_id, user_id, name, digest, prefix, last_four, scopes, expires_at)
      values (${Bun.randomUUIDv7()}, ${who.workspaceId}, ${who.userId}, ${input.name}, ${made.digest}, ${made.prefix},
        ${made.lastFour}, ${tx.array(scopes)}, ${expiresAt})
      returning id, name, prefix, last_four, scopes, expires_at, last_used_at, created_at`;
    return inserted;
  });
  if (!row) throw new Error('a key was not made');
  ctx.log.info({ key_id: row.id, user_id: who.userId, workspace_id: who.workspaceId }, 'api key made');
  return { ...shown(row), key: made.key };
}

/** The workspace's keys that were not revoked, newest first. */
export async function listApiKeys(ctx: Context, who: Who, query: ListQuery): Promise<Page<ApiKey>> {
  const after = decodeCursor(v.pipe(v.string(), v.uuid()), query.cursor) ?? null;
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx<Row[]>`
      select id, name, prefix, last_four, scopes, expires_at, last_used_at, created_at from api_keys
      where workspace_id = ${who.workspaceId} and revoked_at is null and (${after}::uuid is null or id < ${after}::uuid)
      order by id desc limit ${query.limit + 1}`,
  );
  return pageOf(rows, query.limit, (row) => row.id, shown);
}

/** Throws `not_found` for a key that is not there, was revoked or is another workspace's. */
export async function getApiKey(ctx: Context, who: Who, id: string): Promise<ApiKey> {
  const [row] = await asWorkspace(
    ctx,
    who,
    (tx) => tx<Row[]>`
      select id, name, prefix, last_four, scopes, expires_at, last_used_at, created_at from api_keys
      where workspace_id = ${who.workspaceId} and id = ${id} and revoked_at is null`,
  );
  if (!row) throw noKey();
  return shown(row);
}

/** From the moment of the commit on the key opens nothing. */
export async function revokeApiKey(ctx: Context, who: Who, id: string): Promise<void> {
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx`
      update api_keys set revoked_at = now()
      where workspace_id = ${who.workspaceId} and id = ${id} and revoked_at is null`,
  );
  if (rows.count === 0) throw noKey();
  ctx.log.info({ key_id: id, user_id: who.userId, workspace_id: who.workspaceId }, 'api key revoked');
}

/**
 * Gives a key a new secret; the old one is dead at once. Name, scopes and expiry stay. Throws `wrong_state` for an
 * expired key and `forbidden` when it has scopes that the asker lacks: the new secret would hand them over.
 */
export async function rotateApiKey(ctx: Context, who: Who, id: string): Promise<NewApiKey> {
  const made = await newSecret(ctx);
  const row = await asWorkspace(ctx, who, async (tx) => {
    const [before] = await tx<Pick<Row, 'scopes' | 'expires_at'>[]>`
      select scopes, expires_at from api_keys
      where workspace_id = ${who.workspaceId} and id = ${id} and revoked_at is null for update`;
    if (!before) throw noKey();
    refuseMoreThanHeld(who, before.scopes);
    if (before.expires_at && before.expires_at.getTime() <= Date.now()) {
      throw new AppError('wrong_state', 'This key has expired: make a new one.');
    }
    const [after] = await tx<Row[]>`
      update api_keys
      set digest = ${made.digest}, prefix = ${made.prefix}, last_four = ${made.lastFour}, last_used_at = null
      where workspace_id = ${who.workspaceId} and id = ${id}
      returning id, name, prefix, last_four, scopes, expires_at, last_used_at, created_at`;
    return after;
  });
  if (!row) throw noKey();
  ctx.log.info({ key_id: id, user_id: who.userId, workspace_id: who.workspaceId }, 'api key rotated');
  return { ...shown(row), key: made.key };
}

/**
 * Who a key speaks for, or null when it is malformed (the database is not asked), unknown, expired, revoked or of
 * somebody who left the workspace. Notes the use at most once a minute, beside the answer.
 */
export async function keyOwner(ctx: Context, key: string): Promise<Who | null> {
  if (!isKeyText(key, ctx.config.keyEnvironment)) return null;
  const digest = hmacSha256(await pepper(ctx), key);
  const [row] = await ctx.sql<
    { id: string; user_id: string; workspace_id: string; scopes: string[]; last_used_at: Date | null }[]
  >`
    select k.id, k.user_id, k.workspace_id, k.scopes, k.last_used_at
    from api_keys k join members m on m.workspace_id = k.workspace_id and m.user_id = k.user_id
    where k.digest = ${digest} and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`;
  if (!row) return null;
  if (!row.last_used_at || row.last_used_at.getTime() < Date.now() - usedNoteEvery) noteUse(ctx, row.id);
  return {
    kind: 'key',
    userId: row.user_id,
    workspaceId: row.workspace_id,
    keyId: row.id,
    scopes: new Set(row.scopes),
  };
}

function noteUse({ sql, log }: Context, id: string): void {
  sql`
    update api_keys set last_used_at = now()
    where id = ${id} and (last_used_at is null or last_used_at < now() - interval '1 minute')`.catch(
    (error: unknown) => log.warn({ err: error, key_id: id }, 'use of an api key not noted'),
  );
}

async function newSecret(ctx: Context) {
  const environment = ctx.config.keyEnvironment;
  const key = newKeyText(environment);
  return { key, digest: hmacSha256(await pepper(ctx), key), ...shownParts(key, environment) };
}

function refuseMoreThanHeld(who: Who, wanted: readonly (Scope | '*')[]): void {
  const missing = wanted.find((scope) => !allows(who.scopes, scope));
  if (missing)
    throw new AppError('forbidden', `A key cannot give the scope ${missing}, which it lacks itself.`);
}

function noKey(): AppError {
  return new AppError('not_found', 'There is no such API key.');
}

function shown(row: Row): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    last_four: row.last_four,
    scopes: row.scopes,
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
