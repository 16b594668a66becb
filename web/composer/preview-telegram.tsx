import { Eye, Reply } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { useFormats } from '../parts/time.ts';
import { PreviewFiles } from './preview-files.tsx';
import { Avatar, type Drawn, filesIn, textOf } from './preview-parts.tsx';
import { Rich, type SentEntity } from './rich.tsx';

/** Messages of a channel, drawn from the very requests that the Bot API will get. */
export function TelegramPreview({ community, messages, media, at }: Drawn) {
  return (
    <div className="flex flex-col gap-2 rounded-xl bg-sunken p-3">
      {messages.map(({ request }, index) => (
        <Bubble
          key={index}
          community={community}
          method={request.method}
          params={request.params}
          media={media}
          at={at}
        />
      ))}
    </div>
  );
}

interface BubbleProps extends Pick<Drawn, 'media' | 'at'> {
  community: Community;
  method: string;
  params: Record<string, unknown>;
}

function Bubble({ community, method, params, media, at }: BubbleProps) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  const items = Array.isArray(params.media) ? (params.media as Record<string, unknown>[]) : [];
  const first = items[0] ?? params;
  const text = textOf(params.text ?? first.caption);
  const entities = (params.entities ?? first.caption_entities ?? []) as SentEntity[];
  const files = filesIn(params, media);
  const above = first.show_caption_above_media === true;
  const link = params.link_preview_options as Record<string, unknown> | undefined;
  const card = link?.url as { $media_url?: string } | string | undefined;
  const large = typeof card === 'object' && card.$media_url ? media.get(card.$media_url) : undefined;
  const keyboard = (
    params.reply_markup as { inline_keyboard?: { text: string; url: string }[][] } | undefined
  )?.inline_keyboard;
  const words = text !== '' && (
    <div className="px-3 py-1.5 text-[15px] leading-snug [overflow-wrap:anywhere] whitespace-pre-wrap">
      <Rich text={text} entities={entities} />
    </div>
  );
  return (
    <div className="flex gap-2">
      <Avatar community={community} className="mt-auto size-8" />
      <div className="min-w-0 grow sm:max-w-md">
        <article className="overflow-hidden rounded-xl rounded-bl-sm border border-line bg-panel">
          <p className="px-3 pt-1.5 font-semibold text-info">{community.title}</p>
          {params.reply_parameters !== undefined && (
            <p className="mx-3 flex items-center gap-1.5 border-l-2 border-info pl-2 text-[13px] text-ink-soft">
              <Reply className="size-3.5" aria-hidden />
              {t('preview.reply')}
            </p>
          )}
          {above && words}
          {large && <PreviewFiles media={[large]} />}
          {files.length > 0 && (
            <div className="mt-1">
              <PreviewFiles media={files} covered={first.has_spoiler === true} />
            </div>
          )}
          {!above && words}
          {method === 'sendPoll' && <TelegramPoll params={params} />}
          <p className="flex items-center justify-end gap-1 px-3 pb-1.5 text-xs text-ink-soft tabular-nums">
            <Eye className="size-3.5" aria-hidden />1 · {formats.time(at, community.timezone)}
          </p>
        </article>
        {keyboard?.map((row, index) => (
          <div key={index} className="mt-1 flex gap-1">
            {row.map((button) => (
              <span
                key={`${button.text} ${button.url}`}
                title={button.url}
                className="min-w-0 grow basis-0 truncate rounded-lg border border-line bg-panel px-2 py-1.5 text-center font-medium text-info"
              >
                {button.text}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function TelegramPoll({ params }: { params: Record<string, unknown> }) {
  const { t } = useTranslation('composer');
  const options = (params.options as { text: string }[] | undefined) ?? [];
  const [right] = (params.correct_option_ids as number[] | undefined) ?? [];
  const kind = params.type === 'quiz' ? 'quiz' : params.is_anonymous ? 'anonymous' : 'public';
  return (
    <div className="flex flex-col gap-2 px-3 py-1.5">
      <p>
        <span className="block font-semibold [overflow-wrap:anywhere]">{textOf(params.question)}</span>
        <span className="text-[13px] text-ink-soft">{t(`preview.poll_${kind}`)}</span>
      </p>
      <ul className="flex flex-col gap-1.5">
        {options.map(({ text }, index) => (
          <li key={text} className="flex items-start gap-2.5">
            <span
              aria-hidden
              className={cx(
                'mt-0.5 size-4 shrink-0 border-2 border-line-strong',
                params.allows_multiple_answers ? 'rounded' : 'rounded-full',
                right === index && 'border-good bg-good',
              )}
            />
            <span className="[overflow-wrap:anywhere]">
              {text}
              {right === index && <span className="sr-only"> {t('preview.right')}</span>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
