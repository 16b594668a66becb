import * as v from 'valibot';
import type { Context } from '../context.ts';
import { type InputFault, invalid } from '../errors.ts';
import { mediaFaults, mediaItems } from '../media/media.ts';
import { networkNamed, networks } from '../networks/index.ts';
import type { Capabilities, Composition, Json, MediaItem } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { TimeZone } from '../timezone.ts';
import { readInstant, resolveLocalTime, type TimeNote } from './when.ts';

const Id = v.pipe(v.string(), v.uuid('must be an id'), v.toLowerCase());
const Text = v.pipe(
  v.string(),
  v.maxLength(100_000, 'is longer than 100,000 characters, more than any network takes'),
);
const MediaIds = v.pipe(
  v.array(Id),
  v.maxLength(10, 'has more than ten pictures, the most that one post can carry: take some out'),
  v.check((ids) => new Set(ids).size === ids.length, 'names a picture twice'),
);
const CommunityIds = v.pipe(
  v.array(Id),
  v.maxLength(500, 'names more than 500 communities'),
  v.check((ids) => new Set(ids).size === ids.length, 'names a community twice'),
);
const Overrides = v.pipe(
  v.record(v.string(), v.strictObject({ text: v.optional(Text) })),
  v.check(
    (given) => Object.keys(given).every((name) => Object.hasOwn(networks, name)),
    `may name only these networks: ${Object.keys(networks).join(', ')}`,
  ),
);
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
  scheduled_at: v.optional(v.nullable(Instant)),
  local_time: v.optional(LocalTime),
  timezone: v.optional(TimeZone),
  publish_now: v.optional(v.boolean()),
};

/** The body of create and preview. Without a time and without `publish_now` it is a draft. */
export const PostInput = v.strictObject({
  text: v.optional(Text, ''),
  media_ids: v.optional(MediaIds, []),
  community_ids: v.optional(CommunityIds, []),
  overrides: v.optional(Overrides, {}),
  time_sensitive: v.optional(v.boolean(), false),
  ...when,
});
export type PostInput = v.InferOutput<typeof PostInput>;

/** The body of an edit: what is absent stays; `scheduled_at: null` makes a draft of it again. */
export const PostChange = v.strictObject({
  text: v.optional(Text),
  media_ids: v.optional(MediaIds),
  community_ids: v.optional(CommunityIds),
  overrides: v.optional(Overrides),
  time_sensitive: v.optional(v.boolean()),
  ...when,
});
export type PostChange = v.InferOutput<typeof PostChange>;

/** Content as it is kept, whatever door it came through. */
export interface Content {
  text: string;
  mediaIds: readonly string[];
  overrides: Readonly<Record<string, { text?: string | undefined }>>;
}

export interface TargetCommunity {
  id: string;
  network: string;
  title: string;
  timezone: string;
  status: string;
  external_id: string;
  capabilities: Capabilities;
  details: Record<string, Json>;
}

