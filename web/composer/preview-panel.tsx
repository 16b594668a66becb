import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { Select } from '../parts/field.tsx';
import { NetworkMark, networkTitle } from '../parts/network.tsx';
import { Failed, Skeleton } from '../parts/page.tsx';
import { type Content, ownersOf, readyOf, seenFrom, type Tab } from './content.ts';
import { TelegramPreview } from './preview-telegram.tsx';
import { VkPreview } from './preview-vk.tsx';
import type { Preview } from './remarks.ts';
import type { Medium } from './send-file.ts';

const drawings = { telegram: TelegramPreview, vk: VkPreview } as const;

interface Props {
  preview: Preview | null;
  error: unknown;
  content: Content;
  tab: Tab;
  chosen: readonly Community[];
  media: ReadonlyMap<string, Medium>;
}

/** What readers will see, at each network that the open tab is about. */
export function PreviewPanel({ preview, error, content, tab, chosen, media }: Props) {
  const { t } = useTranslation('composer');
  const [picked, setPicked] = useState<Record<string, string>>({});
  const shown = chosen.filter(({ id, network }) => tab === 'all' || tab === id || tab === network);
  const networks = [...new Set(shown.map(({ network }) => network))];
  if (chosen.length === 0) return <p className="text-ink-soft">{t('preview.nowhere')}</p>;
  if (!preview) return error ? <Failed error={error} /> : <Skeleton className="h-48" />;
  const at = preview.scheduled_at ?? new Date().toISOString();
  return (
    <div className="flex flex-col gap-5">
      {networks.map((network) => {
        const here = shown.filter((one) => one.network === network);
        const community = here.find(({ id }) => id === picked[network]) ?? here[0];
        const told = preview.communities.find((one) => one.community.id === community?.id);
        const Drawing = drawings[network as keyof typeof drawings];
        if (!community || !told) return <Skeleton key={network} className="h-48" />;
        const ready = readyOf(content);
        const seen = seenFrom(
          ready,
          ownersOf(community.id, () => network),
        );
        return (
          <section key={network} aria-label={networkTitle(network)} className="flex flex-col gap-2">
            <h3 className="flex items-center gap-2 font-medium">
              <NetworkMark network={network} />
              {here.length > 1 ? (
                <Select
                  aria-label={t('preview.community', { network: networkTitle(network) })}
                  value={community.id}
                  onChange={({ target }) => setPicked({ ...picked, [network]: target.value })}
                  className="h-8 w-auto max-w-full py-0 text-[13px]"
                >
                  {here.map(({ id, title }) => (
                    <option key={id} value={id}>
                      {title}
                    </option>
                  ))}
                </Select>
              ) : (
                <span className="truncate">{community.title}</span>
              )}
            </h3>
            {Drawing && (
              <Drawing
                community={community}
                messages={told.messages}
                media={media}
                at={at}
                poll={seen.poll}
                firstComment={ready.first_comment?.text ?? null}
              />
            )}
          </section>
        );
      })}
    </div>
  );
}
