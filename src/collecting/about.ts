import type { Live, MediaKind } from '../networks/message.ts';

/** What a post is, for the questions about content. */
export interface About {
  kind: 'text' | 'poll' | 'album' | MediaKind;
  /** UTF-16 code units. */
  length: number;
  media: number;
  /** Lower case, without the sign, each once. */
  hashtags: string[];
  links: number;
  source: 'ours' | 'elsewhere';
}

/** Stands for the publication of a post that was not made here. */
export const noPublication = '00000000-0000-0000-0000-000000000000';

/** Counted in a column of one byte. */
const most = 255;

/** Pure: tells what a post is by what is public of it. */
export function aboutOf(
  post: { text: string; media: readonly MediaKind[]; poll: boolean },
  source: About['source'],
): About {
  const [first] = post.media;
  const kind = post.poll ? 'poll' : first === undefined ? 'text' : post.media.length > 1 ? 'album' : first;
  const tags = [...post.text.matchAll(/(?<![\p{L}\p{N}_&#])#([\p{L}\p{N}_]{1,100})/gu)].map(([, tag = '']) =>
    tag.toLowerCase(),
  );
  return {
    kind,
    length: post.text.length,
    media: Math.min(post.media.length, most),
    // A number is none.
    hashtags: [...new Set(tags)].filter((tag) => /\p{L}/u.test(tag)),
    links: Math.min([...post.text.matchAll(/https?:\/\/[^\s]/giu)].length, most),
    source,
  };
}

/** What a publication made public. */
export function publicOf(live: Live): { text: string; media: MediaKind[]; poll: boolean } {
  return { text: live.text, media: live.media.map(({ kind }) => kind), poll: live.poll };
}
