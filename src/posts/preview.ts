import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { composeFor, type PostInput, picturesOf, scheduleOf, targetsOf } from './content.ts';
import { TimeNoteShape } from './show.ts';

const Remark = v.strictObject({ path: v.string(), code: v.string(), message: v.string() });

/** What each community would get, by the code that publishes. */
export const Preview = v.strictObject({
  ok: v.pipe(v.boolean(), v.description('False when creating it with a time would be refused.')),
  scheduled_at: v.nullable(v.string()),
  timezone: v.nullable(v.string()),
  time_note: v.nullable(TimeNoteShape),
  communities: v.array(
    v.strictObject({
      community: v.strictObject({ id: v.string(), network: v.string(), title: v.string() }),
      request: v.strictObject({ method: v.string(), params: v.record(v.string(), v.unknown()) }),
      length: v.strictObject({ count: v.number(), limit: v.number(), unit: v.literal('utf16_code_units') }),
      problems: v.array(Remark),
      warnings: v.array(Remark),
    }),
  ),
});
export type Preview = v.InferOutput<typeof Preview>;

/** Stores nothing. Input that no community could take (a past time, an unknown id) throws `invalid`, as in create. */
export function previewPost(ctx: Context, who: Who, input: PostInput): Promise<Preview> {
  return asWorkspace(ctx, who, async (tx) => {
    const targets = await targetsOf(tx, who.workspaceId, input.community_ids);
    const media = await picturesOf(ctx, tx, who.workspaceId, input.media_ids);
    const [workspace] = await tx<
      { timezone: string }[]
    >`select timezone from workspaces where id = ${who.workspaceId}`;
    const schedule = scheduleOf(ctx, input, {
      communities: targets.map((target) => target.timezone),
      workspace: workspace?.timezone ?? 'UTC',
    });
    const composed = composeFor(
      { text: input.text, mediaIds: input.media_ids, overrides: input.overrides },
      media,
      targets,
    );
    return {
      ok: targets.length > 0 && composed.every(({ composition }) => composition.problems.length === 0),
      scheduled_at: schedule?.at.toISOString() ?? null,
      timezone: schedule?.timezone ?? null,
      time_note: schedule?.note ?? null,
      communities: composed.map(({ target, composition }) => ({
        community: { id: target.id, network: target.network, title: target.title },
        ...composition,
      })),
    };
  });
}
