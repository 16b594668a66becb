import { readFileSync } from 'node:fs';

interface Field {
  name: string;
  types: string[];
  required: boolean;
  description: string;
}

interface TelegramSchema {
  methods: Record<string, { name: string; fields?: Field[]; returns: string[] }>;
  types: Record<string, { name: string; fields?: Field[]; subtypes?: string[] }>;
}

/** Says what is wrong, or nothing. `where` is the path of the value for the message. */
type Check = (value: unknown, where: string, files: ReadonlyMap<string, unknown>) => string | undefined;

interface Param {
  required: boolean;
  check: Check;
  /** Reads the value of a form field, where everything is text. */
  read: (text: string) => unknown;
}

const SCHEMA: TelegramSchema = JSON.parse(
  readFileSync(new URL('../schema/telegram.schema.json', import.meta.url), 'utf8'),
);

const ENTITY_TYPES = new Set(
  'mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough spoiler blockquote expandable_blockquote code pre text_link text_mention custom_emoji date_time'.split(
    ' ',
  ),
);

const checks = new Map<string, Check>();
const methods = new Map<string, Map<string, Param>>();

export function isTelegramMethod(method: string): boolean {
  return Object.hasOwn(SCHEMA.methods, method);
}

/** The schema's own spelling of a method, since Telegram does not look at the case. */
export function telegramMethodName(name: string): string | undefined {
  if (isTelegramMethod(name)) return name;
  return METHOD_NAMES.get(name.toLowerCase());
}

const METHOD_NAMES = new Map(Object.keys(SCHEMA.methods).map((name) => [name.toLowerCase(), name]));

/**
 * Checks the parameters of a call against the schema and, for forms, turns text into numbers, booleans and objects in
 * place. Returns what is wrong with the call, or nothing.
 */
export function checkTelegramCall(
  method: string,
  params: Record<string, unknown>,
  files: ReadonlyMap<string, unknown>,
  textual: boolean,
): string | undefined {
  const known = paramsOf(method);
  for (const name of files.keys()) if (known.has(name)) params[name] = `attach://${name}`;
  for (const name in params) {
    const param = known.get(name);
    if (!param) return `unknown parameter "${name}"`;
    const value = params[name];
    if (textual && typeof value === 'string') params[name] = param.read(value);
    const wrong = param.check(params[name], name, files);
    if (wrong) return wrong;
  }
  for (const [name, param] of known)
    if (param.required && params[name] === undefined) return `parameter "${name}" is missing`;
  return undefined;
}

/** Checks an answer's `result` against what the schema says the method returns. */
export function checkTelegramAnswer(method: string, result: unknown): string | undefined {
  const returns = SCHEMA.methods[method]?.returns ?? [];
  return union(returns)(result, method, new Map());
}

/** Checks a value against a type of the schema, such as `Update`. */
export function checkTelegramType(type: string, value: unknown): string | undefined {
  return union([type])(value, type, new Map());
}

function paramsOf(method: string): Map<string, Param> {
  const done = methods.get(method);
  if (done) return done;
  const built = new Map<string, Param>();
  for (const field of SCHEMA.methods[method]?.fields ?? [])
    built.set(field.name, {
      required: field.required,
      check: union(field.types, field),
      read: reader(field.types),
    });
  methods.set(method, built);
  return built;
}

