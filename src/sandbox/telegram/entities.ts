export interface Entity {
  type: string;
  offset: number;
  length: number;
  url?: string;
  language?: string;
  [more: string]: unknown;
}

/** What the Bot API says to text that it cannot use. */
export class TextRefused extends Error {}

/** Kinds that the server finds in the text by itself, whatever is given. */
const FOUND_KINDS = new Set(['mention', 'hashtag', 'cashtag', 'bot_command', 'url', 'email', 'phone_number']);
/** Kinds that may be cut into pieces where they cross others. */
const SPLITTABLE = new Set(['bold', 'italic', 'underline', 'strikethrough', 'spoiler']);
const CODE = new Set(['code', 'pre']);
const NEEDED: Record<string, string> = {
  text_link: 'url',
  text_mention: 'user',
  custom_emoji: 'custom_emoji_id',
  date_time: 'unix_time',
};

/** Entities as a caller gave them, without those that do not count. Throws TextRefused. */
export function givenEntities(text: string, given: Entity[], customEmoji: boolean): Entity[] {
  return given.flatMap((entity) => {
    const { type, offset, length } = entity;
    if (offset < 0 || length <= 0 || offset + length > text.length)
      throw new TextRefused("can't parse entities: entity lies outside of the text");
    checkSymbol(text, offset, 'begins');
    checkSymbol(text, offset + length, 'ends');
    const needed = NEEDED[type];
    if (needed && entity[needed] === undefined)
      throw new TextRefused(`can't parse MessageEntity: Can't find field "${needed}"`);
    if (FOUND_KINDS.has(type) || (type === 'custom_emoji' && !customEmoji)) return [];
    if (type !== 'text_link') return [{ ...entity }];
    const url = checkedUrl(String(entity.url));
    return url === undefined ? [] : [{ ...entity, url }];
  });
}

/** Refuses a place that cuts a surrogate pair. */
function checkSymbol(text: string, at: number, what: string): void {
  if (!/[\uDC00-\uDFFF]/.test(text[at] ?? '') || !/[\uD800-\uDBFF]/.test(text[at - 1] ?? '')) return;
  const bytes = Buffer.byteLength(text.slice(0, at - 1));
  throw new TextRefused(`entity ${what} in a middle of a UTF-16 symbol at byte offset ${bytes}`);
}

/** An address as the server writes it back, or nothing when it takes it for none. */
export function checkedUrl(url: string): string | undefined {
  if (/^(tg|ton|tonsite|mailto|tel):/i.test(url)) return url;
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(url) && !/^[^/:]+:\d/.test(url) ? url : `http://${url}`;
  const [, scheme, host, rest] = /^(https?:\/\/)([^/?#\s]+)(\S*)$/i.exec(whole) ?? [];
  if (!scheme || !host || !/^[^.]+(\.[^.]+)+$|^localhost(:\d+)?$/i.test(host)) return undefined;
  return `${scheme.toLowerCase()}${host.toLowerCase()}${rest?.startsWith('/') ? rest : `/${rest ?? ''}`}`;
}

/** Entities nested as the server keeps them: nothing in code, equal neighbours joined, crossings cut, blanks dropped. */
export function nestedEntities(text: string, entities: Entity[]): Entity[] {
  if (entities.length === 0) return entities;
  const pre = entities.filter((entity) => entity.type === 'pre');
  const code = entities.filter(
    (entity) => CODE.has(entity.type) && (entity.type === 'pre' || !pre.some((p) => touch(p, entity))),
  );
  const plain = entities.filter(
    (entity) =>
      !SPLITTABLE.has(entity.type) &&
      !CODE.has(entity.type) &&
      (entity.type.endsWith('blockquote') || !code.some((c) => touch(c, entity))),
  );
  const placed = [...code, ...plain];
  for (const type of SPLITTABLE) {
    let pieces = joined(entities.filter((entity) => entity.type === type));
    for (const c of code) pieces = pieces.flatMap((piece) => outside(piece, c));
    for (const other of [...placed]) pieces = pieces.flatMap((piece) => cutWhereCrossing(piece, other));
    placed.push(...pieces.filter((piece) => text.slice(piece.offset, endOf(piece)).trim() !== ''));
  }
  return sorted(placed);
}

export function sorted(entities: Entity[]): Entity[] {
  return entities.sort((a, b) => a.offset - b.offset || b.length - a.length);
}

function endOf(entity: Entity): number {
  return entity.offset + entity.length;
}

function touch(a: Entity, b: Entity): boolean {
  return a.offset < endOf(b) && b.offset < endOf(a);
}

function joined(entities: Entity[]): Entity[] {
  const made: Entity[] = [];
  for (const entity of sorted([...entities])) {
    const last = made.at(-1);
    if (last && entity.offset <= endOf(last))
      last.length = Math.max(endOf(last), endOf(entity)) - last.offset;
    else made.push({ ...entity });
  }
  return made;
}

function outside(entity: Entity, hole: Entity): Entity[] {
  if (!touch(entity, hole)) return [entity];
  return [
    { ...entity, length: hole.offset - entity.offset },
    { ...entity, offset: endOf(hole), length: endOf(entity) - endOf(hole) },
  ].filter((piece) => piece.length > 0);
}

function cutWhereCrossing(entity: Entity, other: Entity): Entity[] {
  const inside = (at: number) => at > entity.offset && at < endOf(entity);
  const crossing =
    touch(entity, other) &&
    ((other.offset < entity.offset && inside(endOf(other))) ||
      (endOf(other) > endOf(entity) && inside(other.offset)));
  if (!crossing) return [entity];
  const at = inside(other.offset) ? other.offset : endOf(other);
  return [
    { ...entity, length: at - entity.offset },
    { ...entity, offset: at, length: endOf(entity) - at },
  ];
}

const FOUND: [string, RegExp][] = [
  ['url', /\bhttps?:\/\/[^\s<>"]*[^\s<>".,!?;:)\]}»]/g],
  ['email', /(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b/gi],
  [
    'url',
    /(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:com|org|net|info|io|me|ru|app|dev)\b(?:\/[^\s<>"]*[^\s<>".,!?;:)\]}»])?/gi,
  ],
  ['hashtag', /(?<![\p{L}\p{N}_#/])#[\p{L}\p{N}_]*\p{L}[\p{L}\p{N}_]*/gu],
  ['cashtag', /(?<![\p{L}\p{N}_$])\$[A-Z]{1,8}\b/gu],
  ['mention', /(?<![\w@])@[a-z]\w{3,31}\b/gi],
  ['bot_command', /(?<![\w/<>.@:-])\/[a-z]\w{0,63}(?:@\w{3,32})?(?![\w/])/gi],
];
const CLOSED = ['code', 'pre', 'text_link', 'url', 'email'];

/** Entities with the links, tags and names that the server finds in the text. */
export function withFoundEntities(text: string, entities: Entity[]): Entity[] {
  if (!/[.#@$/]/.test(text)) return entities;
  const found: Entity[] = [];
  for (const [type, pattern] of FOUND)
    for (const match of text.matchAll(pattern)) {
      const entity: Entity = { type, offset: match.index, length: match[0].length };
      const taken = [...entities, ...found].some((e) => CLOSED.includes(e.type) && touch(e, entity));
      if (!taken) found.push(entity);
    }
  return sorted([...entities, ...found]);
}
