import * as v from 'valibot';
import { invalid } from '../errors.ts';
import type { Tx } from '../stores/postgres.ts';
import { readInstant, TimeZone } from '../timezone.ts';
import { everies } from './period.ts';
import { languages } from './words.ts';

export const formats = ['csv', 'xlsx', 'pdf'] as const;
export type Format = (typeof formats)[number];

const daysMost = 730;

export const FormatShape = v.pipe(
  v.picklist(formats, `must be one of: ${formats.join(', ')}`),
  v.description(
    'pdf: for people, with charts. xlsx: a sheet per table, and charts. csv: a ZIP with a CSV per table, for programs: its column names do not depend on the language.',
  ),
);
export const EveryShape = v.pipe(
  v.picklist(everies, `must be one of: ${everies.join(', ')}`),
  v.description(
    'week: on Mondays at 08:00, the seven days before. month: on the first at 08:00, the month before.',
  ),
);
const LanguageShape = v.picklist(languages, `must be one of: ${languages.join(', ')}`);
const CommunityIds = v.pipe(
  v.array(v.pipe(v.string(), v.uuid('This is not an id.'), v.toLowerCase())),
  v.maxLength(500, 'names more than 500 communities'),
  v.check((ids) => new Set(ids).size === ids.length, 'names a community twice'),
  v.description('Empty: all that there are when it is made.'),
);
const Title = v.pipe(
  v.string(),
  v.transform((text) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim()),
  v.minLength(1, 'Give a title, or leave it out.'),
  v.maxLength(200, 'A title may have 200 characters at most.'),
);
const Zone = v.pipe(TimeZone, v.description('Whose days the period is made of. Default: the workspace’s.'));
const Instant = v.pipe(
  v.string(),
  v.check((text) => readInstant(text) !== null, 'must be a time with an offset, as 2026-03-01T00:00:00Z'),
  v.transform((text) => readInstant(text) ?? new Date(0)),
  // Outside of these the engine has no days.
  v.minValue(new Date('2000-01-01T00:00:00Z'), 'must not be before the year 2000'),
  v.maxValue(new Date('2100-01-01T00:00:00Z'), 'must not be after the year 2099'),
);

export const NewReport = v.pipe(
  v.strictObject({
    format: FormatShape,
    community_ids: v.optional(CommunityIds, []),
    from: v.optional(v.pipe(Instant, v.description('Default: 30 days before `to`.'))),
    to: v.optional(v.pipe(Instant, v.description('Not in it. Default, and at the latest: now.'))),
    days: v.optional(
      v.pipe(
        v.number(),
        v.integer('must be a whole number'),
        v.minValue(1, 'must be at least 1'),
        v.maxValue(daysMost, `must be ${daysMost} at most`),
        v.description('In place of from and to: so many days, today included. Default: 30.'),
      ),
    ),
    timezone: v.optional(Zone),
    language: v.optional(LanguageShape, 'en'),
    title: v.optional(Title),
  }),
  v.check(
    ({ from, to, days }) => days === undefined || (from === undefined && to === undefined),
    'Give days, or from and to.',
  ),
  v.check(
    ({ from, to }) => from === undefined || from < (to ?? new Date()),
    'from must be before to, and not in the future.',
  ),
  v.check(
    ({ from, to }) =>
      from === undefined || (to ?? new Date()).getTime() - from.getTime() <= daysMost * 86_400_000,
    `A report may be about ${daysMost} days at most.`,
  ),
);
export type NewReport = v.InferOutput<typeof NewReport>;

export const NewExport = v.strictObject({
  media: v.optional(
    v.pipe(v.boolean(), v.description('Whether the files of the library are in it. Default: true.')),
    true,
  ),
});
export type NewExport = v.InferOutput<typeof NewExport>;

const schedule = {
  every: EveryShape,
  format: FormatShape,
  community_ids: CommunityIds,
  language: LanguageShape,
  timezone: Zone,
  title: Title,
};
export const NewSchedule = v.strictObject({
  ...schedule,
  community_ids: v.optional(CommunityIds, []),
  language: v.optional(LanguageShape, 'en'),
  timezone: v.optional(Zone),
  title: v.optional(Title),
});
export type NewSchedule = v.InferOutput<typeof NewSchedule>;

export const ScheduleChange = v.partial(v.strictObject(schedule));
export type ScheduleChange = v.InferOutput<typeof ScheduleChange>;

/** Throws `invalid` at `/community_ids/<n>` for what is no community of the workspace. */
export async function checkCommunities(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = await tx<{ id: string }[]>`
    select id from communities where workspace_id = ${workspaceId} and id = any(${ids as string[]}::uuid[])`;
  const known = new Set(rows.map(({ id }) => id));
  const faults = ids.flatMap((id, index) =>
    known.has(id) ? [] : [{ path: `/community_ids/${index}`, message: 'There is no such community.' }],
  );
  if (faults.length > 0) throw invalid(faults);
}

/** The zone of a workspace. */
export async function zoneOf(tx: Tx, workspaceId: string): Promise<string> {
  const [row] = await tx<{ timezone: string }[]>`
    select timezone from workspaces where id = ${workspaceId}`;
  return row?.timezone ?? 'UTC';
}
