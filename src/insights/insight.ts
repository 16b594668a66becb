import * as v from 'valibot';
import { Place } from '../analytics/place.ts';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { decodeCursor, type ListQuery, type Page, pageOf } from '../page.ts';
import { DeadSlotEvidence, DeliveryEvidence, GrowthEvidence, OutlierEvidence } from './evidence.ts';
import { textOf } from './text.ts';

const Date_ = v.pipe(v.string(), v.isoDate());
const common = {
  id: v.pipe(v.string(), v.uuid()),
  day: v.pipe(Date_, v.description('On the workspace’s clock, when it was told.')),
  community: v.pipe(v.nullable(Place), v.description('null: it is about the whole workspace.')),
  text: v.pipe(
    v.string(),
    v.description('The same in English: other languages are made of kind and evidence.'),
  ),
  created_at: v.pipe(v.string(), v.isoTimestamp()),
};

/** Something that changed, with the numbers that it rests on. */
export const Insight = v.pipe(
  v.variant('kind', [
    v.strictObject({ kind: v.literal('growth_break'), ...common, evidence: GrowthEvidence }),
    v.strictObject({ kind: v.literal('outlier_post'), ...common, evidence: OutlierEvidence }),
    v.strictObject({ kind: v.literal('dead_slot'), ...common, evidence: DeadSlotEvidence }),
    v.strictObject({ kind: v.literal('delivery_trouble'), ...common, evidence: DeliveryEvidence }),
  ]),
  v.metadata({ ref: 'Insight' }),
);
export type Insight = v.InferOutput<typeof Insight>;
export type InsightKind = Insight['kind'];

interface Row {
  id: string;
  day: string;
  kind: InsightKind;
  evidence: Insight['evidence'];
  weight: number;
  created_at: Date;
  community_id: string | null;
  network: string | null;
  title: string | null;
}

const Cursor = v.strictObject({
  day: Date_,
  weight: v.pipe(v.number(), v.finite()),
  id: v.pipe(v.string(), v.uuid()),
});

/** What was found and not dismissed: the newest day first, the weightiest of a day first. Throws `invalid`. */
export async function listInsights(
  ctx: Context,
  who: Who,
  { limit, cursor, community_id }: ListQuery & { community_id?: string | undefined },
): Promise<Page<Insight>> {
  const after = decodeCursor(Cursor, cursor);
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx<Row[]>`
      select i.id, i.day::text as day, i.kind, i.evidence, i.weight, i.created_at, i.community_id, c.network, c.title
      from insights i left join communities c on c.workspace_id = i.workspace_id and c.id = i.community_id
      where i.workspace_id = ${who.workspaceId} and i.dismissed_at is null
        ${community_id ? tx`and i.community_id = ${community_id}` : tx``}
        ${after ? tx`and (i.day, i.weight, i.id) < (${after.day}::date, ${after.weight}::float8, ${after.id}::uuid)` : tx``}
      order by i.day desc, i.weight desc, i.id desc limit ${limit + 1}`,
  );
  return pageOf(rows, limit, ({ day, weight, id }) => ({ day, weight, id }), shown);
}

/** Takes an insight out of the list; a second time nothing happens. Throws `not_found`. */
export async function dismissInsight(ctx: Context, who: Who, id: string): Promise<void> {
  const [found] = await asWorkspace(
    ctx,
    who,
    (tx) => tx`
      update insights set dismissed_at = coalesce(dismissed_at, now())
      where workspace_id = ${who.workspaceId} and id = ${id} returning id`,
  );
  if (!found) throw new AppError('not_found', 'There is no such insight.');
}

/** Puts a dismissed insight back where it stood; one that stands there stays. Throws `not_found`. */
export async function restoreInsight(ctx: Context, who: Who, id: string): Promise<void> {
  const [found] = await asWorkspace(
    ctx,
    who,
    (tx) => tx`
      update insights set dismissed_at = null
      where workspace_id = ${who.workspaceId} and id = ${id} returning id`,
  );
  if (!found) throw new AppError('not_found', 'There is no such insight.');
}

function shown(row: Row): Insight {
  const { community_id: id, network, title } = row;
  const community = id !== null && network !== null && title !== null ? { id, network, title } : null;
  // The database holds them apart; that kind and evidence fit was seen to when they were written.
  const told = { kind: row.kind, evidence: row.evidence } as Pick<Insight, 'kind' | 'evidence'>;
  return {
    id: row.id,
    day: row.day,
    community,
    text: textOf(told as Insight, community),
    created_at: row.created_at.toISOString(),
    ...told,
  } as Insight;
}
