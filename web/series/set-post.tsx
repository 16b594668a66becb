import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../api.ts';
import type { Community } from '../communities/list.tsx';
import { type Content, differs, fields, filesOf, readyOf, type Tab } from '../composer/content.ts';
import { Fields } from '../composer/fields.tsx';
import { filesMost, useMedia, useUploads } from '../composer/media-queries.ts';
import type { Network } from '../composer/networks.ts';
import { usePreview } from '../composer/preview.ts';
import { PreviewPanel } from '../composer/preview-panel.tsx';
import { placeIn, problemsOf, type Remark, remarksOf } from '../composer/remarks.ts';
import { ContentTabs } from '../composer/tabs.tsx';
import { Targets } from '../composer/targets.tsx';
import { cx } from '../parts/class.ts';
import { useTell } from '../parts/toast.tsx';

interface Props {
  content: Content;
  /** The same function for as long as it is the same post. */
  edit(update: (before: Content) => Content): void;
  communities: readonly Community[];
  networks: readonly Network[];
  /** What the API refused of this post, its paths beginning at the post. */
  refusal: ApiError | null;
  /** A try to save it has been made: what is missing is said. */
  asked: boolean;
  /** Phones show the text or what becomes of it. */
  looking: boolean;
  /** How many files are on their way. */
  onSending(count: number): void;
  children?: React.ReactNode;
}

const timeless = {};

/** One post of a series: where it goes, what it says and how it will look. */
export function SetPost(props: Props) {
  const { content, edit, communities, networks, refusal, asked, looking, onSending } = props;
  const { t } = useTranslation('composer');
  const [opened, setOpened] = useState<Tab>('all');
  const tell = useTell();
  const uploads = useUploads(content, edit, {
    full: (count) => tell({ text: t('media.full', { count, most: filesMost }), bad: true }),
    replaced: (undo) => tell({ text: t('media.cropped'), undo }),
  });
  const media = useMedia(useMemo(() => filesOf(content), [content]));
  const looked = usePreview(content, timeless, null);
  const chosen = useMemo(
    () => content.community_ids.flatMap((id) => communities.find((one) => one.id === id) ?? []),
    [content.community_ids, communities],
  );
  const sending = uploads.uploads.filter(({ state }) => state !== 'failed').length;
  useEffect(() => onSending(sending), [sending, onSending]);
  const used = [...new Set(chosen.map(({ network }) => network))];
  const own = chosen.map(({ id }) => id).filter((id) => content.overrides[id] !== undefined || id === opened);
  const tabs: Tab[] = ['all', ...used, ...own];
  const tab = tabs.includes(opened) ? opened : 'all';
  const remarks = useMemo(() => {
    const local: Remark[] = [];
    const add = (path: string, message: string) =>
      local.push({ path, message, code: null, communities: [], isWarning: false, length: null });
    if (asked && content.community_ids.length === 0) add('/community_ids', t('targets.choose'));
    if (asked && content.poll && !readyOf(content).poll) add('/poll', t('poll.unfinished'));
    return [...remarksOf(looked.preview, looked.refusal ?? refusal), ...local];
  }, [looked.preview, looked.refusal, refusal, asked, content, t]);
  const aboutTargets = remarks.filter(
    ({ path, isWarning }) => !isWarning && placeIn(path).field === 'community_ids',
  );
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)]">
      <div className={cx('flex min-w-0 flex-col gap-5', looking && 'max-lg:hidden')}>
        <Targets
          communities={communities}
          chosen={content.community_ids}
          onChange={(community_ids) => edit((before) => ({ ...before, community_ids }))}
          locked={false}
          remarks={aboutTargets}
        />
        <ContentTabs
          tab={tab}
          tabs={tabs}
          chosen={chosen}
          onChange={setOpened}
          differs={(one) => fields.some((field) => differs(content, one, field))}
          problems={(one) => problemsOf(remarks, one)}
        >
          <Fields
            content={content}
            edit={edit}
            tab={tab}
            chosen={chosen}
            networks={networks}
            media={media}
            uploads={uploads}
            preview={looked.preview}
            isOld={looked.isOld}
            remarks={remarks}
            autoFocus={false}
          />
        </ContentTabs>
        {props.children}
      </div>
      <section
        aria-label={t('preview.title')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keys must be able to
        tabIndex={0}
        className={cx(
          'min-w-0 lg:sticky lg:top-6 lg:max-h-[calc(100dvh-10.5rem)] lg:overflow-y-auto',
          !looking && 'max-lg:hidden',
        )}
      >
        <h2 className="mb-3 font-semibold max-lg:sr-only">{t('preview.title')}</h2>
        <PreviewPanel
          preview={looked.preview}
          error={looked.error}
          content={content}
          tab={tab}
          chosen={chosen}
          media={media}
        />
      </section>
    </div>
  );
}
