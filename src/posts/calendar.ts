import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { invalid } from '../errors.ts';
import { Instant } from './input.ts';
import { needsAttention, PostStatus, PublicationState } from './show.ts';

const most = 2_000;
const daysMost = 100;
/** UTF-16 code units of a text that are shown. */
const textMost = 160;

export const CalendarQuery = v.strictObject({
  from: v.pipe(Instant, v.description('Posts of this time and later, …')),
  to: v.pipe(Instant, v.description(`… and before this one, at most ${daysMost} days later.`)),
});

/** A post as a calendar shows it: enough to draw it, filter it and move it. */
export const CalendarPost = v.pipe(
  v.strictObject({
    id: v.string(),
    status: PostStatus,
    needs_attention: v.boolean(),
    at: v.pipe(v.string(), v.isoTimestamp()),
    timezone: v.pipe(v.nullable(v.string()), v.description('As it was chosen; null: a moment was given.')),
    text: v.pipe(v.string(), v.description(`The first ${textMost} characters.`)),
    files: v.pipe(v.number(), v.description('How many files its first part has.')),
    poll: v.boolean(),
    parts: v.pipe(v.number(), v.description('Further parts of a thread.')),
    series_id: v.nullable(v.string()),
    publications: v.array(v.strictObject({ community_id: v.string(), state: PublicationState })),
  }),
  v.metadata({ ref: 'CalendarPost' }),
);

export const Calendar = v.strictObject({
  data: v.pipe(v.array(CalendarPost), v.description('By time.')),
  complete: v.pipe(v.boolean(), v.description(`false: there are more than ${most}; ask for a shorter time.`)),
});
export type Calendar = v.InferOutput<typeof Calendar>;

interface Row {
  id: string;
  status: v.InferOutput<typeof PostStatus>;
  needs_attention: boolean;
  at: Date;
  timezone: string | null;
  text: string;
  files: number;
  poll: boolean;
  parts: number;
  series_id: string | null;
  publications: { community_id: string; state: v.InferOutput<typeof PublicationState> }[];
}

/** Everything that has a time in a span, in one answer. Throws `invalid` when it is too long. */
export async function getCalendar(
  ctx: Context,
  who: Who,
  { from, to }: v.InferOutput<typeof CalendarQuery>,
): Promise<Calendar> {
  const width = Date.parse(to) - Date.parse(from);
  if (width <= 0 || width > daysMost * 86_400_000) {
    throw invalid({ path: 'query/to', message: `must lie after from, ${daysMost} days at most` });
  }
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx<Row[]>`
      select p.id, p.scheduled_at as at, p.timezone, left(p.text, ${textMost}) as text, p.poll is not null as poll,
        jsonb_array_length(p.parts) as parts, p.series_id, ${needsAttention(tx)} as needs_attention,
        (select count(*)::int from post_media m where m.post_id = p.id and m.used_in = '') as files,
        post_status(pubs.states) as status, pubs.publications
      from posts p, lateral (
        select coalesce(jsonb_agg(jsonb_build_object('community_id', pub.community_id, 'state', pub.state)
            order by pub.community_id) filter (where pub.part = 1), '[]') as publications,
          coalesce(array_agg(distinct pub.state) filter (where pub.hold_reason is distinct from 'previous_part'), '{}') as states
        from publications pub where pub.post_id = p.id) pubs
      where p.workspace_id = ${who.workspaceId} and p.scheduled_at >= ${from} and p.scheduled_at < ${to}
      order by p.scheduled_at, p.id limit ${most + 1}`,
  );
  return {
    data: rows.slice(0, most).map((row) => ({ ...row, at: row.at.toISOString() })),
    complete: rows.length <= most,
  };
}
