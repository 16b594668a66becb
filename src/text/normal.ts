import { type Entity, entityTypes, type FormattedText, type Kind } from './entity.ts';

/** The order of two entities that cover the same characters: the lesser is the outer one. */
export function nesting({ type }: Kind): number {
  return entityTypes.indexOf(type);
}

/** One kind of formatting over a stretch of text that is as long as it goes. */
interface Run {
  kind: Kind;
  key: string;
  start: number;
  end: number;
}

/**
 * The one spelling of this formatting: sorted (offset, then the longer, then by nesting), equal formatting that
 * touches or overlaps merged, duplicates gone. What merging makes overlap in part is cut so that it nests again:
 * styles at links, links at quotes, code at everything. Quotes, pre and custom emoji that only touch stay apart.
 * A link to tg://user?id=… is a mention. The text stays as it is. Expects what `faultsOf` accepts; of other
 * entities it keeps what lies within the text.
 */
export function normalised({ text, entities }: FormattedText): FormattedText {
  const runs = merged(entities.flatMap((entity) => runOf(entity, text.length)));
  const edges = [...new Set(runs.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const pieces: Entity[] = [];
  const open: { run: Run; from: number }[] = [];
  let next = 0;
  for (const at of edges) {
    const starting: Run[] = [];
    for (let run = runs[next]; run && run.start === at; run = runs[++next]) starting.push(run);
    // What ends or gives way takes everything inside of it along; the rest of that opens again right here.
    const lowest = open.findIndex(
      ({ run }) => run.end <= at || starting.some((other) => givesWay(run, other)),
    );
    const closed = lowest < 0 ? [] : open.splice(lowest);
    for (const { run, from } of closed) {
      if (from < at) pieces.push({ ...run.kind, offset: from, length: at - from });
    }
    const opening = [...closed.map(({ run }) => run).filter(({ end }) => end > at), ...starting];
    open.push(...opening.sort(byReach).map((run) => ({ run, from: at })));
  }
  return { text, entities: pieces.sort(byPlace) };
}

function runOf(entity: Entity, textLength: number): Run[] {
  const { offset, length, ...given } = entity;
  const user = given.type === 'text_link' ? /^tg:\/\/user\?id=(\d{1,19})$/i.exec(given.url ?? '') : null;
  const kind: Kind = user ? { type: 'mention', network: 'telegram', id: user[1] } : given;
  const start = Math.max(0, offset);
  const end = Math.min(textLength, offset + length);
  if (!(start < end)) return [];
  const { type, url, language, network, id, custom_emoji_id } = kind;
  return [{ kind, key: JSON.stringify([type, url, language, network, id, custom_emoji_id]), start, end }];
}

function merged(runs: readonly Run[]): Run[] {
  const last = new Map<string, Run>();
  const kept: Run[] = [];
  for (const run of [...runs].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const before = last.get(run.key);
    const meets = before && (tier(run) === 0 ? run.start < before.end : run.start <= before.end);
    if (meets) before.end = Math.max(before.end, run.end);
    else {
      kept.push(run);
      last.set(run.key, run);
    }
  }
  return kept;
}

/** What is cut where two overlap in part: the one of the higher tier. Tier 0 is whole or nothing. */
function tier({ kind }: Run): number {
  switch (kind.type) {
    case 'blockquote':
    case 'expandable_blockquote':
    case 'pre':
    case 'custom_emoji':
      return 0;
    case 'text_link':
    case 'mention':
      return 1;
    case 'code':
      return 3;
    default:
      return 2;
  }
}

function givesWay(open: Run, starting: Run): boolean {
  // Nothing may lie inside of code, so that it goes inside of whatever starts.
  if (open.kind.type === 'code') return true;
  return tier(open) > tier(starting) && open.end < starting.end;
}

function byReach(a: Run, b: Run): number {
  const code = Number(a.kind.type === 'code') - Number(b.kind.type === 'code');
  return code || b.end - a.end || nesting(a.kind) - nesting(b.kind) || (a.key < b.key ? -1 : 1);
}

function byPlace(a: Entity, b: Entity): number {
  return a.offset - b.offset || b.length - a.length || nesting(a) - nesting(b);
}
