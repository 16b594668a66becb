import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { decodeCursor, type ListQuery, type Page, pageOf } from '../page.ts';
import type { Tx } from '../stores/postgres.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());
const Id = v.pipe(v.string(), v.uuid());

const Name = v.pipe(
  v.string(),
  v.transform((text) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim()),
  v.minLength(1, 'Give a name.'),
  v.maxLength(200, 'A name may have 200 characters at most.'),
);
const Sql = v.pipe(
  v.string(),
  v.check((text) => text.trim() !== '', 'Give a query.'),
  v.maxLength(100_000, 'A query may have 100000 characters at most.'),
);

export const SavedQuerySchema = v.pipe(
  v.strictObject({
    id: Id,
    name: v.string(),
    sql: v.pipe(v.string(), v.description('As it was written: it is looked at when it is run.')),
    created_at: Timestamp,
    updated_at: Timestamp,
  }),
  v.metadata({ ref: 'SavedQuery' }),
);
export type SavedQuery = v.InferOutput<typeof SavedQuerySchema>;

export const NewSavedQuery = v.strictObject({ name: Name, sql: Sql });
export const SavedQueryChange = v.partial(NewSavedQuery);

interface Row extends Pick<SavedQuery, 'id' | 'name' | 'sql'> {
  created_at: Date;
  updated_at: Date;
}

const columns = (tx: Tx) => tx`q.id, q.name, q.sql, q.created_at, q.updated_at`;

/** Keeps a query for everybody of the workspace. */
export function saveQuery(
  ctx: Context,
  who: Who,
  { name, sql }: v.InferOutput<typeof NewSavedQuery>,
): Promise<SavedQuery> {
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<Row[]>`
      insert into saved_queries as q (id, workspace_id, name, sql)
      values (${Bun.randomUUIDv7()}, ${who.workspaceId}, ${name}, ${sql})
      returning ${columns(tx)}`;
    return shown(row);
  });
}

/** Newest first. */
export function listSavedQueries(ctx: Context, who: Who, query: ListQuery): Promise<Page<SavedQuery>> {
  const before = decodeCursor(v.strictObject({ id: Id }), query.cursor);
  return asWorkspace(ctx, who, async (tx) => {
    const rows = await tx<Row[]>`
      select ${columns(tx)} from saved_queries q
      where q.workspace_id = ${who.workspaceId} ${before ? tx`and q.id < ${before.id}` : tx``}
      order by q.id desc limit ${query.limit + 1}`;
    return pageOf(rows, query.limit, ({ id }) => ({ id }), shown);
  });
}

/** Throws `not_found`. */
export function getSavedQuery(ctx: Context, who: Who, id: string): Promise<SavedQuery> {
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<Row[]>`
      select ${columns(tx)} from saved_queries q where q.workspace_id = ${who.workspaceId} and q.id = ${id}`;
    return shown(row);
  });
}

/** Changes what is given. Throws `not_found`. */
export function changeSavedQuery(
  ctx: Context,
  who: Who,
  id: string,
  { name = null, sql = null }: { name?: string | null | undefined; sql?: string | null | undefined },
): Promise<SavedQuery> {
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<Row[]>`
      update saved_queries as q
      set name = coalesce(${name}, q.name), sql = coalesce(${sql}, q.sql), updated_at = now()
      where q.workspace_id = ${who.workspaceId} and q.id = ${id}
      returning ${columns(tx)}`;
    return shown(row);
  });
}

/** Throws `not_found`. */
export async function deleteSavedQuery(ctx: Context, who: Who, id: string): Promise<void> {
  const gone = await asWorkspace(
    ctx,
    who,
    (tx) => tx`
      delete from saved_queries where workspace_id = ${who.workspaceId} and id = ${id} returning 1 as one`,
  );
  if (gone.length === 0) throw notThere();
}

function notThere(): AppError {
  return new AppError('not_found', 'There is no such query.');
}

function shown(row: Row | undefined): SavedQuery {
  if (!row) throw notThere();
  const { id, name, sql, created_at, updated_at } = row;
  return { id, name, sql, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
}
