import type { tl } from '@mtcute/bun';
import { storable } from '../../inbound.ts';
import type { MediaKind } from '../../message.ts';
import type { PostStats } from '../../stats.ts';
import type { Channel, ReadMessage } from './question.ts';

/** What a message has had. Where reactions are allowed, one without any was given none; else nobody tells. */
export function figuresOf(
  { views, forwards, reactions, replies }: tl.RawMessage,
  channel: Pick<Channel, 'reactions'>,
): PostStats {
  const none = channel.reactions ? 0 : null;
  return {
    views: views ?? null,
    reach: null,
    reactions: reactions ? reactions.results.reduce((sum, { count }) => sum + count, 0) : none,
    comments: replies?.replies ?? null,
    shares: forwards ?? null,
    clicks: null,
  };
}

export function readMessage(message: tl.TypeMessage, channel: Pick<Channel, 'reactions'>): ReadMessage {
  const { id } = message;
  const post = message._ === 'message' ? message : null;
  return {
    id,
    at: message._ === 'messageEmpty' ? 0 : message.date * 1_000,
    text: storable((post?.message ?? '').trim()),
    media: post?.media ? kindOf(post.media) : null,
    poll: post?.media?._ === 'messageMediaPoll',
    album: post?.groupedId?.toString() ?? null,
    service: post === null,
    figures: figuresOf(post ?? ({} as tl.RawMessage), channel),
  };
}

function kindOf(media: tl.TypeMessageMedia): MediaKind | null {
  if (media._ === 'messageMediaPhoto') return 'image';
  if (media._ !== 'messageMediaDocument') return null;
  const attributes = media.document?._ === 'document' ? media.document.attributes : [];
  const has = (name: tl.TypeDocumentAttribute['_']) => attributes.find(({ _ }) => _ === name);
  if (has('documentAttributeSticker')) return 'image';
  if (has('documentAttributeAnimated')) return 'animation';
  if (has('documentAttributeVideo')) return 'video';
  const audio = has('documentAttributeAudio');
  if (audio?._ === 'documentAttributeAudio') return audio.voice ? 'voice' : 'audio';
  return 'document';
}
