import * as v from 'valibot';
import { type InputFault, invalid } from '../errors.ts';
import { networks } from '../networks/index.ts';
import type { Override, PartContent, PostContent } from '../publishing/message.ts';
import { choices } from '../slots/choice.ts';
import { EntitySchema, FormatError, type FormattedText, faultsOf, normalised } from '../text/formatted.ts';
import { fromHtml } from '../text/html.ts';
import { fromMarkdown } from '../text/markdown.ts';
import { readInstant, TimeZone } from '../timezone.ts';

const Id = v.pipe(v.string(), v.uuid('must be an id'), v.toLowerCase());
const Text = v.pipe(
  v.string(),
  v.maxLength(100_000, 'is longer than 100,000 characters, more than any network takes'),
);
const MediaIds = v.pipe(
  v.array(Id),
  v.maxLength(20, 'has more than twenty files, more than one message can carry: take some out'),
  v.check((ids) => new Set(ids).size === ids.length, 'names a file twice'),
);
const CommunityIds = v.pipe(
  v.array(Id),
  v.maxLength(500, 'names more than 500 communities'),
  v.check((ids) => new Set(ids).size === ids.length, 'names a community twice'),
);

export const PollSchema = v.pipe(
  v.strictObject({
    question: v.pipe(v.string(), v.trim(), v.minLength(1, 'Ask something.'), v.maxLength(1_000)),
    options: v.pipe(
      v.array(v.pipe(v.string(), v.trim(), v.minLength(1, 'is an empty answer'), v.maxLength(1_000))),
      v.minLength(1, 'needs an answer to choose'),
      v.maxLength(20, 'has more than twenty answers'),
      v.check((options) => new Set(options).size === options.length, 'has an answer twice'),
    ),
    multiple: v.optional(v.boolean(), false),
    anonymous: v.optional(v.boolean(), true),
    quiz: v.optional(
      v.nullable(
        v.strictObject({
          correct: v.pipe(v.number(), v.integer(), v.minValue(0)),
          explanation: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(1_000))), null),
        }),
      ),
      null,
    ),
  }),
  v.forward(
    v.check(
      ({ quiz, options }) => quiz === null || quiz.correct < options.length,
      'names an answer that is not there: the first is 0',
    ),
    ['quiz'],
  ),
);

const formatted = {
  text: v.optional(Text),
  entities: v.optional(
    v.pipe(
      v.array(EntitySchema),
      v.maxLength(1_000, 'has more than 1,000 entities'),
      v.description('Formatting of `text` as given, in UTF-16 code units.'),
    ),
  ),
  format: v.optional(
    v.pipe(
      v.picklist(['plain', 'markdown', 'html'], 'must be plain, markdown or html'),
      v.description('How `text` is written; what is kept is its plain text with entities.'),
    ),
  ),
};
const part = {
  ...formatted,
  media_ids: v.optional(MediaIds),
  poll: v.optional(v.nullable(PollSchema)),
};
const Part = v.strictObject(part);
const Parts = v.pipe(v.array(Part), v.maxLength(25, 'has more than 25 further parts'));
const Overrides = v.record(
  v.string(),
  v.nullable(
    v.strictObject({
      ...part,
      parts: v.optional(Parts),
      options: v.optional(
        v.pipe(
          v.record(v.string(), v.unknown()),
          v.description('What is asked of this network beyond the content: see GET /v1/networks.'),
        ),
      ),
    }),
  ),
);
const FirstComment = v.strictObject(formatted);

export const PostStatus = v.picklist([
  'draft',
  'scheduled',
  'publishing',
  'published',
  'partially_published',
  'failed',
  'cancelled',
]);

/** RFC 3339, read as the same moment in its usual spelling. */
export const Instant = v.pipe(
  v.string(),
  v.isoTimestamp('must be a time with an offset, as 2026-11-20T18:00:00Z'),
  v.check((text) => readInstant(text) !== null, 'is not a time that exists'),
  v.transform((text) => readInstant(text)?.toISOString() ?? text),
);
const LocalTime = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, 'must be a local time, as 2026-11-20T18:00'),
);

const when = {
  at: v.optional(
    v.pipe(
      v.picklist(choices, 'must be next_slot, best or experiment'),
      v.description(
        'next_slot: the earliest free slot that all of its communities share. best: of the next seven days the free moment in a reliably better hour with the highest lift, the mean over its communities; where no hour stands out, the next slot, and without slots a refusal. experiment: of the next seven days a free moment in an hour that is hardly tested, each time another one. The last two keep half an hour away from other posts, and `time_choice` of the answer says why it is that time.',
      ),
    ),
  ),
  scheduled_at: v.optional(v.nullable(Instant)),
  local_time: v.optional(LocalTime),
  timezone: v.optional(TimeZone),
  publish_now: v.optional(v.boolean()),
};
const content = {
  ...part,
  parts: v.optional(v.pipe(Parts, v.description('Further parts, published one after the other.'))),
  first_comment: v.optional(
    v.nullable(v.pipe(FirstComment, v.description('Left under the post by the community itself.'))),
  ),
  overrides: v.optional(
    v.pipe(
      Overrides,
      v.description(
        'What differs, by the name of a network or the id of a community. In an edit a name that is absent stays as it is, and null takes it away.',
      ),
    ),
  ),
};

