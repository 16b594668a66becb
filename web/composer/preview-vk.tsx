import { Heart, type LucideIcon, MessageCircle, Share2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../parts/time.ts';
import type { Poll } from './content.ts';
import { PreviewFiles } from './preview-files.tsx';
import { Avatar, type Drawn, filesIn, textOf } from './preview-parts.tsx';
import { Plain } from './rich.tsx';

/** A post on a wall with its comments, drawn from the very requests that VK will get. */
export function VkPreview({ community, messages, media, at, poll, firstComment }: Drawn) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  const [first, ...rest] = messages;
  if (!first) return null;
  const { params } = first.request;
  const attachments = Array.isArray(params.attachments) ? params.attachments : [];
  const link = attachments.find((one) => typeof one === 'string') as string | undefined;
  const comments = [
    ...rest.map(({ request }) => ({
      text: textOf(request.params.message),
      files: filesIn(request.params, media),
    })),
    ...(firstComment ? [{ text: firstComment, files: [] }] : []),
  ];
  const icons: LucideIcon[] = [Heart, ...(params.close_comments ? [] : [MessageCircle]), Share2];
  return (
    <article className="overflow-hidden rounded-xl border border-line bg-panel">
      <header className="flex items-center gap-3 p-3">
        <Avatar community={community} />
        <p className="min-w-0">
          <span className="block truncate font-semibold">{community.title}</span>
          <span className="block text-[13px] text-ink-soft">
            {formats.moment(at, community.timezone)}
            {params.mark_as_ads === 1 && ` · ${t('preview.ads')}`}
          </span>
        </p>
      </header>
      {textOf(params.message) !== '' && (
        <div className="px-3 pb-2 text-[15px] leading-snug [overflow-wrap:anywhere] whitespace-pre-wrap">
          <VkText text={textOf(params.message)} />
        </div>
      )}
      <PreviewFiles media={filesIn(attachments, media)} />
      {poll && attachments.some((one) => typeof one === 'object' && one !== null && '$poll' in one) && (
        <VkPoll poll={poll} />
      )}
      {link && <p className="mx-3 my-2 truncate rounded-lg border border-line px-3 py-2 text-info">{link}</p>}
      {textOf(params.copyright) !== '' && (
        <p className="truncate px-3 pt-2 text-[13px] text-ink-soft">
          {t('preview.source')} <span className="text-info">{textOf(params.copyright)}</span>
        </p>
      )}
      {params.signed === 1 && <p className="px-3 pt-2 text-[13px] text-ink-soft">{t('preview.signed')}</p>}
      <p className="flex gap-2 p-3" aria-hidden>
        {icons.map((Icon, index) => (
          <span key={index} className="rounded-full bg-sunken px-3 py-1.5">
            <Icon className="size-4 text-ink-soft" />
          </span>
        ))}
      </p>
      {comments.length > 0 && (
        <ul className="flex flex-col gap-3 border-t border-line p-3" aria-label={t('preview.comments')}>
          {comments.map(({ text, files }, index) => (
            <li key={index} className="flex gap-2">
              <Avatar community={community} className="size-8" />
              <div className="min-w-0 grow">
                <p className="text-[13px] font-semibold">{community.title}</p>
                <p className="[overflow-wrap:anywhere] whitespace-pre-wrap">
                  <VkText text={text} />
                </p>
                <PreviewFiles media={files} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

/** Plain text; `[id1|Name]` is how VK writes a mention. */
function VkText({ text }: { text: string }) {
  return (
    <>
      {text.split(/\[((?:id|club)\d+\|[^\]]+)\]/).map((part, index) =>
        index % 2 === 1 ? (
          <span key={index} className="text-info">
            {part.slice(part.indexOf('|') + 1)}
          </span>
        ) : (
          <Plain key={index} text={part} />
        ),
      )}
    </>
  );
}

function VkPoll({ poll }: { poll: Poll }) {
  const { t } = useTranslation('composer');
  return (
    <div className="m-3 flex flex-col gap-2 rounded-lg border border-line bg-ground p-3 text-center">
      <p>
        <span className="block font-semibold [overflow-wrap:anywhere]">{poll.question}</span>
        <span className="text-[13px] text-ink-soft">
          {t(poll.anonymous ? 'preview.poll_anonymous' : 'preview.poll_public')}
        </span>
      </p>
      <ul className="flex flex-col gap-1.5 text-left">
        {poll.options.map((option) => (
          <li key={option} className="rounded-lg bg-sunken px-3 py-2 [overflow-wrap:anywhere]">
            {option}
          </li>
        ))}
      </ul>
    </div>
  );
}
