import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { invalid } from '../errors.ts';
import { TimeChoice } from '../slots/choice.ts';
import { estimatesFor } from '../slots/evidence.ts';
import { composeFor, filesOf, refuseOptions, targetsOf } from './content.ts';
import { type PreviewInput, readContent } from './input.ts';
import { scheduleOf } from './schedule.ts';
import { TimeNoteShape } from './show.ts';
import { repetitions } from './similar.ts';
import { contentWarnings, timeWarnings } from './warnings.ts';

const Remark = v.strictObject({ path: v.string(), code: v.string(), message: v.string() });

/** What each community would get, by the code that publishes. */
export const Preview = v.strictObject({
  ok: v.pipe(v.boolean(), v.description('False when creating it with a time would be refused.')),
  scheduled_at: v.nullable(v.string()),
  timezone: v.nullable(v.string()),
  time_note: v.nullable(TimeNoteShape),
  time_choice: v.pipe(v.nullable(TimeChoice), v.description('As in the post that it would make.')),
  communities: v.array(
    v.strictObject({
      community: v.strictObject({ id: v.string(), network: v.string(), title: v.string() }),
      messages: v.pipe(
        v.array(
          v.strictObject({
            part: v.pipe(v.number(), v.description('Of the content: 0 is the post itself, 1 is `/parts/0`.')),
            request: v.strictObject({ method: v.string(), params: v.record(v.string(), v.unknown()) }),
            length: v.strictObject({
              count: v.number(),
              limit: v.number(),
              unit: v.literal('utf16_code_units'),
            }),
          }),
        ),
        v.description('The requests in their order: a later one goes out when the one before it is public.'),
      ),
      problems: v.array(Remark),
      warnings: v.array(Remark),
    }),
  ),
});
export type Preview = v.InferOutput<typeof Preview>;

/**
 * Stores nothing. Input that no community could take (a past time, an unknown id) throws `invalid`, as in create. The
 * warnings go beyond what create looks at, and hinder nothing.
 */
export async function previewPost(ctx: Context, who: Who, input: PreviewInput): Promise<Preview> {
  const content = readContent(input);
  const estimates = await estimatesFor(ctx, who, [input]);
  const { schedule, composed, said, timely } = await asWorkspace(ctx, who, async (tx) => {
    if (input.post_id !== undefined) {
      const [edited] = await tx`
        select 1 as one from posts where workspace_id = ${who.workspaceId} and id = ${input.post_id}`;
      if (!edited) throw invalid({ path: '/post_id', message: 'There is no such post.' });
    }
    const targets = await targetsOf(tx, who.workspaceId, input.community_ids);
    refuseOptions(content, targets);
    const files = await filesOf(ctx, tx, who.workspaceId, content);
    const schedule = await scheduleOf(ctx, tx, who, { ...input, estimates }, targets, input.post_id ?? null);
    const at = schedule?.at ?? new Date();
    const post = { id: input.post_id ?? null, text: content.text, at, communityIds: input.community_ids };
    return {
      schedule,
      composed: composeFor(ctx, content, files, targets),
      said: await repetitions(tx, who.workspaceId, post),
      timely: await timeWarnings(
        tx,
        who.workspaceId,
        targets,
        schedule && { at: schedule.at, path: timePath(input) },
      ),
    };
  });
  const seen = await contentWarnings(ctx, content, composed);
  return {
    ok: composed.length > 0 && composed.every(({ problems }) => problems.length === 0),
    scheduled_at: schedule?.at.toISOString() ?? null,
    timezone: schedule?.timezone ?? null,
    time_note: schedule?.note ?? null,
    time_choice: schedule?.choice ?? null,
    communities: composed.map(({ target, messages, problems, warnings }) => ({
      community: { id: target.id, network: target.network, title: target.title },
      messages: messages.map(({ piece, request, length }) => ({ part: piece.part, request, length })),
      problems,
      warnings: [
        ...warnings,
        ...[said.get(target.id) ?? []].flat(),
        ...(timely.get(target.id) ?? []),
        ...(seen.get(target.id) ?? []),
      ],
    })),
  };
}

/** Where in the body the time stands. */
function timePath(input: PreviewInput): string {
  const names = ['at', 'local_time', 'publish_now'] as const;
  return `/${names.find((name) => input[name]) ?? 'scheduled_at'}`;
}
