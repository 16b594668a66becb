import { ExternalLink, FileText, Trophy } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Select } from '../parts/field.tsx';
import { Empty, Failed, Loading } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { periods, useChoice } from './address.ts';
import type { TabProps } from './community.tsx';
import { Known } from './figure.tsx';
import { DaysChoice } from './frame.tsx';
import { type TopPosts, useTopPosts } from './queries.ts';

const figures = ['views', 'reach', 'reactions', 'comments', 'shares', 'clicks'] as const;
const metrics = [
  'views',
  'lift',
  'reach',
  'reactions',
  'comments',
  'shares',
  'clicks',
] as const satisfies TopPosts['metric'][];

/** The posts that did best, by a figure or by how far they went over the posts before them. */
export function TopPostsTab({ id, zone }: TabProps) {
  const { t } = useTranslation('analytics');
  const [days, setDays] = useChoice('days', periods, '30');
  const [metric, setMetric] = useChoice('metric', metrics, 'views');
  const top = useTopPosts(id, { days, metric });
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <Select
          aria-label={t('metric_choice')}
          value={metric}
          onChange={({ target }) => setMetric(metrics.find((one) => one === target.value) ?? 'views')}
          className="h-8 w-auto py-0 text-[13px]"
        >
          {metrics.map((one) => (
            <option key={one} value={one}>
              {t(`metric.${one}`)}
            </option>
          ))}
        </Select>
        <DaysChoice options={periods} value={days} onChange={setDays} />
      </div>
      {metric === 'lift' && <p className="text-[13px] text-ink-soft">{t('lift_note')}</p>}
      {top.isPending && <Loading rows={6} />}
      {top.error && <Failed error={top.error} again={() => top.refetch()} />}
      {top.data?.data.length === 0 && <Empty icon={Trophy} title={t('top.none')} text={t('top.none_text')} />}
      {top.data && (
        <ol className="flex flex-col gap-2">
          {top.data.data.map((post, index) => (
            <Row
              key={post.post_key}
              post={post}
              place={index + 1}
              metric={top.data.metric}
              measure={top.data.measure}
              zone={zone}
            />
          ))}
        </ol>
      )}
      <p className="text-[13px] text-ink-soft">{t('zone_note', { zone })}</p>
    </>
  );
}

interface RowProps extends Pick<TopPosts, 'metric' | 'measure'> {
  post: TopPosts['data'][number];
  place: number;
  zone: string;
}

function Row({ post, place, metric, measure, zone }: RowProps) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const others = figures.filter((name) => name !== metric && post[name] !== null);
  return (
    <li className="flex gap-3 rounded-xl border border-line bg-panel p-4">
      <span
        aria-hidden
        className="w-6 shrink-0 text-right max-sm:w-4 font-semibold text-ink-soft tabular-nums"
      >
        {place}
      </span>
      <div className="flex min-w-0 grow flex-col gap-1.5">
        <p className="line-clamp-2 font-medium [overflow-wrap:anywhere]">
          {post.text ||
            (post.text === null ? t('top.unknown_text', { key: post.post_key }) : t('top.no_text'))}
        </p>
        <p className="flex flex-wrap gap-x-3 gap-y-1 text-[13px] text-ink-soft tabular-nums">
          <span>{formats.moment(post.published_at, zone)}</span>
          {others.map((name) => (
            <span key={name}>
              {t(`metric.${name}`)} {formats.number(post[name] ?? 0)}
            </span>
          ))}
          {metric !== 'lift' && post.lift_percent !== null && (
            <span>{t('top.lift', { percent: formats.percent(post.lift_percent) })}</span>
          )}
        </p>
        <p className="flex flex-wrap gap-x-4 gap-y-1 text-[13px] empty:hidden">
          {post.post_id && (
            <Link
              href={`/posts/${post.post_id}`}
              className="inline-flex items-center gap-1 text-accent underline"
            >
              <FileText className="size-3.5" aria-hidden />
              {t('top.open')}
            </Link>
          )}
          {post.url && (
            <a
              href={post.url}
              target="_blank"
              rel="noreferrer"
              className="inline-flex items-center gap-1 text-accent underline"
            >
              <ExternalLink className="size-3.5" aria-hidden />
              {t('top.open_there')}
            </a>
          )}
        </p>
      </div>
      <div className="flex max-w-24 shrink-0 flex-col items-end text-right sm:max-w-none">
        <span className="text-lg font-semibold tracking-tight tabular-nums">
          {metric === 'lift' ? (
            post.lift_percent === null ? (
              '—'
            ) : (
              formats.percent(post.lift_percent)
            )
          ) : (
            <Known value={post[metric]} />
          )}
        </span>
        <span className="text-[13px] text-ink-soft">
          {metric === 'lift' ? t(`measure.${measure}`) : t(`metric.${metric}`)}
        </span>
      </div>
    </li>
  );
}
