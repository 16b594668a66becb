import { NetworkError } from '../error.ts';
import type { Found, Place, Seen, Sought, Target } from '../network.ts';
import { call } from './call.ts';
import { live } from './compose.ts';
import { Copy, earliest, isOnPage, lettersOf, likeness } from './match.ts';
import { optionsOf } from './options.ts';
import { addressFor, detailsOf, serviceChatOf, settingsOf, type TelegramAccess } from './place.ts';
import { hasPreview, type PreviewPost, previewPosts } from './preview.ts';
import { discard } from './send.ts';

/** Messages after the newest known one that are looked at. */
const probedMost = 10;
/** So many numbers in a row without a message: nothing was sent after them. */
const holesMost = 5;
/** Older pages that one reading may ask for. */
const pagesMost = 5;

/**
 * Looks for a message whose send ended unclear: on the public page, then by copies of the newest messages in the service
 * chat. Only copies can show that it is not there, and that is said only where the owner wants it sent again then.
 */
export async function find(access: TelegramAccess, place: Place, sought: Sought): Promise<Found> {
  const searched: string[] = [];
  let newest = sought.newest === null ? null : Number(sought.newest);
  if (hasPreview(place)) {
    const by = 'the public preview page';
    const posts = await previewPosts(access, place);
    const hits = (posts ?? []).filter((post) => isOnPage(post, sought));
    const [hit] = hits;
    if (hits.length > 1) return { kind: 'ambiguous', remoteIds: hits.map(({ ids }) => String(ids[0])) };
    if (hit) return foundAs(place, hit.ids, by);
    searched.push(posts === null ? `${by} (it could not be read)` : by);
    newest ??= newestBefore(posts ?? [], sought);
  }
  const chat = serviceChatOf(place);
  if (newest === null || chat === null || !mayForward(place, sought)) {
    return { kind: 'unseen', by: searched.join(' and ') || 'nothing: no way to look is open here' };
  }
  const probe = await forwardProbe(access, place, chat, newest, sought);
  const by = `copies of the messages ${newest + 1} to ${probe.last}`;
  if (probe.hit !== null) return foundAs(place, probe.hit, by);
  if (probe.close.length > 0) return { kind: 'ambiguous', remoteIds: probe.close.map(String) };
  searched.push(by);
  if (probe.complete && settingsOf(place.settings).resend_when_absent) {
    return { kind: 'absent', by: searched.join(' and ') };
  }
  return { kind: 'unseen', by: searched.join(' and ') };
}

function foundAs(place: Place, ids: readonly number[], by: string): Found {
  const [first = 0] = ids;
  return {
    kind: 'found',
    remoteId: String(first),
    remoteUrl: addressFor(place, first),
    ...(ids.length > 1 && { remoteIds: ids.map(String) }),
    by,
  };
}

/** The newest message on the page that was there before the send. */
function newestBefore(posts: readonly PreviewPost[], sought: Sought): number | null {
  const before = posts.filter(({ at }) => at !== null && at < earliest(sought));
  return before.length === 0 ? null : Math.max(...before.flatMap(({ ids }) => ids));
}

/** Protected messages cannot be copied; in a basic group the numbers are those of each account. */
function mayForward(place: Place, { message }: Sought): boolean {
  const { protect_content, chat_type } = detailsOf(place);
  return (
    settingsOf(place.settings).forward_probe &&
    !protect_content &&
    optionsOf(message).options.protect !== true &&
    chat_type !== 'group'
  );
}

interface Probe {
  hit: number[] | null;
  /** The same words with other formatting. */
  close: number[];
  /** The end of the messages was reached. */
  complete: boolean;
  /** The last number that was looked at. */
  last: number;
}

async function forwardProbe(
  access: TelegramAccess,
  place: Place,
  chat: number,
  newest: number,
  sought: Sought,
): Promise<Probe> {
  const length = Math.max(1, live(sought.message).media.length);
  const seen = new Map<number, Copy>();
  const probe: Probe = { hit: null, close: [], complete: false, last: newest };
  let holes = 0;
  try {
    // An album needs as many numbers as it has files.
    while (probe.last < newest + probedMost + length - 1 && holes < holesMost) {
      probe.last += 1;
      const id = probe.last;
      // What belongs to another publication is there, and not the one that is sought.
      const copy = sought.taken.has(String(id)) ? 'other' : await copyOf(access, place, chat, id);
      holes = copy === 'hole' ? holes + 1 : 0;
      if (copy === 'hole' || copy === 'other') continue;
      seen.set(id, copy);
      const ids = Array.from({ length }, (_, index) => id - length + 1 + index);
      const copies = ids.map((one) => seen.get(one)).filter((one) => one !== undefined);
      const like = likeness(copies, sought, place);
      if (like === 'close' && ids[0] !== undefined) probe.close.push(ids[0]);
      if (like !== 'same') continue;
      probe.hit = ids;
      return probe;
    }
    probe.complete = holes >= holesMost;
    return probe;
  } finally {
    await discard(
      access,
      chat,
      [...seen.values()].map((copy) => copy.message_id),
    );
  }
}

/** `hole`: there is no message of this number. `other`: there is one that cannot be copied, as a service message. */
async function copyOf(
  access: TelegramAccess,
  place: Place,
  chat: number,
  id: number,
): Promise<Copy | 'hole' | 'other'> {
  try {
    const params = {
      chat_id: chat,
      from_chat_id: Number(place.externalId),
      message_id: id,
      disable_notification: true,
    };
    return await call(access, 'forwardMessage', params, Copy);
  } catch (error) {
    if (error instanceof NetworkError && error.code === 'message_gone') return 'hole';
    if (error instanceof NetworkError && error.code === 'not_forwardable') return 'other';
    throw error;
  }
}

/** Reads published posts back from the public page; what it does not show may be there all the same. */
export async function read(
  access: TelegramAccess,
  place: Place,
  targets: readonly Target[],
): Promise<(Seen | null)[]> {
  if (!hasPreview(place)) return targets.map(() => null);
  const posts = (await previewPosts(access, place)) ?? [];
  const shown = (id: number) => posts.find(({ ids }) => ids.includes(id));
  const older = targets
    .filter(({ live: { comments } }) => comments === null)
    .map(({ remoteId }) => Number(remoteId))
    .sort((a, b) => b - a);
  let pages = 0;
  for (const id of posts.length === 0 ? [] : older) {
    const oldest = Math.min(...posts.flatMap(({ ids }) => ids));
    if (id >= oldest || shown(id) || pages >= pagesMost) continue;
    pages += 1;
    posts.push(...((await previewPosts(access, place, id + 1)) ?? []));
  }
  return targets.map(({ remoteId, live: { text, comments } }) => {
    const post = comments === null ? shown(Number(remoteId)) : undefined;
    if (!post) return null;
    return {
      kind: 'there',
      // Blanks around quotes and code are the page's own.
      text: lettersOf(post.text) === lettersOf(text) ? text : post.text.trim(),
      media: post.unsupported ? null : post.photos + post.videos + post.files,
      pinned: null,
    };
  });
}
