/**
 * What the server says, for a language that is not its own: its English text is the key, as with gettext. Values that
 * it puts in are {{1}}, {{2}} …, in their order; `[[1|день|дня|дней]]` is the form that fits the number in the first.
 * `[[1]]` is a value that is one of the server's own words, or several with commas: these have keys as `[[images]]`.
 */
export type Said = Readonly<Record<string, string>>;

interface Pattern {
  fits: RegExp;
  words: string;
}

/** The words for texts, or those for values. */
interface Words {
  exact: ReadonlyMap<string, string>;
  patterns: readonly Pattern[];
}

const hole = /\{\{(\d+)\}\}/g;
/** The key of a value. */
const own = /^\[\[(.*)\]\]$/s;
/** Of regular expressions. */
const special = /[.*+?^${}()|[\]\\]/g;
/** What is filled: a form, a value of the server's own, any value. */
const place = /\[\[(\d+)\|([^\]]*)\]\]|\[\[(\d+)\]\]|\{\{(\d+)\}\}/g;
/** By what a number needs in Russian; English needs no words here. */
const order = ['one', 'few', 'many'];

let spoken: { texts: Words; values: Words; plurals: Intl.PluralRules } | null = null;
const known = new Map<string, string | null>();

/** From now on {@link said} speaks this language; null: the server's own. */
export function speak(language: string, words: Said | null): void {
  known.clear();
  if (words === null) {
    spoken = null;
    return;
  }
  const all = Object.entries(words);
  spoken = {
    texts: wordsOf(all.filter(([key]) => !own.test(key))),
    values: wordsOf(all.filter(([key]) => own.test(key)).map(([key, found]) => [key.slice(2, -2), found])),
    plurals: new Intl.PluralRules(language),
  };
}

function wordsOf(entries: readonly (readonly [string, string])[]): Words {
  return {
    exact: new Map(entries),
    // The most telling first.
    patterns: entries
      .filter(([key]) => key.includes('{{'))
      .sort(([a], [b]) => b.replace(hole, '').length - a.replace(hole, '').length)
      .map(([key, found]) => ({ fits: patternOf(key), words: found })),
  };
}

function patternOf(key: string): RegExp {
  const literal = key
    .split(hole)
    .map((part, index) => (index % 2 === 1 ? '(.*?)' : part.replace(special, '\\$&')));
  return new RegExp(`^${literal.join('')}$`, 's');
}

/** A text of the server in the language of the page; null: there are no words for it. */
export function said(text: string): string | null {
  if (spoken === null) return text;
  const before = known.get(text);
  if (before !== undefined) return before;
  const found = whole(text) ?? bySentence(text) ?? named(text);
  if (known.size > 2_000) known.clear();
  known.set(text, found);
  return found;
}

function whole(text: string, among = spoken?.texts): string | null {
  const exact = among?.exact.get(text);
  if (exact !== undefined) return exact;
  for (const { fits, words } of among?.patterns ?? []) {
    const found = fits.exec(text);
    if (found) return filled(words, found.slice(1));
  }
  return null;
}

function filled(words: string, values: readonly string[]): string {
  const at = (n: string) => values[Number(n) - 1] ?? '';
  return words.replace(place, (_, counted?: string, forms?: string, owned?: string, any?: string): string => {
    if (counted !== undefined) {
      const wanted = order.indexOf(spoken?.plurals.select(Number.parseFloat(at(counted))) ?? 'many');
      const all = forms?.split('|') ?? [];
      return all[wanted] ?? all[1] ?? '';
    }
    if (owned !== undefined) return valued(at(owned));
    const value = at(any ?? '');
    // It may be a text of its own, or a name.
    return value.includes(' ') ? (said(value) ?? value) : value;
  });
}

/** Values of the server's own; before them may stand whose they are, as in {@link named}. */
function valued(text: string): string {
  const at = text.lastIndexOf(': ') + 1;
  const found = text
    .slice(at)
    .trimStart()
    .split(', ')
    .map((one) => whole(one, spoken?.values) ?? one);
  return `${text.slice(0, at)}${at > 0 ? ' ' : ''}${found.join(', ')}`;
}

/** Texts that were put one after the other; what has no words of them stays as it is. */
function bySentence(text: string): string | null {
  const sentences = text.split(/(?<=[.!?]) (?=[A-ZА-Я])/);
  if (sentences.length < 2) return null;
  for (let length = sentences.length - 1; length > 0; length--) {
    const start = whole(sentences.slice(0, length).join(' '));
    if (start === null) continue;
    const rest = sentences.slice(length).join(' ');
    return `${start} ${said(rest) ?? rest}`;
  }
  const [first = '', ...others] = sentences;
  const rest = said(others.join(' '));
  return rest === null ? null : `${first} ${rest}`;
}

/** «Channel: what is wrong there». */
function named(text: string): string | null {
  const at = text.indexOf(': ') + 2;
  const rest = at > 1 ? (whole(text.slice(at)) ?? bySentence(text.slice(at))) : null;
  return rest === null ? null : text.slice(0, at) + rest;
}

/** Names under which the API gives texts of its own to people. */
const fields = new Set([
  'message',
  'next_step',
  'note',
  'detail',
  'without',
  'reason',
  'status_reason',
  'last_error',
  'error',
  'steps',
  'warnings',
]);

/** An answer of the API with its own texts in the language of the page; the same object, changed. */
export function inWords<T>(answer: T): T {
  if (spoken !== null) put(answer);
  return answer;
}

function put(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) put(one);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const [name, child] of Object.entries(object)) {
    // What would be sent to a network is what a person wrote.
    if (name === 'request') continue;
    if (!fields.has(name)) put(child);
    else if (typeof child === 'string') object[name] = said(child) ?? child;
    else if (Array.isArray(child) && child.every((one) => typeof one === 'string')) {
      object[name] = child.map((one) => said(one) ?? one);
    } else put(child);
  }
}
