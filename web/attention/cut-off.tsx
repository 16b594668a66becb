import { KeyRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { NetworkMark } from '../parts/network.tsx';
import type { Post } from '../posts/acts.ts';

type Waiting = Post['publications'][number];

/** Of one community, what cannot go out before somebody connects it again. */
export interface CutOff {
  community: Waiting['community'];
  reason: 'disconnected' | 'reauth';
  posts: number;
}

/** It waits for the community, not for a decision of its own. */
export function isCutOff({ state, hold_reason }: Pick<Waiting, 'state' | 'hold_reason'>): boolean {
  return state === 'held' && (hold_reason === 'disconnected' || hold_reason === 'reauth');
}

export function cutOffOf(posts: readonly Post[]): CutOff[] {
  const found = new Map<string, CutOff>();
  for (const post of posts) {
    const ids = new Set<string>();
    for (const one of post.publications.filter(isCutOff)) {
      const { community } = one;
      if (ids.has(community.id)) continue;
      ids.add(community.id);
      const reason = one.hold_reason === 'reauth' ? 'reauth' : 'disconnected';
      found.set(community.id, { community, reason, posts: (found.get(community.id)?.posts ?? 0) + 1 });
    }
  }
  return [...found.values()];
}

/** One decision for all of its posts: connect it again, and they go out at their time. */
export function CutOffCommunity({ cut: { community, reason, posts } }: { cut: CutOff }) {
  const { t } = useTranslation('posts');
  return (
    <article
      aria-label={community.title}
      className="flex flex-wrap items-center gap-x-3 gap-y-3 rounded-xl border border-warn bg-warn-soft p-4"
    >
      <div className="min-w-0 basis-64 grow">
        <h2 className="flex items-center gap-2 font-medium">
          <NetworkMark network={community.network} />
          {community.title}
        </h2>
        <p className="mt-1">{t(`cut_off.${reason}`)}</p>
        <p className="text-[13px]">{t('cut_off.waiting', { count: posts })}</p>
      </div>
      <Link
        href={`/communities/${community.id}#access`}
        className="inline-flex h-9 items-center gap-2 rounded-lg bg-accent px-3.5 font-medium text-accent-ink"
      >
        <KeyRound className="size-4" aria-hidden />
        {t('cut_off.connect')}
      </Link>
    </article>
  );
}
