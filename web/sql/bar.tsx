import { FilePlus, Play, Save, Square } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/button.tsx';
import { useFormats } from '../parts/time.ts';
import type { Saved } from './queries.ts';

interface Props {
  /** The saved query in the editor; null: none. */
  current: Saved | null;
  changed: boolean;
  empty: boolean;
  /** When the query under way was begun. */
  since: number | null;
  saving: boolean;
  run(): void;
  stop(): void;
  save(): void;
  saveAs(): void;
  begin(): void;
}

/** What can be done with the query in the editor. */
export function Bar(props: Props) {
  const { current, changed, empty, since, saving } = props;
  const { t } = useTranslation('sql');
  return (
    <div className="flex flex-wrap items-center gap-2">
      {/* One button for both: the focus stays on it. */}
      <Button
        look={since === null ? 'primary' : 'plain'}
        icon={since === null ? Play : Square}
        disabled={since === null && empty}
        title={since === null ? t('run_hint') : undefined}
        onClick={since === null ? props.run : props.stop}
      >
        {since === null ? t('run') : t('stop')}
      </Button>
      {since !== null && <Running since={since} />}
      <span title={current?.name} className="min-w-24 grow basis-0 truncate text-[13px] text-ink-soft">
        {current && <span className="font-medium text-ink">{current.name}</span>}
        {current && changed && ` · ${t('changed')}`}
        {!current && !empty && t('unsaved')}
      </span>
      <Button
        look="quiet"
        icon={Save}
        busy={saving}
        disabled={empty || (current !== null && !changed)}
        onClick={current ? props.save : props.saveAs}
      >
        {t('save')}
      </Button>
      {current && (
        <Button look="quiet" disabled={empty} onClick={props.saveAs}>
          {t('save_as')}
        </Button>
      )}
      <Button look="quiet" icon={FilePlus} disabled={empty} onClick={props.begin}>
        {t('new')}
      </Button>
    </div>
  );
}

function Running({ since }: { since: number }) {
  const { t } = useTranslation('sql');
  const formats = useFormats();
  const [now, setNow] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 200);
    return () => clearInterval(timer);
  }, []);
  const seconds = formats.number((now - since) / 1_000, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return <span className="text-ink-soft tabular-nums">{t('running', { seconds })}</span>;
}
