import { FileChartColumn, Plus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MadeUp } from '../analytics/made-up.tsx';
import { Button } from '../parts/button.tsx';
import { Empty, Failed, Loading, Page, Panel } from '../parts/page.tsx';
import { NewReport } from './new-report.tsx';
import { useReports } from './queries.ts';
import { ReportRow } from './row.tsx';
import { Schedules } from './schedules.tsx';

export default function ReportsPage() {
  const { t } = useTranslation(['reports', 'common']);
  const [making, setMaking] = useState(false);
  const reports = useReports();
  const rows = reports.data?.pages.flatMap(({ data }) => data) ?? [];
  const create = (
    <Button look="primary" icon={Plus} onClick={() => setMaking(true)}>
      {t('new')}
    </Button>
  );
  return (
    <Page title={t('title')} lead={t('lead')} actions={rows.length > 0 && create}>
      {reports.isPending && <Loading />}
      {reports.error && <Failed error={reports.error} again={() => reports.refetch()} />}
      {reports.data && rows.length === 0 && (
        <Empty icon={FileChartColumn} title={t('none')} text={t('none_text')}>
          {create}
        </Empty>
      )}
      {rows.length > 0 && (
        <Panel title={t('made_title')}>
          <ul className="flex flex-col">
            {rows.map((report) => (
              <li key={report.id} className="border-b border-line py-3 last:border-0 last:pb-0">
                <ReportRow report={report} />
              </li>
            ))}
          </ul>
          {reports.hasNextPage && (
            <Button
              className="mt-3"
              busy={reports.isFetchingNextPage}
              onClick={() => reports.fetchNextPage()}
            >
              {t('common:action.load_more')}
            </Button>
          )}
        </Panel>
      )}
      <Schedules />
      <MadeUp />
      {making && <NewReport onClose={() => setMaking(false)} />}
    </Page>
  );
}
