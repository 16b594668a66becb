import * as v from 'valibot';
import type { Entity } from '../../text/formatted.ts';
import { NetworkError } from '../error.ts';
import type { Composition, Json, Message, Remark } from '../message.ts';
import type { Place, Seen, Sent, Target } from '../network.ts';
import { addressOf, callVk, detailsOf, readRemoteId, type VkAccess, wallOf } from './call.ts';
import { composeVk, fieldsOf, renderVk } from './compose.ts';
import { pollOfPost, readVk } from './find.ts';
import { optionsOf } from './options.ts';

const PositiveId = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const Posted = v.object({ post_id: PositiveId });
const Commented = v.object({ comment_id: PositiveId });
const Done = v.literal(1);

/** One request: `wall.post`, or `wall.createComment` for a further part. Throws {@link NetworkError}. */
export async function publishVk(
  access: VkAccess,
  place: Place,
  message: Message,
  staged: ReadonlyMap<string, string>,
  clientKey: string,
): Promise<Sent> {
  const { request, problems } = composeVk(message, place);
  mustBeFine(problems);
  const params = filled(request, staged, clientKey);
  const { writes_with } = detailsOf(place);
  if (message.after === null) {
    const { post_id } = await callVk(access, writes_with, request.method, params, Posted);
    return sentAs(place, String(post_id));
  }
  const { comment_id } = await callVk(access, writes_with, request.method, params, Commented);
  return sentAs(place, `${params.post_id}?reply=${comment_id}`);
}

/** Comments under the post as the community, in one request. Throws {@link NetworkError}. */
export async function commentVk(
  access: VkAccess,
  place: Place,
  target: Target,
  comment: { text: string; entities: readonly Entity[] },
  clientKey: string,
): Promise<Sent> {
  const { post } = readRemoteId(target.remoteId);
  const params = {
    owner_id: wallOf(place),
    post_id: post,
    from_group: place.externalId,
    message: renderVk(comment),
    guid: clientKey,
  };
  const { writes_with } = detailsOf(place);
  const { comment_id } = await callVk(access, writes_with, 'wall.createComment', params, Commented);
  return sentAs(place, `${post}?reply=${comment_id}`);
}

const needsUserToken = 'Add a user token of an administrator with the right wall.';

/** What stands in the way of an edit, beyond what `compose` says of the new content. */
export function editProblemsVk(target: Target, _after: Message, place: Place): Remark[] {
  if (target.live.comments !== null) {
    return [
      {
        path: '/text',
        code: 'edit_of_comment',
        message: 'This part is a comment under the post, which cannot be edited from here. Edit it in VK.',
      },
    ];
  }
  if (detailsOf(place).manages) return [];
  return [
    {
      path: '/text',
      code: 'edit_unavailable',
      message: `VK lets no community token edit posts. ${needsUserToken}`,
    },
  ];
}

/**
 * Replaces text, attachments and flags at once, since `wall.edit` drops whatever it is not told. A poll that is public
 * stays as it is: a new one would begin without its votes. Throws {@link NetworkError}.
 */
export async function editVk(
  access: VkAccess,
  place: Place,
  target: Target,
  after: Message,
  staged: ReadonlyMap<string, string>,
): Promise<void> {
  const { request, problems } = composeVk({ ...after, after: null }, place);
  mustBeFine([...editProblemsVk(target, after, place), ...problems]);
  const { post } = readRemoteId(target.remoteId);
  const handles = new Map(staged);
  if (after.poll !== null && target.live.poll) {
    const poll = await pollOfPost(access, place, post);
    if (poll !== null) handles.set('poll', poll);
  }
  const { message = '', attachments } = request.params;
  const params = filled(
    {
      method: 'wall.edit',
      params: {
        owner_id: wallOf(place),
        post_id: post,
        message,
        ...(attachments === undefined ? {} : { attachments }),
        ...fieldsOf(optionsOf(after).options),
      },
    },
    handles,
    '',
  );
  await callVk(access, 'user', 'wall.edit', params, Posted);
}

/** Deletes a post or a comment; what is gone already is deleted. Throws {@link NetworkError}. */
export async function removeVk(access: VkAccess, place: Place, target: Target): Promise<void> {
  const { post, comment } = readRemoteId(target.remoteId);
  const owner_id = wallOf(place);
  await settled(
    access,
    place,
    target,
    (seen) => seen.kind === 'gone',
    () =>
      comment === null
        ? callVk(access, 'user', 'wall.delete', { owner_id, post_id: post }, Done)
        : callVk(access, 'user', 'wall.deleteComment', { owner_id, comment_id: comment }, Done),
  );
}

/** Pins or unpins a post. Throws {@link NetworkError}. */
export async function pinVk(access: VkAccess, place: Place, target: Target, pinned: boolean): Promise<void> {
  const { post, comment } = readRemoteId(target.remoteId);
  if (comment !== null) {
    throw new NetworkError('rejected', {
      code: 'pin_of_comment',
      message: 'VK pins posts, not comments.',
    });
  }
  const params = { owner_id: wallOf(place), post_id: post };
  const wanted = (seen: Seen) => seen.kind === 'there' && seen.pinned === pinned;
  await settled(access, place, target, wanted, () =>
    callVk(access, 'user', pinned ? 'wall.pin' : 'wall.unpin', params, Done),
  );
}

const unread: Seen = { kind: 'there', text: null, media: null, pinned: null };

/**
 * Does what may be done twice. VK refuses the second time in different words, so a refusal that may mean "it is so
 * already" is looked into.
 */
async function settled(
  access: VkAccess,
  place: Place,
  target: Target,
  wanted: (seen: Seen) => boolean,
  act: () => Promise<unknown>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    const doubtful =
      error instanceof NetworkError && ['vk:15', 'vk:100', 'vk:104', 'vk:210', 'vk:211'].includes(error.code);
    if (!doubtful) throw error;
    const [seen = null] = await readVk(access, place, [target]);
    if (!wanted(seen ?? (error.code === 'vk:104' ? { kind: 'gone' } : unread))) throw error;
  }
}

function mustBeFine([problem]: readonly Remark[]): void {
  if (problem) throw new NetworkError('rejected', { code: problem.code, message: problem.message });
}

/** The request with everything in place of its stand-ins. */
function filled(
  { params }: Composition['request'],
  staged: ReadonlyMap<string, string>,
  clientKey: string,
): Record<string, string> {
  const whole: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    whole[name] = (Array.isArray(value) ? value : [value])
      .map((one) => standIn(one, staged, clientKey))
      .join(',');
  }
  return whole;
}

function standIn(value: Json, staged: ReadonlyMap<string, string>, clientKey: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return String(value);
  if (value.$client_key === true) return clientKey;
  const handle = staged.get(value.$poll === true ? 'poll' : String(value.$media));
  if (handle !== undefined && value.$first === undefined) return handle;
  if (value.$first !== undefined) {
    // Waiting would not help: the network, or a person, gave no id of the first part.
    throw new NetworkError('rejected', {
      code: 'not_first',
      message: 'The post that this part belongs under is not known.',
      nextStep: 'Publish this text as a post of its own, or as a comment by hand.',
    });
  }
  throw new NetworkError('not_sent', {
    code: 'not_staged',
    message: 'A file or the poll is not uploaded to VK yet.',
  });
}

function sentAs(place: Place, remoteId: string): Sent {
  return { remoteId, remoteUrl: addressOf(place, remoteId) };
}
