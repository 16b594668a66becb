import * as v from 'valibot';
import { invalid } from './errors.ts';

/** Query of every list: spread its entries into a `v.strictObject` with a list's own filters. */
export const ListQuery = v.strictObject({
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^([1-9]\d?|100)$/, 'limit is a whole number from 1 to 100.'),
      v.description('How many at most, 1 to 100.'),
      v.transform(Number),
    ),
    '20',
  ),
  cursor: v.optional(
    v.pipe(v.string(), v.maxLength(1_000), v.description('`next_cursor` of the page before.')),
  ),
});

export type ListQuery = v.InferOutput<typeof ListQuery>;

export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

/** The answer of a list: `{ data, next_cursor }`; the last page has `next_cursor: null`. */
export function listOf<Item extends v.GenericSchema>(item: Item) {
  return v.strictObject({ data: v.array(item), next_cursor: v.nullable(v.string()) });
}

/** Opaque to callers: base64url of JSON. It carries no rights; every query still filters by workspace. */
export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Reads what {@link encodeCursor} made, or throws `invalid` at `query/cursor`. Absent stays undefined. */
export function decodeCursor<Schema extends v.GenericSchema>(
  schema: Schema,
  cursor: string | undefined,
): v.InferOutput<Schema> | undefined {
  if (cursor === undefined) return undefined;
  try {
    return v.parse(schema, JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw invalid({ path: 'query/cursor', message: 'This cursor is not one that a list gave.' });
  }
}

/**
 * Cuts rows of a query that asked for `limit + 1` into a page. `place` says what the cursor of the last row shown is.
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  place: (row: Row) => unknown,
  show: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(show),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(place(last)) : null,
  };
}
