import * as v from 'valibot';
import type { MediaKind, Message, Poll } from '../message.ts';
import type { Place, Sought } from '../network.ts';
import { live } from './compose.ts';
import { entitiesFor, looks, MessageEntities, wordsOf } from './entities.ts';
import { detailsOf } from './place.ts';
import type { PreviewPost } from './preview.ts';

/** How much earlier than our clock Telegram's may say that a message was sent, in milliseconds. */
const clockSlack = 60_000;

const present = v.optional(v.unknown());
const idOf = v.fallback(v.optional(v.object({ id: v.number() })), undefined);
export const Copy = v.object({
  message_id: v.number(),
  text: v.optional(v.string(), ''),
  entities: v.optional(MessageEntities, []),
  caption: v.optional(v.string(), ''),
  caption_entities: v.optional(MessageEntities, []),
  photo: present,
  video: present,
  animation: present,
  audio: present,
  voice: present,
  document: present,
  poll: v.fallback(
    v.optional(v.object({ question: v.string(), options: v.array(v.object({ text: v.string() })) })),
    undefined,
  ),
  forward_origin: v.fallback(
    v.optional(v.object({ date: v.number(), chat: idOf, sender_user: idOf, sender_chat: idOf })),
    undefined,
  ),
});
/** A message as its copy in the service chat shows it. */
export type Copy = v.InferOutput<typeof Copy>;

/** `close`: the same words and files, other formatting. */
export type Likeness = 'same' | 'close' | 'other';

/** Kinds that Telegram may turn into each other look alike. */
type Class = 'photo' | 'video' | 'sound' | 'document';
const classes: Readonly<Record<MediaKind, Class>> = {
  image: 'photo',
  video: 'video',
  animation: 'video',
  audio: 'sound',
  voice: 'sound',
  document: 'document',
};

/** From when on a message may be the one that is sought, in milliseconds since the epoch. */
export function earliest({ sentAt }: Pick<Sought, 'sentAt'>): number {
  // Telegram's times are whole seconds, rounded down.
  return Math.floor((sentAt - clockSlack) / 1000) * 1000;
}

/** Whether a post of the public page is what is sought. Only what cannot be otherwise is claimed: words, files, time. */
export function isOnPage(post: PreviewPost, sought: Sought): boolean {
  const { message, taken } = sought;
  if (post.at === null || post.at < earliest(sought)) return false;
  if (sought.newest !== null && (post.ids[0] ?? 0) <= Number(sought.newest)) return false;
  if (post.ids.some((id) => taken.has(String(id)))) return false;
  if (!isSamePoll(message.poll, post.poll) || lettersOf(post.text) !== lettersOf(message.text)) return false;
  const wanted = live(message).media.map(({ kind }) => classes[kind]);
  const count = (...kinds: Class[]) => wanted.filter((kind) => kinds.includes(kind)).length;
  if (post.unsupported) return wanted.length > 0;
  return (
    post.photos === count('photo') &&
    post.videos === count('video') &&
    post.files === count('sound', 'document')
  );
}

/** How much the copies of consecutive messages look like the message that is sought. */
export function likeness(copies: readonly Copy[], sought: Sought, place: Place): Likeness {
  const { message } = sought;
  const media = live(message).media;
  if (copies.length !== Math.max(1, media.length)) return 'other';
  let result: Likeness = 'same';
  for (const [index, copy] of copies.entries()) {
    const { forward_origin: origin } = copy;
    if (!origin || !isFromHere(origin, place) || origin.date * 1000 < earliest(sought)) return 'other';
    if (classOf(copy) !== (media[index] ? classes[media[index].kind] : null)) return 'other';
    if (index === 0 && !isSamePoll(message.poll, pollOf(copy))) return 'other';
    const own = index === 0 ? message : { text: '', entities: [] };
    const wanted = looks(own.text, v.parse(MessageEntities, entitiesFor(own.entities)));
    const seen = looks(copy.text + copy.caption, [...copy.entities, ...copy.caption_entities]);
    if (wanted.words !== seen.words) return 'other';
    if (wanted.styles !== seen.styles) result = 'close';
  }
  return result;
}

/** A channel's posts are its own; in a group only those of the bot are. */
function isFromHere(origin: NonNullable<Copy['forward_origin']>, place: Place): boolean {
  const { bot_id } = detailsOf(place);
  const here = Number(place.externalId);
  return (
    origin.chat?.id === here ||
    origin.sender_chat?.id === here ||
    (bot_id !== null && origin.sender_user?.id === bot_id)
  );
}

function classOf(copy: Copy): Class | null {
  if (copy.photo !== undefined) return 'photo';
  if (copy.video !== undefined || copy.animation !== undefined) return 'video';
  if (copy.audio !== undefined || copy.voice !== undefined) return 'sound';
  return copy.document === undefined ? null : 'document';
}

function pollOf({ poll }: Copy): PreviewPost['poll'] {
  return poll ? { question: poll.question, options: poll.options.map(({ text }) => text) } : null;
}

function isSamePoll(wanted: Poll | null, seen: PreviewPost['poll']): boolean {
  if (wanted === null || seen === null) return wanted === seen;
  const words = ({ question, options }: { question: string; options: readonly string[] }) =>
    [question, ...options].map(wordsOf).join('\n');
  return words(wanted) === words(seen);
}

/** The page swallows and adds blanks around quotes and code. */
export function lettersOf(text: Message['text']): string {
  return text.normalize('NFC').replace(/\s+/g, '');
}
