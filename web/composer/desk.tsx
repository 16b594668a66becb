import { type ReactNode, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { useTell } from '../parts/toast.tsx';
import { type Content, differs, fields, filesOf, readyOf, type Tab } from './content.ts';
import { Fields } from './fields.tsx';
import { filesMost, useMedia, useUploads } from './media-queries.ts';
import type { Network } from './networks.ts';
import type { usePreview } from './preview.ts';
import { PreviewPanel } from './preview-panel.tsx';
import { placeIn, problemsOf, type Remark, remarkHere } from './remarks.ts';
import { ContentTabs } from './tabs.tsx';
import { Targets } from './targets.tsx';

/**
 * What lies on the desk while a post is written: where it goes, its versions, of which one is open, and its files.
 * `edit` is the same function for as long as it is the same post.
 */
export function useDesk(
  content: Content,
  edit: (update: (before: Content) => Content) => void,
  communities: readonly Community[],
) {
  const { t } = useTranslation('composer');
  const tell = useTell();
  const [opened, open] = useState<Tab>('all');
  const uploads = useUploads(content, edit, {
    full: (count) => tell({ text: t('media.full', { count, most: filesMost }), bad: true }),
    replaced: (undo) => tell({ text: t('media.cropped'), undo }),
  });
  const media = useMedia(useMemo(() => filesOf(content), [content]));
  const chosen = useMemo(
    () => content.community_ids.flatMap((id) => communities.find((one) => one.id === id) ?? []),
    [content.community_ids, communities],
  );
  const used = [...new Set(chosen.map(({ network }) => network))];
  const own = chosen.map(({ id }) => id).filter((id) => content.overrides[id] !== undefined || id === opened);
  const tabs: Tab[] = ['all', ...used, ...own];
  const tab = tabs.includes(opened) ? opened : 'all';
  /** Files that are on their way. */
  const sending = uploads.uploads.filter(({ state }) => state !== 'failed').length;
  return { content, edit, communities, chosen, tabs, tab, open, uploads, media, sending };
}

/** What is missing before it can go out; said once a person has `asked` for that. */
export function useMissing(content: Content, asked: boolean): Remark[] {
  const { t } = useTranslation('composer');
  return useMemo(() => {
    if (!asked) return [];
    const unfinished = content.poll !== null && readyOf(content).poll === null;
    return [
      ...(content.community_ids.length === 0 ? [remarkHere('/community_ids', t('targets.choose'))] : []),
      ...(unfinished ? [remarkHere('/poll', t('poll.unfinished'))] : []),
    ];
  }, [content, asked, t]);
}

interface Props {
  desk: ReturnType<typeof useDesk>;
  networks: readonly Network[];
  looked: ReturnType<typeof usePreview>;
  remarks: readonly Remark[];
  /** What is public stays where it is. */
  locked?: boolean;
  autoFocus?: boolean;
  /** Phones show the text or what becomes of it. */
  looking: boolean;
  /** What stands below the text. */
  children?: ReactNode;
}

/** A post while it is written, and beside it how it will look. */
export function Desk(props: Props) {
  const { desk, networks, looked, remarks, locked = false, autoFocus = false, looking, children } = props;
  const { content, edit, communities, chosen, tabs, tab, open, uploads, media } = desk;
  const { t } = useTranslation('composer');
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)]">
      <div className={cx('flex min-w-0 flex-col gap-5', looking && 'max-lg:hidden')}>
        <Targets
          communities={communities}
          chosen={content.community_ids}
          onChange={(community_ids) => edit((before) => ({ ...before, community_ids }))}
          locked={locked}
          remarks={remarks.filter(
            ({ path, isWarning }) => !isWarning && placeIn(path).field === 'community_ids',
          )}
        />
        <ContentTabs
          tab={tab}
          tabs={tabs}
          chosen={chosen}
          onChange={open}
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
            autoFocus={autoFocus}
          />
        </ContentTabs>
        {children}
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