/** The body of create and preview. Without a time and without `publish_now` it is a draft. */
export const PostInput = v.strictObject({
  ...content,
  community_ids: v.optional(CommunityIds, []),
  time_sensitive: v.optional(v.boolean(), false),
  ...when,
});
export type PostInput = v.InferOutput<typeof PostInput>;

/** The body of preview: that of create, and which post it would change. */
export const PreviewInput = v.strictObject({
  ...PostInput.entries,
  post_id: v.optional(
    v.pipe(Id, v.description('The post that is edited: its own text and slot do not stand against it.')),
  ),
});
export type PreviewInput = v.InferOutput<typeof PreviewInput>;

/** The body of an edit: what is absent stays; `scheduled_at: null` makes a draft of it again. */
export const PostChange = v.strictObject({
  ...content,
  community_ids: v.optional(CommunityIds),
  time_sensitive: v.optional(v.boolean()),
  ...when,
  expected: v.optional(
    v.pipe(
      v.strictObject({ updated_at: Instant, status: PostStatus }),
      v.description('The post as you know it: when it has changed since, nothing is done (409 `conflict`).'),
    ),
  ),
});
export type PostChange = v.InferOutput<typeof PostChange>;

/** The body of a comment under a published post. */
export const CommentInput = v.strictObject(formatted);

/** A comment as it is kept. Throws `invalid`. */
export function readComment(given: v.InferOutput<typeof CommentInput>): FormattedText {
  const faults: InputFault[] = [];
  const comment = textOf(given, '', faults);
  if (faults.length > 0) throw invalid(faults);
  return comment;
}

type GivenText = Pick<v.InferOutput<typeof Part>, 'text' | 'entities' | 'format'>;
type GivenPart = v.InferOutput<typeof Part>;
type Given = Pick<PostChange, keyof typeof content>;

const nothing: PostContent = {
  text: '',
  entities: [],
  media_ids: [],
  poll: null,
  parts: [],
  first_comment: null,
  overrides: {},
};

/**
 * Content as it is kept: every text plain with entities, whatever it was written in. What is absent comes from `kept`.
 * Throws `invalid` with the path of each fault.
 */
export function readContent(given: Given, kept: PostContent = nothing): PostContent {
  const faults: InputFault[] = [];
  const read = {
    ...partOf(given, kept, '', faults),
    parts: given.parts?.map((one, index) => wholePart(one, `/parts/${index}`, faults)) ?? kept.parts,
    first_comment: kept.first_comment,
    overrides: overridesOf(given.overrides ?? {}, kept.overrides, faults),
  };
  if (given.first_comment !== undefined) {
    read.first_comment =
      given.first_comment === null ? null : textOf(given.first_comment, '/first_comment', faults);
  }
  if (faults.length > 0) throw invalid(faults);
  return read;
}

function overridesOf(
  given: NonNullable<Given['overrides']>,
  kept: PostContent['overrides'],
  faults: InputFault[],
): Record<string, Override> {
  const read: Record<string, Override> = { ...kept };
  for (const [name, one] of Object.entries(given)) {
    const path = `/overrides/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!Object.hasOwn(networks, name) && !v.is(Id, name)) {
      faults.push({
        path,
        message: `must be the id of a community or one of these networks: ${Object.keys(networks).join(', ')}`,
      });
      continue;
    }
    if (one === null) {
      delete read[name.toLowerCase()];
      continue;
    }
    const { media_ids, poll, parts, options } = one;
    read[name.toLowerCase()] = {
      ...(one.text !== undefined || one.entities !== undefined ? textOf(one, path, faults) : {}),
      ...(media_ids && { media_ids }),
      ...(poll !== undefined && { poll }),
      ...(parts && { parts: parts.map((each, index) => wholePart(each, `${path}/parts/${index}`, faults)) }),
      ...(options && { options: options as Override['options'] }),
    };
  }
  return read;
}

function wholePart(given: GivenPart, path: string, faults: InputFault[]): PartContent {
  return partOf(given, nothing, path, faults);
}

function partOf(given: GivenPart, kept: PartContent, path: string, faults: InputFault[]): PartContent {
  const text =
    given.text === undefined && given.entities === undefined
      ? { text: kept.text, entities: kept.entities }
      : textOf({ text: kept.text, ...given }, path, faults);
  return {
    ...text,
    media_ids: given.media_ids ?? kept.media_ids,
    poll: given.poll === undefined ? kept.poll : given.poll,
  };
}

function textOf(given: GivenText, path: string, faults: InputFault[]): FormattedText {
  const { text = '', entities = [], format = 'plain' } = given;
  if (format !== 'plain' && given.entities !== undefined) {
    faults.push({ path: `${path}/entities`, message: `Give entities or format ${format}, not both.` });
    return { text, entities: [] };
  }
  if (format === 'plain') {
    const wrong = faultsOf(text, entities);
    faults.push(...wrong.map((fault) => ({ ...fault, path: `${path}${fault.path}` })));
    return wrong.length > 0 ? { text, entities: [] } : normalised({ text, entities });
  }
  try {
    return format === 'html' ? fromHtml(text) : fromMarkdown(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    faults.push({ path: `${path}/text`, message: error.message });
    return { text: '', entities: [] };
  }
}
