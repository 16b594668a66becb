/**
 * What the server says, for a language that is not its own: its English text is the key, as with gettext. Values that
 * it puts in are {{1}}, {{2}} …, in their order; `[[1|день|дня|дней]]` is the form that fits the number in the first.
 */
export type Said = Readonly<Record<string, string>>;

interface Pattern {
  fits: RegExp;
  words: string;
}

const hole = /\{\{(\d+)\}\}/g;
/** Of regular expressions. */
const special = /[.*+?^${}()|[\]\\]/g;
const form = /\[\[(\d+)\|([^\]]*)\]\]/g;
/** By what a number needs in Russian; English needs no words here. */
const order = ['one', 'few', 'many'];

let spoken: {
  exact: ReadonlyMap<string, string>;
  patterns: readonly Pattern[];
  plurals: Intl.PluralRules;
} | null = null;
const known = new Map<string, string | null>();

/** From now on {@link said} speaks this language; null: the server's own. */
export function speak(language: string, words: Said | null): void {
  known.clear();
  spoken = words && {
    exact: new Map(Object.entries(words)),
    // The most telling first.
    patterns: Object.entries(words)
      .filter(([key]) => key.includes('{{'))
      .sort(([a], [b]) => b.replace(hole, '').length - a.replace(hole, '').length)
      .map(([key, found]) => ({ fits: patternOf(key), words: found })),
    plurals: new Intl.PluralRules(language),
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

function whole(text: string): string | null {
  const exact = spoken?.exact.get(text);
  if (exact !== undefined) return exact;
  for (const { fits, words } of spoken?.patterns ?? []) {
    const found = fits.exec(text);
    if (found) return filled(words, found.slice(1));
  }
  return null;
}

function filled(words: string, values: readonly string[]): string {
  return words
    .replace(form, (_, n: string, forms: string) => {
      const number = Number.parseFloat(values[Number(n) - 1] ?? '');
      const wanted = order.indexOf(spoken?.plurals.select(number) ?? 'many');
      const all = forms.split('|');
      return all[wanted] ?? all[1] ?? '';
    })
    .replace(hole, (_, n: string) => {
      const value = values[Number(n) - 1] ?? '';
      // It may be a text of its own, or a name.
      return value.includes(' ') ? (said(value) ?? value) : value;
    });
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
