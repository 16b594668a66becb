import { CircleAlert, TriangleAlert } from 'lucide-react';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { type Remark, useRemarkText } from './remarks.ts';

interface Props {
  id?: string;
  remarks: readonly Remark[];
  /** All communities of the post: what holds for each of them needs no names. */
  count: number;
}

/** What is wrong, and what will look different, beside the thing itself. It is read out when it comes. */
export function RemarkList({ id, remarks, count }: Props) {
  const text = useRemarkText();
  return (
    <ul
      id={id}
      aria-live="polite"
      className={cx('flex flex-col gap-1 text-[13px]', remarks.length === 0 && 'hidden')}
    >
      {remarks.map((remark) => {
        const Icon = remark.isWarning ? TriangleAlert : CircleAlert;
        const { communities } = remark;
        return (
          <li
            key={`${remark.path} ${remark.message}`}
            className={cx('flex items-start gap-1.5', remark.isWarning ? 'text-warn' : 'text-bad')}
          >
            <Icon className="mt-0.5 size-4 shrink-0" aria-hidden />
            <span className="min-w-0 [overflow-wrap:anywhere]">
              {communities.length > 0 && communities.length < count && (
                <span className="font-medium">
                  {communities.map(({ id, network, title }) => (
                    <span key={id} className="mr-1.5 inline-flex items-center gap-1">
                      <NetworkMark network={network} className="size-4 text-[8px]" />
                      {title}:
                    </span>
                  ))}
                </span>
              )}
              {text(remark)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
