import {
  Ban,
  CircleCheck,
  CircleHelp,
  CircleX,
  Clock,
  FilePen,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  TriangleAlert,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { cx } from './class.ts';

/** States of publications and posts: each has an icon and a colour, never a colour alone. */
const looks = {
  draft: [FilePen, 'text-ink-soft bg-sunken'],
  scheduled: [Clock, 'text-info bg-info-soft'],
  held: [Hourglass, 'text-warn bg-warn-soft'],
  sending: [LoaderCircle, 'text-info bg-info-soft'],
  publishing: [LoaderCircle, 'text-info bg-info-soft'],
  confirming: [LoaderCircle, 'text-info bg-info-soft'],
  unconfirmed: [CircleHelp, 'text-warn bg-warn-soft'],
  published: [CircleCheck, 'text-good bg-good-soft'],
  partially_published: [TriangleAlert, 'text-warn bg-warn-soft'],
  failed: [CircleX, 'text-bad bg-bad-soft'],
  cancelled: [Ban, 'text-ink-soft bg-sunken'],
} as const satisfies Record<string, readonly [LucideIcon, string]>;

export type StateName = keyof typeof looks;
export const stateNames = Object.keys(looks) as StateName[];

export function StateIcon({ state, className }: { state: StateName; className?: string }) {
  const [Icon, colour] = looks[state];
  return <Icon className={cx('size-4 shrink-0', colour.split(' ')[0], className)} aria-hidden />;
}

export function StateBadge({ state }: { state: StateName }) {
  const { t } = useTranslation();
  const [icon, colour] = looks[state];
  return <Badge icon={icon} colour={colour} text={t(`state.${state}`)} />;
}

/** How something stands, in a word. `colour`: of its letters and its ground. */
export function Badge(props: { icon: LucideIcon; colour: string; text: string }) {
  const { icon: Icon, colour, text } = props;
  return (
    <span
      className={cx('inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium', colour)}
    >
      <Icon className="size-3.5" aria-hidden />
      {text}
    </span>
  );
}
