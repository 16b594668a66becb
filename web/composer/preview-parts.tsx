import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import type { Poll } from './content.ts';
import type { Preview } from './remarks.ts';
import type { Medium } from './send-file.ts';

/** What a network's preview is drawn from. */
export interface Drawn {
  community: Community;
  messages: Preview['communities'][number]['messages'];
  media: ReadonlyMap<string, Medium>;
  /** When it goes out; now, while that is open. */
  at: string;
  /** Of the first message: VK gets it as an object made beforehand. */
  poll: Poll | null;
  firstComment: string | null;
}

export function Avatar({ community, className }: { community: Community; className?: string }) {
  const look = cx('size-10 shrink-0 rounded-full', className);
  return community.avatar_url ? (
    <img src={community.avatar_url} alt="" className={cx(look, 'object-cover')} />
  ) : (
    <span
      aria-hidden
      className={cx(look, 'flex items-center justify-center bg-info-soft font-semibold text-info uppercase')}
    >
      {community.title.slice(0, 1)}
    </span>
  );
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The files that a request names by `{ "$media": id }`, in their order. */
export function filesIn(value: unknown, media: ReadonlyMap<string, Medium>): Medium[] {
  if (Array.isArray(value)) return value.flatMap((one) => filesIn(one, media));
  if (typeof value !== 'object' || value === null) return [];
  const id = '$media' in value ? value.$media : undefined;
  const medium = typeof id === 'string' ? media.get(id) : undefined;
  if (medium) return [medium];
  return Object.values(value).flatMap((one) => filesIn(one, media));
}
