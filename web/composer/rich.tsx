import { createContext, type ReactNode, useContext, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';

/** Formatting as a request carries it. */
export interface SentEntity {
  type: string;
  offset: number;
  length: number;
  url?: string;
  language?: string;
}

const Within = createContext(false);

/** A text as Telegram draws it. */
export function Rich({ text, entities }: { text: string; entities: readonly SentEntity[] }) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return <>{drawn(text, 0, text.length, sorted)}</>;
}

/** The stretch from `start` to `end` with the entities that lie in it; they nest. */
function drawn(text: string, start: number, end: number, entities: readonly SentEntity[]): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = start;
  let blockBefore = false;
  let rest = entities.filter((one) => one.offset >= start && one.offset + one.length <= end);
  while (rest.length > 0) {
    const [first, ...others] = rest as [SentEntity, ...SentEntity[]];
    const stop = first.offset + first.length;
    parts.push(<Plain key={`t${at}`} text={text.slice(afterBlock(text, at, blockBefore), first.offset)} />);
    const inside = others.filter(({ offset }) => offset < stop);
    parts.push(
      <Styled key={`e${first.offset}`} entity={first}>
        {drawn(text, first.offset, stop, inside)}
      </Styled>,
    );
    at = stop;
    blockBefore = blocks.has(first.type);
    rest = others.filter(({ offset }) => offset >= stop);
  }
  parts.push(<Plain key={`t${at}`} text={text.slice(afterBlock(text, at, blockBefore), end)} />);
  return parts;
}

/** They end their line by themselves. */
const blocks = new Set(['pre', 'blockquote', 'expandable_blockquote']);

function afterBlock(text: string, at: number, isBlock: boolean): number {
  return isBlock && text[at] === '\n' ? at + 1 : at;
}

const found = /(https?:\/\/[^\s<>]+[^\s<>.,;:!?)\]}»"']|(?<![\p{L}\p{N}_@])[@#][\p{L}\p{N}_]{2,})/gu;

/** Addresses, hashtags and names, which networks link by themselves. */
export function Plain({ text }: { text: string }) {
  const inLink = useContext(Within);
  if (inLink) return text;
  return (
    <>
      {text.split(found).map((part, index) =>
        index % 2 === 1 ? (
          <span key={index} className="text-info">
            {part}
          </span>
        ) : (
          part
        ),
      )}
    </>
  );
}

function Styled({ entity, children }: { entity: SentEntity; children: ReactNode }) {
  switch (entity.type) {
    case 'bold':
      return <strong>{children}</strong>;
    case 'italic':
      return <em>{children}</em>;
    case 'underline':
      return <u>{children}</u>;
    case 'strikethrough':
      return <s>{children}</s>;
    case 'spoiler':
      return <Spoiler>{children}</Spoiler>;
    case 'code':
      return <code className="rounded bg-sunken px-1 font-mono text-[0.92em]">{children}</code>;
    case 'pre':
      return (
        <span className="my-1 block rounded-md bg-sunken p-2 font-mono text-[0.92em]">
          {entity.language && <span className="mb-1 block text-xs text-ink-soft">{entity.language}</span>}
          {children}
        </span>
      );
    case 'blockquote':
    case 'expandable_blockquote':
      return <Quote folds={entity.type === 'expandable_blockquote'}>{children}</Quote>;
    case 'text_link':
      return (
        <Within value>
          <span className="text-info underline" title={entity.url}>
            {children}
          </span>
        </Within>
      );
    default:
      return children;
  }
}

/** Hidden until it is tapped, as the reader has it. */
function Spoiler({ children }: { children: ReactNode }) {
  const { t } = useTranslation('composer');
  const [open, setOpen] = useState(false);
  if (open) return <span className="rounded bg-sunken">{children}</span>;
  return (
    <button
      type="button"
      aria-label={t('preview.reveal')}
      title={t('preview.reveal')}
      onClick={() => setOpen(true)}
      className="inline rounded bg-ink-soft text-left align-baseline"
    >
      <span className="invisible">{children}</span>
    </button>
  );
}

function Quote({ folds, children }: { folds: boolean; children: ReactNode }) {
  const { t } = useTranslation('composer');
  const [open, setOpen] = useState(false);
  return (
    <span className="my-1 block rounded-r-md border-l-4 border-info bg-info-soft px-2 py-1">
      <span className={cx('block', folds && !open && 'line-clamp-3')}>{children}</span>
      {folds && (
        <button type="button" onClick={() => setOpen(!open)} className="text-xs font-medium text-info">
          {t(open ? 'preview.fold' : 'preview.unfold')}
        </button>
      )}
    </span>
  );
}
