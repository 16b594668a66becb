import { refusals } from './refusal.ts';

/** A piece of a statement. Comments are none: they are gone. */
export interface Word {
  kind: 'bare' | 'number' | 'text' | 'quoted' | 'sign';
  /** As it stands in the statement. */
  source: string;
  /** Of a bare or quoted word the name; of others the source. */
  name: string;
  /** True when white space or a comment stood before it. */
  apart: boolean;
  /** Where it begins, from 1, for people who look for it. */
  line: number;
  column: number;
}

const bytesMost = 100_000;
const wordsMost = 20_000;
const nestingMost = 64;
const nameMost = 200;

const space = /[ \t\r\n\f\v]+/y;
const comment = /--[^\n]*|\/\*[\s\S]*?\*\//y;
const bare = /[A-Za-z_][A-Za-z0-9_]*/y;
const digits = /(?:\d[A-Za-z0-9_]*(?:\.(?!\d*\.)\d*(?:[eE][+-]?\d+)?)?|\.\d+(?:[eE][+-]?\d+)?)/y;
const text = /'(?:[^'\\]|\\[\s\S]|'')*'/y;
const quoted = /`[^`\\]*`|"[^"\\]*"/y;
const sign = /->|<=>|<=|>=|<>|!=|==|\|\||::|[-+*/%=<>!?:.,()[\]{};^]/y;
/** What a quoted name may hold: nothing that could be taken for the writing of the engine's tree. */
const nameable = /^[\p{L}\p{N}_ .,:%+*/?!=<>#&@-]+$/u;

/**
 * Cuts a text into words, more strictly than the engine does: what it could read otherwise than we do is refused
 * (characters outside of ASCII that are not quoted, heredocs, `x'41'`, escapes in names). Throws Refusal.
 */
export function wordsOf(statement: string): Word[] {
  if (Buffer.byteLength(statement) > bytesMost) {
    throw refusals.tooLong(`A query may have ${bytesMost} bytes at most.`);
  }
  if (!statement.isWellFormed() || statement.includes('\0')) {
    throw refusals.syntax('The query holds a NUL or half a character.');
  }
  const words: Word[] = [];
  let at = 0;
  let apart = true;
  let nesting = 0;
  const place = { line: 1, begins: 0, at: 0 };
  const next = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(statement)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  const add = (kind: Word['kind'], source: string, name = source) => {
    if (words.length === wordsMost) throw refusals.tooLong(`A query may have ${wordsMost} words at most.`);
    const begins = at - source.length;
    for (let end = statement.indexOf('\n', place.at); end >= 0 && end < begins; ) {
      place.line += 1;
      place.begins = end + 1;
      end = statement.indexOf('\n', end + 1);
    }
    place.at = begins;
    words.push({ kind, source, name, apart, line: place.line, column: begins - place.begins + 1 });
    apart = false;
  };
  while (at < statement.length) {
    if (next(space) !== null || next(comment) !== null) {
      apart = true;
      continue;
    }
    const previous = words.at(-1);
    let found = next(bare);
    if (found !== null) {
      add('bare', found);
      continue;
    }
    found = previous?.source === '.' && !apart ? next(/\d+/y) : next(digits);
    if (found !== null) {
      add('number', found);
      continue;
    }
    found = next(text);
    if (found !== null) {
      // b'0' and x'41' have rules of their own, in which a backslash is none.
      if (!apart && previous && ['bare', 'number', 'text', 'quoted'].includes(previous.kind)) {
        throw refusals.syntax('Put a space before a quoted text.');
      }
      add('text', found);
      continue;
    }
    found = next(quoted);
    if (found !== null) {
      const name = found.slice(1, -1);
      if (!nameable.test(name) || name.length > nameMost) {
        throw refusals.syntax('A quoted name has letters, digits, spaces and simple signs, 200 at most.');
      }
      add('quoted', found, name);
      continue;
    }
    found = next(sign);
    if (found === null) throw refusals.syntax(`The query cannot be read at character ${at + 1}.`);
    if ('([{'.includes(found)) nesting += 1;
    if (')]}'.includes(found)) nesting -= 1;
    if (nesting > nestingMost) throw refusals.tooDeep(`Brackets may nest ${nestingMost} deep.`);
    add('sign', found);
  }
  return words;
}

/** The words as a statement again, with one space where there was any white space or a comment. */
export function statementOf(words: readonly Word[]): string {
  return words.map(({ source, apart }, index) => (apart && index > 0 ? ` ${source}` : source)).join('');
}

/** True when the word stands there unquoted, in whatever case. */
export function isBare(word: Word | undefined, name: string): boolean {
  return word?.kind === 'bare' && word.name.toLowerCase() === name;
}

export function isSign(word: Word | undefined, source: string): boolean {
  return word?.kind === 'sign' && word.source === source;
}