/** The communities that a post names, in its order. Throws `invalid` for one that is not there. */
export async function targetsOf(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<TargetCommunity[]> {
  if (ids.length === 0) return [];
  const rows = await tx<TargetCommunity[]>`
    select id, network, title, timezone, status, external_id, capabilities, details from communities
    where workspace_id = ${workspaceId} and id = any(${ids as string[]}::uuid[])`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const faults: InputFault[] = [];
  const targets = ids.flatMap((id, index) => {
    const target = byId.get(id);
    if (!target) faults.push({ path: `/community_ids/${index}`, message: 'There is no such community.' });
    return target ? [target] : [];
  });
  if (faults.length > 0) throw invalid(faults);
  return targets;
}

/** The pictures that a post names, in its order. Throws `invalid` for one that is not there. */
export async function picturesOf(
  ctx: Context,
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<MediaItem[]> {
  if (ids.length === 0) return [];
  // Holds them: a picture that is removed meanwhile would break the post that names it.
  const faults = await mediaFaults(tx, workspaceId, ids);
  if (faults.length > 0) throw invalid(faults);
  return mediaItems(ctx, tx, workspaceId, ids);
}

/** The exact request for each community, by the same code that publishes. */
export function composeFor(
  content: Content,
  media: readonly MediaItem[],
  targets: readonly TargetCommunity[],
): { target: TargetCommunity; composition: Composition }[] {
  return targets.map((target) => {
    const composition = networkNamed(target.network).compose(
      { text: content.overrides[target.network]?.text ?? content.text, media },
      { externalId: target.external_id, capabilities: target.capabilities, details: target.details },
    );
    const overridden = content.overrides[target.network]?.text !== undefined;
    const problems = composition.problems.map((problem) =>
      problem.path === '/text' && overridden
        ? { ...problem, path: `/overrides/${target.network}/text` }
        : problem,
    );
    if (target.status !== 'active') {
      problems.push({
        path: '/community_ids',
        code: 'not_connected',
        message: 'It is not connected: connect it again or leave it out.',
      });
    }
    return { target, composition: { ...composition, problems } };
  });
}

export interface Schedule {
  at: Date;
  localTime: string | null;
  timezone: string | null;
  note: TimeNote | null;
}

/**
 * When a post should go out; null: a draft. Throws `invalid` for a past time, one past the horizon, or two times.
 * Without a zone a local time is read in the zone that its communities share, else in the workspace's.
 */
export function scheduleOf(
  ctx: Context,
  input: Pick<PostInput, 'scheduled_at' | 'local_time' | 'timezone' | 'publish_now'>,
  zones: { communities: readonly string[]; workspace: string },
): Schedule | null {
  const given = [input.scheduled_at, input.local_time, input.publish_now || undefined].filter(
    (time) => time != null,
  );
  if (given.length > 1) {
    throw invalid({
      path: input.local_time === undefined ? '/publish_now' : '/local_time',
      message: 'Give one time: scheduled_at, local_time or publish_now.',
    });
  }
  if (input.timezone !== undefined && given.length === 0) {
    throw invalid({ path: '/timezone', message: 'A time zone alone says nothing: give local_time with it.' });
  }
  const now = Date.now();
  if (input.publish_now)
    return { at: new Date(now), localTime: null, timezone: input.timezone ?? null, note: null };
  const path = input.local_time === undefined ? '/scheduled_at' : '/local_time';
  let schedule: Schedule;
  if (input.local_time !== undefined) {
    const [shared, ...others] = new Set(zones.communities);
    const zone = input.timezone ?? (shared !== undefined && others.length === 0 ? shared : zones.workspace);
    try {
      const { at, note } = resolveLocalTime(input.local_time, zone);
      schedule = { at, localTime: input.local_time, timezone: zone, note };
    } catch {
      throw invalid({ path, message: 'This date or time does not exist.' });
    }
  } else if (input.scheduled_at) {
    schedule = {
      at: new Date(input.scheduled_at),
      localTime: null,
      timezone: input.timezone ?? null,
      note: null,
    };
  } else {
    return null;
  }
  if (schedule.at.getTime() <= now) {
    throw invalid({ path, message: 'This time is in the past: choose a later one, or publish_now.' });
  }
  if (schedule.at.getTime() > now + ctx.config.horizonDays * 86_400_000) {
    throw invalid({
      path,
      message: `This is more than ${ctx.config.horizonDays} days ahead, the farthest that can be planned.`,
    });
  }
  return schedule;
}

/** Every problem of every community as one `invalid`; nothing when all fit. */
export function refuseProblems(
  composed: readonly { target: TargetCommunity; composition: Composition }[],
): void {
  const faults = composed.flatMap(({ target, composition }) =>
    composition.problems.map((problem) => ({
      path: problem.path,
      message: `${target.title}: ${problem.message}`,
    })),
  );
  if (faults.length > 0) throw invalid(faults);
}
