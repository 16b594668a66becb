import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { SQLDialect, type SQLNamespace, StandardSQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, Prec, StateEffect, StateField, type Text } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { getNonce } from 'get-nonce';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';

/** A place in a query, from 1. */
interface Place {
  line: number;
  column: number;
}

export interface EditorHandle {
  /** Puts a text at the cursor and stays there. */
  insert(text: string): void;
  goTo(place: Place): void;
}

interface Props {
  ref: Ref<EditorHandle>;
  value: string;
  onChange(value: string): void;
  /** Ctrl+Enter. */
  onRun(): void;
  /** Where the query that was run last failed. */
  fault: Place | null;
  namespace: SQLNamespace;
  label: string;
  hint: string;
}

const dialect = SQLDialect.define({
  ...StandardSQL.spec,
  keywords:
    'select from where prewhere group by having order limit offset with as distinct union all except intersect join inner left ' +
    'right full outer cross any asof semi anti on using and or not in is null like ilike between case when then else end ' +
    'interval asc desc nulls first last array final sample over partition ' +
    'rows range unbounded preceding following current row window settings format totals rollup cube exists true false fill',
  types:
    'UInt8 UInt16 UInt32 UInt64 Int8 Int16 Int32 Int64 Float32 Float64 String UUID Date Date32 DateTime DateTime64 Bool ' +
    'Nullable Array LowCardinality Decimal Tuple Map',
  builtin:
    'count sum avg min max median quantile quantiles uniq uniqExact argMin argMax any groupArray round floor ceil abs ' +
    'today now toDate toDateTime toStartOfHour toStartOfDay toStartOfWeek toStartOfMonth toDayOfWeek toHour toTimeZone ' +
    'dateDiff if ifNull nullIf coalesce length lower upper arrayJoin arrayMap lagInFrame leadInFrame row_number rank ' +
    'countIf sumIf avgIf toString toInt64 toFloat64 toUUID formatDateTime',
  doubleQuotedStrings: false,
  identifierQuotes: '`"',
  backslashEscapes: true,
});

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--panel)', color: 'var(--ink)', fontSize: '13px' },
  '.cm-scroller': {
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    lineHeight: '1.6',
  },
  '.cm-content': { caretColor: 'var(--ink)', padding: '10px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--ink-soft)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--sunken) 55%, transparent)' },
  '&.cm-focused': { outline: 'none' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection': {
    backgroundColor: 'var(--accent-soft) !important',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--info-soft)', color: 'inherit' },
  '.cm-fault': {
    backgroundColor: 'var(--bad-soft)',
    textDecoration: 'underline wavy var(--bad)',
    textUnderlineOffset: '3px',
  },
  '.cm-placeholder': { color: 'var(--ink-soft)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--panel)',
    color: 'var(--ink)',
    border: '1px solid var(--line-strong)',
    borderRadius: '8px',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent-soft)',
    color: 'var(--ink)',
  },
  '.cm-completionDetail': { color: 'var(--ink-soft)', fontStyle: 'normal' },
  '.cm-tooltip.cm-completionInfo': { padding: '8px 10px', maxWidth: '22rem' },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--info)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--warn)' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--accent)' },
  { tag: tags.comment, color: 'var(--ink-soft)', fontStyle: 'italic' },
]);

const tellFault = StateEffect.define<Place | null>();
const faults = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, { effects, docChanged, newDoc }) {
    for (const effect of effects) if (effect.is(tellFault)) return markOf(newDoc, effect.value);
    // What is written since is not what failed.
    return docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The word at a place, or the sign before it where the text ends there. */
function markOf(text: Text, place: Place | null): DecorationSet {
  if (!place || place.line > text.lines) return Decoration.none;
  const line = text.line(place.line);
  const at = Math.min(line.from + place.column - 1, line.to);
  const from = at === line.to ? Math.max(line.from, at - 1) : at;
  const to = from + (/^(\w+|.)/.exec(text.sliceString(from, line.to))?.[0].length ?? 0);
  return from === to
    ? Decoration.none
    : Decoration.set(Decoration.mark({ class: 'cm-fault' }).range(from, to));
}

/** Typing over what is selected: the browser would carry its looks over as a style, which the page's policy refuses. */
const overSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== 'insertText' || event.isComposing || !text || empty) return false;
    event.preventDefault();
    const insert = () =>
      view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type', scrollIntoView: true });
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handler) => handler(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});

/** CodeMirror with the words of ClickHouse and of our views. Tab leaves it: it is no trap for the keyboard. */
export default function Editor(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const told = useRef(props);
  told.current = props;
  const language = useRef(new Compartment());
  const { ref, value, namespace, fault, label, hint } = props;

  useEffect(() => {
    const parent = box.current;
    if (!parent) return;
    const made = new EditorView({
      parent,
      state: EditorState.create({
        doc: told.current.value,
        extensions: [
          Prec.highest(
            keymap.of([
              {
                key: 'Mod-Enter',
                run: (view) => {
                  closeCompletion(view);
                  told.current.onRun();
                  return true;
                },
              },
            ]),
          ),
          EditorView.cspNonce.of(getNonce() ?? ''),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          overSelection,
          faults,
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          highlightActiveLine(),
          placeholder(hint),
          EditorView.lineWrapping,
          language.current.of(sql({ dialect, schema: told.current.namespace, defaultSchema: 'analyst' })),
          syntaxHighlighting(colours),
          look,
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [label, hint]);

  useEffect(() => {
    view.current?.dispatch({
      effects: language.current.reconfigure(sql({ dialect, schema: namespace, defaultSchema: 'analyst' })),
    });
  }, [namespace]);

  useEffect(() => {
    const made = view.current;
    if (!made || made.state.doc.toString() === value) return;
    made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: tellFault.of(fault) });
  }, [fault]);

  useImperativeHandle(ref, () => ({
    insert(text) {
      const made = view.current;
      if (!made) return;
      made.dispatch(made.state.replaceSelection(text), { scrollIntoView: true });
      made.focus();
    },
    goTo({ line, column }) {
      const made = view.current;
      if (!made || line > made.state.doc.lines) return;
      const { from, to } = made.state.doc.line(line);
      made.dispatch({ selection: { anchor: Math.min(from + column - 1, to) }, scrollIntoView: true });
      made.focus();
    },
  }));

  return <div ref={box} className="h-full overflow-hidden rounded-xl" />;
}
