import type { Core } from '../core.ts';
import type { VkComment, VkPoll, VkPost } from '../state.ts';
import { isLink, mediaNamed, pollNamed, videoState } from './attachments.ts';

export interface VkAttachmentView {
  kind: 'photo' | 'video' | 'doc' | 'audio' | 'poll' | 'link' | 'missing';
  /** As given: `photo1_2` or an address. */
  id: string;
  /** SHA-256 of the bytes, hex; empty when there are none. */
  sha256: string;
  size: number;
  title: string;
  /** Of a video. */
  state: '' | 'processing' | 'ready' | 'restricted' | 'gone' | 'empty';
  /** Id of the stored file; empty when there is none. */
  file: string;
  width: number;
  height: number;
}

/** A post with everything about it. */
export interface VkPostView {
  owner_id: number;
  id: number;
  at: number;
  from_id: number;
  text: string;
  attachments: VkAttachmentView[];
  options: Pick<
    VkPost,
    | 'signer_id'
    | 'ads'
    | 'muted'
    | 'comments_closed'
    | 'copyright'
    | 'attachments_mode'
    | 'donut_paid_duration'
    | 'geo'
    | 'topic_id'
    | 'link_title'
    | 'link_photo'
  >;
  post_type: VkPost['post_type'];
  guid: string;
  pinned: boolean;
  edited: boolean;
  deleted: boolean;
  /** Unix seconds; 0 = published. */
  postponed: number;
  postponed_id: number;
  counters: VkPost['counters'];
  comments: Pick<VkComment, 'id' | 'from_id' | 'text' | 'reply_to' | 'attachments'>[];
  poll: VkPoll | null;
}

export function viewOf(core: Core, post: VkPost): VkPostView {
  const { owner_id, id, at, from_id, text, post_type, guid, pinned, deleted } = post;
  const { signer_id, ads, muted, comments_closed, copyright, attachments_mode } = post;
  const { donut_paid_duration, geo, topic_id, link_title, link_photo } = post;
  return {
    owner_id,
    id,
    at,
    from_id,
    text,
    attachments: post.attachments.map((one) => attachmentView(core, one)),
    options: {
      signer_id,
      ads,
      muted,
      comments_closed,
      copyright,
      attachments_mode,
      donut_paid_duration,
      geo,
      topic_id,
      link_title,
      link_photo,
    },
    post_type,
    guid,
    pinned,
    edited: post.edited > 0,
    deleted,
    postponed: post.postponed,
    postponed_id: post.postponed_id,
    counters: { ...post.counters },
    comments: livingComments(post).map(({ id, from_id, text, reply_to, attachments }) => ({
      id,
      from_id,
      text,
      reply_to,
      attachments,
    })),
    poll: pollOf(core, post) ?? null,
  };
}

export function livingComments(post: VkPost): VkComment[] {
  return post.comments.filter((comment) => !comment.deleted);
}

export function pollOf(core: Core, post: VkPost): VkPoll | undefined {
  return post.attachments.map((one) => pollNamed({ core }, one)).find((poll) => poll !== undefined);
}

export function attachmentView(core: Core, attachment: string): VkAttachmentView {
  const nothing = { id: attachment, sha256: '', size: 0, state: '', file: '', width: 0, height: 0 } as const;
  if (isLink(attachment)) return { ...nothing, kind: 'link', title: attachment };
  if (attachment.startsWith('audio')) return { ...nothing, kind: 'audio', title: attachment };
  const poll = pollNamed({ core }, attachment);
  if (poll) return { ...nothing, kind: 'poll', title: poll.question };
  const media = mediaNamed({ core }, attachment);
  if (!media) return { ...nothing, kind: 'missing', title: attachment };
  const file = core.state.files.get(media.file);
  return {
    ...nothing,
    kind: media.kind,
    title: media.title || (file?.name ?? ''),
    sha256: file?.sha256 ?? '',
    size: file?.size ?? 0,
    file: file?.id ?? '',
    width: file?.width ?? 0,
    height: file?.height ?? 0,
    state: media.kind === 'video' ? videoState(media) : '',
  };
}
