import { BarChart3, ChevronDown, ListPlus, MessageSquarePlus, SquareMousePointer } from 'lucide-react';
import { type ReactNode, useId, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { Button } from '../parts/button.tsx';
import { networkTitle } from '../parts/network.tsx';
import { useTell } from '../parts/toast.tsx';
import { ButtonsEditor } from './buttons.tsx';
import {
  type Buttons,
  type Content,
  differs,
  differsAgain,
  emptyPart,
  emptyPoll,
  type Field,
  ownersOf,
  type Part,
  reset,
  seenFrom,
  type Tab,
  withOption,
  written,
} from './content.ts';
import { Counter } from './counter.tsx';
import { TextEditor } from './editor.tsx';
import { MediaField } from './media.tsx';
import { type Uploads, withFiles } from './media-queries.ts';
import type { Network } from './networks.ts';
import { type OptionSchema, OptionsForm } from './options.tsx';
import { Thread } from './parts.tsx';
import { PollEditor } from './poll.tsx';
import { RemarkList } from './remark-list.tsx';
import { type Preview, placeIn, type Remark, remarksAt, useRemarkText } from './remarks.ts';
import type { Medium } from './send-file.ts';

export interface FieldsProps {
  content: Content;
  edit(update: (before: Content) => Content): void;
  tab: Tab;
  /** The communities that it goes to. */
  chosen: readonly Community[];
  networks: readonly Network[];
  media: ReadonlyMap<string, Medium>;
  uploads: Uploads;
  preview: Preview | null;
  isOld: boolean;
  remarks: readonly Remark[];
  autoFocus: boolean;
}

/** Everything that is written in one tab. */
export function Fields(props: FieldsProps) {
  const { content, edit, tab, chosen, networks, media, uploads, preview, isOld, remarks } = props;
  const { t } = useTranslation('composer');
  const tell = useTell();
  const textRemarks = useId();
  const networkOf = (id: string) => chosen.find((one) => one.id === id)?.network;
  const owners = ownersOf(tab, networkOf);
  const seen = seenFrom(content, owners);
  const words = useMemo(() => ({ text: seen.text, entities: seen.entities }), [seen.text, seen.entities]);
  const set = (change: Partial<Part> & { parts?: Part[] }) => edit((before) => written(before, tab, change));
  const at = (field: string, part = 0) => remarksAt(remarks, { tab, owners, part, field });
  const wrongText = at('text');
  const place = { tab, owners, part: 0 };
  const here = networks.filter(({ name }) =>
    chosen.some(({ id, network }) => network === name && (tab === 'all' || tab === name || tab === id)),
  );
  const buttoned = here.find(({ options }) => 'buttons' in propertiesOf(options));
  const optionOwner = (network: string) => (tab === 'all' ? network : tab);
  const rows =
    buttoned &&
    (optionsSeen(content, optionOwner(buttoned.name), buttoned.name).buttons as Buttons | undefined);
  const pollMost = Math.max(...here.map(({ limits }) => limits.poll?.most ?? 0), 2);
  const state = (field: Field) => <Sameness {...{ content, edit, tab, field }} />;
  return (
    <>
      <div className="flex flex-col gap-2">
        <TextEditor
          key={tab}
          label={t('text.label')}
          placeholder={t('text.placeholder')}
          value={words}
          onChange={set}
          onFiles={(files) => uploads.add(files, place)}
          describedBy={textRemarks}
          invalid={wrongText.some(({ isWarning }) => !isWarning)}
          autoFocus={props.autoFocus}
        >
          <div className="px-4 pb-2.5">
            <Counter preview={preview} tab={tab} part={0} isOld={isOld} />
          </div>
        </TextEditor>
        <RemarkList id={textRemarks} remarks={wrongText} count={chosen.length} />
        {state('text')}
      </div>
      <div className="flex flex-col gap-2">
        <MediaField
          ids={seen.media_ids}
          media={media}
          uploads={uploads}
          place={place}
          change={(update) => edit((before) => withFiles(before, place, update))}
          faulty={faultyOf(at('media_ids'))}
        />
        <RemarkList remarks={at('media_ids')} count={chosen.length} />
        {state('media_ids')}
      </div>
      {(seen.poll || differs(content, tab, 'poll')) && (
        <div className="flex flex-col gap-2">
          {seen.poll && (
            <PollEditor
              poll={seen.poll}
              most={pollMost}
              faulty={faultyOf(at('poll'), 'options')}
              change={(update) =>
                edit((before) => {
                  const { poll } = seenFrom(before, owners);
                  return poll ? written(before, tab, { poll: update(poll) }) : before;
                })
              }
              onRemove={() => {
                const before = seen.poll;
                set({ poll: null });
                const again = (now: Content) =>
                  seenFrom(now, owners).poll ? now : written(now, tab, { poll: before });
                tell({ text: t('poll.removed'), undo: () => edit(again) });
              }}
            />
          )}
          <RemarkList remarks={at('poll')} count={chosen.length} />
          {state('poll')}
        </div>
      )}
      {buttoned && rows && (
        <div className="flex flex-col gap-2">
          <ButtonsEditor
            rows={rows}
            network={buttoned.name}
            change={(update) =>
              edit((before) => {
                const owner = optionOwner(buttoned.name);
                const next = update((optionsSeen(before, owner, buttoned.name).buttons as Buttons) ?? []);
                return withOption(before, owner, 'buttons', next.length > 0 ? next : undefined);
              })
            }
            onRemove={() => {
              const owner = optionOwner(buttoned.name);
              const again = (now: Content) =>
                now.overrides[owner]?.options?.buttons ? now : withOption(now, owner, 'buttons', rows);
              edit((before) => withOption(before, owner, 'buttons', undefined));
              tell({ text: t('buttons.removed'), undo: () => edit(again) });
            }}
          />
          <RemarkList remarks={optionRemarks(remarks, tab, here).filter(isButtons)} count={chosen.length} />
        </div>
      )}
      <Thread
        {...props}
        parts={seen.parts}
        owners={owners}
        change={(update) =>
          edit((before) => written(before, tab, { parts: update(seenFrom(before, owners).parts) }))
        }
      />
      {state('parts')}
      {tab === 'all' && content.first_comment && (
        <FirstComment content={content} edit={edit} remarks={at('first_comment')} count={chosen.length} />
      )}
      <div className="flex flex-wrap gap-2">
        {!seen.poll && (
          <Button small icon={BarChart3} onClick={() => set({ poll: emptyPoll })}>
            {t('poll.add')}
          </Button>
        )}
        {buttoned && !rows && (
          <Button
            small
            icon={SquareMousePointer}
            onClick={() =>
              edit((before) =>
                withOption(before, optionOwner(buttoned.name), 'buttons', [[{ text: '', url: '' }]]),
              )
            }
          >
            {t('buttons.add')}
          </Button>
        )}
        <Button small icon={ListPlus} onClick={() => set({ parts: [...seen.parts, emptyPart] })}>
          {t('parts.add')}
        </Button>
        {tab === 'all' && !content.first_comment && (
          <Button
            small
            icon={MessageSquarePlus}
            onClick={() => edit((before) => ({ ...before, first_comment: { text: '', entities: [] } }))}
          >
            {t('comment.add')}
          </Button>
        )}
      </div>
      {here.length > 0 && <MoreOptions {...props} here={here} />}
    </>
  );
}

function MoreOptions({
  content,
  edit,
  tab,
  remarks,
  here,
  chosen,
}: FieldsProps & { here: readonly Network[] }) {
  const { t } = useTranslation('composer');
  const text = useRemarkText();
  const wrong = optionRemarks(remarks, tab, here).filter((remark) => !isButtons(remark));
  const chosenCount = here.reduce((sum, { name }) => {
    const { buttons: _, ...own } = content.overrides[tab === 'all' ? name : tab]?.options ?? {};
    return sum + Object.keys(own).length;
  }, 0);
  return (
    <details className="group rounded-xl border border-line bg-panel" open={wrong.length > 0 || undefined}>
      <summary className="flex list-none items-center gap-2 rounded-xl px-4 py-3 font-medium">
        <ChevronDown className="size-4 transition-transform group-open:rotate-180" aria-hidden />
        {t('option.more')}
        {chosenCount > 0 && (
          <span className="rounded-full bg-sunken px-2 text-xs leading-5 text-ink-soft tabular-nums">
            {chosenCount}
          </span>
        )}
      </summary>
      <div className="flex flex-col gap-6 px-4 pb-4">
        {here.map(({ name, options }) => {
          const owner = tab === 'all' ? name : tab;
          const about = wrong.filter(
            ({ path, communities }) =>
              placeIn(path).owner === owner || communities.some(({ network }) => network === name),
          );
          return (
            <section key={name} className="flex flex-col gap-3">
              <h3 className="text-[13px] font-medium text-ink-soft">{networkTitle(name)}</h3>
              <OptionsForm
                network={name}
                schema={options as OptionSchema}
                inherited={owner === name ? {} : (content.overrides[name]?.options ?? {})}
                own={content.overrides[owner]?.options ?? {}}
                faults={
                  new Map(
                    about
                      .filter(({ isWarning }) => !isWarning)
                      .map((remark) => [placeIn(remark.path).rest[0] ?? '', text(remark)]),
                  )
                }
                onChange={(option, value) => edit((before) => withOption(before, owner, option, value))}
              />
              <RemarkList remarks={about.filter(({ isWarning }) => isWarning)} count={chosen.length} />
            </section>
          );
        })}
      </div>
    </details>
  );
}

function FirstComment({
  content,
  edit,
  remarks,
  count,
}: Pick<FieldsProps, 'content' | 'edit'> & { remarks: readonly Remark[]; count: number }) {
  const { t } = useTranslation('composer');
  const tell = useTell();
  const { first_comment } = content;
  if (!first_comment) return null;
  const set = (to: Content['first_comment']) => edit((before) => ({ ...before, first_comment: to }));
  return (
    <Box
      title={t('comment.title')}
      remove={t('comment.remove')}
      onRemove={() => {
        set(null);
        const again = (now: Content) => (now.first_comment ? now : { ...now, first_comment });
        tell({ text: t('comment.removed'), undo: () => edit(again) });
      }}
    >
      <TextEditor
        small
        label={t('comment.title')}
        placeholder={t('comment.placeholder')}
        value={first_comment}
        onChange={set}
      />
      <RemarkList remarks={remarks} count={count} />
    </Box>
  );
}

/** A part of the post with a name, which can be taken out. */
export function Box(props: { title: string; remove: string; onRemove(): void; children: ReactNode }) {
  return (
    <section aria-label={props.title} className="flex flex-col gap-2">
      <div className="flex items-center gap-2">
        <h3 className="mr-auto font-medium">{props.title}</h3>
        <Button small look="quiet" onClick={props.onRemove}>
          {props.remove}
        </Button>
      </div>
      {props.children}
    </section>
  );
}

/** Whether a field of a tab is that of the whole post, and the way back to it. */
function Sameness({
  content,
  edit,
  tab,
  field,
}: Pick<FieldsProps, 'content' | 'edit' | 'tab'> & { field: Field }) {
  const { t } = useTranslation('composer');
  const tell = useTell();
  if (tab === 'all') return null;
  if (!differs(content, tab, field)) {
    return field === 'text' ? <p className="text-[13px] text-ink-soft">{t('same.as_all')}</p> : null;
  }
  return (
    <p className="flex flex-wrap items-center gap-2 text-[13px] text-info">
      {t(`same.${field}`)}
      <Button
        small
        look="quiet"
        onClick={() => {
          edit((before) => reset(before, tab, field));
          tell({
            text: t('same.was_reset'),
            undo: () => edit((now) => differsAgain(now, tab, field, content)),
          });
        }}
      >
        {t('same.reset')}
      </Button>
    </p>
  );
}

function propertiesOf(schema: unknown): Record<string, unknown> {
  return (schema as { properties?: Record<string, unknown> }).properties ?? {};
}

function optionsSeen(content: Content, owner: string, network: string): Record<string, unknown> {
  return { ...content.overrides[network]?.options, ...content.overrides[owner]?.options };
}

const isButtons = ({ path }: Remark) => placeIn(path).rest[0] === 'buttons';

/** What is said of options, wherever they were given. */
function optionRemarks(remarks: readonly Remark[], tab: Tab, here: readonly Network[]): Remark[] {
  return remarks.filter(({ path, communities }) => {
    const { field, owner } = placeIn(path);
    if (field !== 'options') return false;
    if (tab === 'all') return owner === '' || here.some(({ name }) => name === owner);
    return owner === tab || communities.some(({ id, network }) => id === tab || network === tab);
  });
}

/** Indices that the paths of problems name: `/media_ids/3`, `/poll/options/0`. */
function faultyOf(remarks: readonly Remark[], under?: string): ReadonlySet<number> {
  return new Set(
    remarks
      .filter(({ isWarning }) => !isWarning)
      .map(({ path }) => placeIn(path).rest)
      .filter((rest) => under === undefined || rest[0] === under)
      .map((rest) => Number(under === undefined ? rest[0] : rest[1])),
  );
}