function reader(types: string[]): (text: string) => unknown {
  if (types.includes('String') || types.includes('InputFile')) return (text) => text;
  if (types.includes('Integer') || types.includes('Float'))
    return (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  if (types.includes('Boolean'))
    return (text) => (/^(true|1|yes)$/i.test(text) ? true : /^(false|0|no)$/i.test(text) ? false : text);
  return (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
}

function union(types: string[], field?: Field): Check {
  // Lists of this or lists of that: an album may mix both.
  if (types.length > 1 && types.every((type) => type.startsWith('Array of ')))
    return arrayOf(
      union(
        types.map((type) => type.slice('Array of '.length)),
        field,
      ),
    );
  const [first, ...rest] = types.map((type) => checkOf(type, field));
  if (!first) return () => undefined;
  if (rest.length === 0) return first;
  return (value, where, files) => {
    const wrong = first(value, where, files);
    if (wrong === undefined) return undefined;
    let best = wrong;
    for (const check of rest) {
      const other = check(value, where, files);
      if (other === undefined) return undefined;
      // The complaint from deepest inside belongs to the type that was meant.
      if (other.length > best.length) best = other;
    }
    return best;
  };
}

function checkOf(type: string, field?: Field): Check {
  if (type.startsWith('Array of ')) return arrayOf(checkOf(type.slice('Array of '.length)));
  switch (type) {
    case 'String':
      return stringCheck(field);
    case 'Integer':
      return (value, where) => (Number.isSafeInteger(value) ? undefined : `${where} must be an integer`);
    case 'Float':
      return (value, where) => (Number.isFinite(value) ? undefined : `${where} must be a number`);
    case 'Boolean':
      return (value, where) => (typeof value === 'boolean' ? undefined : `${where} must be a boolean`);
    case 'True':
      return (value, where) => (value === true ? undefined : `${where} must be true`);
    case 'InputFile':
      return fileCheck;
  }
  const done = checks.get(type);
  if (done) return done;
  // Types refer to each other in circles, so the real check is looked up when it is first needed.
  let built: Check | undefined;
  const lazy: Check = (value, where, files) => {
    built ??= objectCheck(type);
    return built(value, where, files);
  };
  checks.set(type, lazy);
  return lazy;
}

function arrayOf(item: Check): Check {
  return (value, where, files) => {
    if (!Array.isArray(value)) return `${where} must be an array`;
    for (let i = 0; i < value.length; i++) {
      const wrong = item(value[i], `${where}[${i}]`, files);
      if (wrong) return wrong;
    }
    return undefined;
  };
}

const fileCheck: Check = (value, where, files) => {
  if (typeof value !== 'string') return `${where} must be a file or a string`;
  if (value.startsWith('attach://') && !files.has(value.slice(9)))
    return `${where} names an attached file that is not in the request`;
  return undefined;
};

function stringCheck(field?: Field): Check {
  const fixed = fixedValue(field);
  if (fixed !== undefined)
    return (value, where) => (value === fixed ? undefined : `${where} must be "${fixed}"`);
  if (field?.description.startsWith('Type of the entity'))
    return (value, where) => (ENTITY_TYPES.has(String(value)) ? undefined : `${where} is no entity type`);
  const mayAttach = field?.description.includes('attach://') ?? false;
  return (value, where, files) => {
    if (typeof value !== 'string') return `${where} must be a string`;
    return mayAttach ? fileCheck(value, where, files) : undefined;
  };
}

function fixedValue(field?: Field): string | undefined {
  if (!field || !['type', 'status', 'source'].includes(field.name)) return undefined;
  return /, (?:must be|always) [“"]?([a-z_]+)[”"]?$/.exec(field.description)?.[1];
}

function objectCheck(type: string): Check {
  const described = SCHEMA.types[type];
  if (!described) throw new Error(`no type ${type} in the schema`);
  if (described.subtypes) return union(described.subtypes);
  const fields = new Map(
    (described.fields ?? []).map((field) => [
      field.name,
      { required: field.required, check: union(field.types, field) },
    ]),
  );
  const needed = [...fields].filter(([, field]) => field.required).map(([name]) => name);
  return (value, where, files) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return `${where} must be a ${type}`;
    for (const [name, inner] of Object.entries(value)) {
      const field = fields.get(name);
      if (!field) return `${where} has an unknown field "${name}" (${type})`;
      const wrong = field.check(inner, `${where}.${name}`, files);
      if (wrong) return wrong;
    }
    for (const name of needed) if (!(name in value)) return `${where} has no field "${name}" (${type})`;
    return undefined;
  };
}
