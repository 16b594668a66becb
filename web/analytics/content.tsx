import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { learntPeriods, useChoice } from './address.ts';
import type { TabProps } from './community.tsx';
import { DaysChoice } from './frame.tsx';
import { Interval } from './interval.tsx';
import { type Content, useContent } from './queries.ts';
import { Scrolling } from './scrolling.tsx';
import { ReliableMark, useBasis, Verdict } from './verdict.tsx';
import { useWeek, weekdays } from './week.ts';

type Dimension = Content['dimensions'][number];
type Group = Dimension['groups'][number];

/** Which kinds of posts do better than the others, as far as that can be told. */
export function ContentTab({ id, zone }: TabProps) {
  const { t } = useTranslation('analytics');
  const [days, setDays] = useChoice('learnt', learntPeriods, '90');
  const content = useContent(id, days);
  const { data } = content;
  return (
    <>
      <DaysChoice options={learntPeriods} value={days} onChange={setDays} />
      {content.error && <Failed error={content.error} again={() => content.refetch()} />}
      {!data && !content.error && (
        <>
          <Skeleton className="h-24" />
          <Skeleton className="h-96" />
        </>
      )}
      {data && (
        <div className={cx('flex flex-col gap-5', content.isPlaceholderData && 'opacity-60')}>
          <Found content={data} />
          {/* One group of all posts has nothing to be compared with. */}
          {data.dimensions
            .filter(({ groups }) => groups.length > 1)
            .map((dimension) => (
              <Panel key={dimension.dimension} title={t(`content.by_${dimension.dimension}`)}>
                <Groups dimension={dimension} />
              </Panel>
            ))}
        </div>
      )}
      <p className="text-[13px] text-ink-soft">
        {t('content.note')} {t('zone_note', { zone })}
      </p>
    </>
  );
}

function Found({ content: { status, posts, dimensions, measure, days } }: { content: Content }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const wordOf = useGroupWords();
  const basis = useBasis();
  const reliable = dimensions
    .flatMap(({ dimension, groups }) =>
      groups.filter((group) => group.reliable).map((group) => ({ dimension, group })),
    )
    .sort((a, b) => Math.abs(b.group.lift_percent) - Math.abs(a.group.lift_percent));
  const title =
    status === 'not_enough_data'
      ? t('times.not_enough', { count: posts.missing })
      : status === 'reliable'
        ? t('content.reliable', { count: reliable.length })
        : t('content.no_difference');
  return (
    <Verdict
      status={status}
      title={title}
      text={
        posts.usable > 0
          ? `${t(`content.${status}_text`)} ${t(`times.measure_${measure}`)}`
          : t(`content.${status}_text`)
      }
      basis={basis(posts, days)}
    >
      {reliable.length > 0 && (
        <ul className="mt-1 flex flex-col gap-1">
          {reliable.map(({ dimension, group }) => (
            <li key={`${dimension} ${group.value}`} className="flex items-baseline gap-2">
              <ReliableMark className="shrink-0" />
              <span>
                <span className="font-medium">
                  {t(`content.${dimension}`)}: {wordOf(dimension, group.value)}
                </span>{' '}
                <span className="tabular-nums">
                  {t(group.lift_percent >= 0 ? 'content.better' : 'content.worse', {
                    lift: formats.percent(group.lift_percent),
                    from: formats.percent(group.from_percent),
                    to: formats.percent(group.to_percent),
                    count: group.posts,
                  })}
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Verdict>
  );
}

function Groups({ dimension: { dimension, groups } }: { dimension: Dimension }) {
  const { t } = useTranslation('analytics');
  const wordOf = useGroupWords();
  const title = t(`content.by_${dimension}`);
  const widest = Math.max(
    20,
    ...groups.flatMap((one) => [Math.abs(one.from_percent), Math.abs(one.to_percent)]),
  );
  const heading = 'py-1.5 pl-4 font-medium whitespace-nowrap';
  return (
    <Scrolling label={title}>
      {/* With room for it the columns of all tables stand under each other. */}
      <table className="w-full text-right tabular-nums xl:table-fixed">
        <caption className="sr-only">{title}</caption>
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className="py-1.5 text-left font-medium xl:w-1/5">
              {t(`content.${dimension}`)}
            </th>
            <th scope="col" className={cx(heading, 'xl:w-1/8')}>
              {t('times.n')}
            </th>
            <th scope="col" className={cx(heading, 'xl:w-1/6')}>
              {t('times.lift')}
            </th>
            <th scope="col" className={cx(heading, 'xl:w-1/3')}>
              {t('times.interval')}
            </th>
            <th scope="col" className={heading}>
              {t('times.p')}
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <Row key={group.value} group={group} name={wordOf(dimension, group.value)} widest={widest} />
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

function Row({ group, name, widest }: { group: Group; name: string; widest: number }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  return (
    <tr className={cx('border-b border-line last:border-0', group.reliable && 'font-medium')}>
      <th
        scope="row"
        className={cx('max-w-44 truncate py-2 text-left', group.reliable ? 'font-medium' : 'font-normal')}
      >
        {name}
        {group.reliable && (
          <>
            <ReliableMark className="ml-2 inline-block" />
            <span className="sr-only"> {t('times.is_reliable')}</span>
          </>
        )}
      </th>
      <td className="py-2 pl-4">{formats.number(group.posts)}</td>
      <td className="py-2 pl-4">{formats.percent(group.lift_percent)}</td>
      <td className="py-2 pl-4">
        <span className="flex items-center justify-end gap-3 whitespace-nowrap">
          <span className="w-32 max-sm:hidden">
            <Interval
              from={group.from_percent}
              to={group.to_percent}
              lift={group.lift_percent}
              most={widest}
            />
          </span>
          <span className="min-w-32">
            {formats.percent(group.from_percent)} … {formats.percent(group.to_percent)}
          </span>
        </span>
      </td>
      <td className="py-2 pl-4">
        {group.p === null ? t('content.untested') : formats.number(group.p, { maximumFractionDigits: 3 })}
      </td>
    </tr>
  );
}

const kinds = ['text', 'image', 'album', 'video', 'animation', 'audio', 'voice', 'document', 'poll'] as const;

/** How a group is called. */
function useGroupWords(): (dimension: Dimension['dimension'], value: string) => string {
  const { t } = useTranslation('analytics');
  const { long } = useWeek();
  return (dimension, value) => {
    switch (dimension) {
      case 'length':
        return value === '0'
          ? t('content.no_text')
          : t('content.characters', { range: value.replace('-', '–') });
      case 'media': {
        const kind = kinds.find((one) => one === value);
        return kind ? t(`content.kind.${kind}`) : value;
      }
      case 'hashtag':
        return `#${value}`;
      case 'links':
        return value === 'with' ? t('content.with_links') : t('content.without_links');
      case 'weekday': {
        const day = weekdays.find((one) => one === value);
        return day ? long(day) : value;
      }
    }
  };
}
