import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { download } from '../parts/download.ts';
import { useTell } from '../parts/toast.tsx';
import { type Answer, csv, run } from './run.ts';

type Params = Readonly<Record<string, string>>;

/** Runs queries, one at a time, and keeps the last answer until there is another. */
export function useAsking() {
  const { t } = useTranslation('sql');
  const tell = useTell();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [since, setSince] = useState<number | null>(null);
  const [saving, setSaving] = useState(false);
  /** What the answer is of: the file is of the same. */
  const asked = useRef<{ sql: string; params: Params } | null>(null);
  const way = useRef<AbortController | null>(null);
  useEffect(() => () => way.current?.abort(), []);

  const start = async (sql: string, params: Params) => {
    way.current?.abort();
    const mine = new AbortController();
    way.current = mine;
    setSince(performance.now());
    setError(null);
    try {
      const found = await run(sql, params, mine.signal);
      if (way.current !== mine) return;
      asked.current = { sql, params };
      setAnswer(found);
    } catch (failure) {
      if (way.current !== mine) return;
      if (mine.signal.aborted) tell({ text: t('stopped') });
      else {
        setAnswer(null);
        setError(failure as Error);
      }
    } finally {
      if (way.current === mine) setSince(null);
    }
  };
  const save = async () => {
    if (!asked.current) return;
    setSaving(true);
    try {
      const file = await csv(asked.current.sql, asked.current.params, new AbortController().signal);
      await download(file, `outpost-${new Date().toISOString().slice(0, 10)}.csv`);
    } catch (failure) {
      setError(failure as Error);
    } finally {
      setSaving(false);
    }
  };
  return {
    answer,
    error,
    since,
    saving,
    run: (sql: string, params: Params) => void start(sql, params),
    stop: () => way.current?.abort(),
    save: () => void save(),
    forget() {
      way.current?.abort();
      way.current = null;
      setSince(null);
      setAnswer(null);
      setError(null);
    },
  };
}
