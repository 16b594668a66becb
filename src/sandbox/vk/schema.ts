import { readFileSync } from 'node:fs';
import type { VkTokenKind } from '../state.ts';

interface Shape {
  type?: string | string[];
  $ref?: string;
  required?: boolean;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  maxLength?: number;
  items?: Shape;
  properties?: Record<string, Shape>;
  allOf?: Shape[];
  oneOf?: Shape[];
}

interface Parameter extends Shape {
  name: string;
}

interface VkSchema {
  supplement: { parameters: Record<string, Parameter[]> };
  methods: Record<
    string,
    { access_token_type: string[]; parameters?: Parameter[]; responses: Record<string, Shape> }
  >;
  definitions: Record<string, Shape>;
  errors: Record<string, { code: number; description: string }>;
}

type Check = (value: string, name: string) => string | undefined;

const SCHEMA: VkSchema = JSON.parse(
  readFileSync(new URL('../schema/vk.schema.json', import.meta.url), 'utf8'),
);

/** Every method takes these. */
const EVERYWHERE = new Set(['v', 'access_token', 'lang', 'test_mode']);

const ERRORS = new Map(Object.values(SCHEMA.errors).map((error) => [error.code, error.description]));
const methods = new Map<string, Map<string, { required: boolean; check: Check }>>();

export function isVkMethod(method: string): boolean {
  return Object.hasOwn(SCHEMA.methods, method);
}

/** VK's own words for an error code. */
export function vkErrorText(code: number): string {
  // 1051 was seen live and is missing from the schema.
  if (code === 1051)
    return 'Method is not available for this profile type: method is unavailable with current profile type';
  return ERRORS.get(code) ?? 'Unknown error occurred';
}

/** Whether the schema names this kind of token for the method. */
export function schemaAllows(method: string, kind: VkTokenKind): boolean {
  const name = kind === 'community' ? 'group' : kind === 'service' ? 'service' : 'user';
  return SCHEMA.methods[method]?.access_token_type.includes(name) ?? false;
}

/** Names of the events that a community can be asked to tell of. */
export function eventNames(): string[] {
  return [...parametersOf('groups.setCallbackSettings').keys()].filter(
    (name) => !['group_id', 'server_id', 'api_version'].includes(name),
  );
}

/** Names of the events that settings are read back for; the schema leaves some out, such as `like_add`. */
export function shownEventNames(): string[] {
  return Object.keys(SCHEMA.definitions.groups_long_poll_events?.properties ?? {});
}

/** Checks the parameters of a call, all text as VK takes them. Returns what is wrong, or nothing. */
export function checkVkCall(method: string, params: Record<string, unknown>): string | undefined {
  const known = parametersOf(method);
  for (const name in params) {
    if (EVERYWHERE.has(name)) continue;
    const parameter = known.get(name);
    if (!parameter) return `unknown parameter ${name}`;
    const wrong = parameter.check(String(params[name]), name);
    if (wrong) return wrong;
  }
  for (const [name, parameter] of known)
    if (parameter.required && (params[name] === undefined || params[name] === ''))
      return `${name} is undefined`;
  return undefined;
}

/** Checks an answer, as `{"response": …}`, against any of the forms that the schema gives for the method. */
export function checkVkAnswer(method: string, answer: unknown): string | undefined {
  const forms = Object.values(SCHEMA.methods[method]?.responses ?? {});
  let first: string | undefined;
  for (const form of forms) {
    const wrong = mismatch(form, answer, method);
    if (wrong === undefined) return undefined;
    first ??= wrong;
  }
  return first ?? `${method} is not in the schema`;
}

/** Checks a value against one of the schema's types. */
export function checkVkType(name: string, value: unknown): string | undefined {
  const shape = SCHEMA.definitions[name];
  return shape ? mismatch(shape, value, name) : `${name} is not in the schema`;
}

function parametersOf(method: string): Map<string, { required: boolean; check: Check }> {
  const done = methods.get(method);
  if (done) return done;
  const built = new Map<string, { required: boolean; check: Check }>();
  const described = [
    ...(SCHEMA.methods[method]?.parameters ?? []),
    ...(SCHEMA.supplement.parameters[method] ?? []),
  ];
  for (const parameter of described)
    built.set(parameter.name, { required: parameter.required === true, check: checkOf(parameter) });
  methods.set(method, built);
  return built;
}

function resolve(shape: Shape): Shape {
  if (!shape.$ref) return shape;
  const target = SCHEMA.definitions[shape.$ref.replace('#/definitions/', '')];
  return target ? resolve(target) : {};
}

function checkOf(given: Shape): Check {
  const shape = resolve(given);
  const types = Array.isArray(shape.type) ? shape.type : [shape.type ?? 'string'];
  if (types.includes('array')) {
    const item = checkOf(shape.items ?? {});
    const most = shape.maxItems ?? Number.POSITIVE_INFINITY;
    return (value, name) => {
      const items = value === '' ? [] : value.split(',');
      if (items.length > most) return `${name} has more than ${most} items`;
      for (const one of items) {
        const wrong = item(one.trim(), name);
        if (wrong) return wrong;
      }
      return undefined;
    };
  }
  const allowed = shape.enum && new Set(shape.enum.map(String));
  if (allowed) return (value, name) => (allowed.has(value) ? undefined : `${name} has an unknown value`);
  if (types.includes('string')) {
    const longest = shape.maxLength ?? Number.POSITIVE_INFINITY;
    return (value, name) => (value.length <= longest ? undefined : `${name} is too long`);
  }
  if (types.includes('boolean'))
    return (value, name) => (/^(0|1|true|false)$/.test(value) ? undefined : `${name} not boolean`);
  const pattern = types.includes('integer') ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/;
  return (value, name) => {
    if (!pattern.test(value)) return `${name} not ${types[0]}`;
    const number = Number(value);
    if (shape.minimum !== undefined && number < shape.minimum)
      return `${name} should be greater or equal to ${shape.minimum}`;
    if (shape.maximum !== undefined && number > shape.maximum)
      return `${name} should be less or equal to ${shape.maximum}`;
    return undefined;
  };
}

/** Compares a value with a shape; answers are checked in tests only, so this walks the schema as it is. */
function mismatch(given: Shape, value: unknown, where: string): string | undefined {
  const shape = resolve(given);
  if (shape.oneOf) {
    const wrong = shape.oneOf.map((one) => mismatch(one, value, where));
    return wrong.includes(undefined) ? undefined : wrong[0];
  }
  if (shape.allOf || shape.properties) return objectMismatch(shape, value, where);
  if (shape.enum && !shape.enum.includes(value)) return `${where} has an unknown value`;
  const types = Array.isArray(shape.type) ? shape.type : shape.type ? [shape.type] : [];
  if (types.length > 0 && !types.some((type) => isOfType(type, value)))
    return `${where} is not ${types.join(' or ')}`;
  if (shape.minimum !== undefined && typeof value === 'number' && value < shape.minimum)
    return `${where} is too small`;
  if (Array.isArray(value) && shape.items) {
    for (const [i, item] of value.entries()) {
      const wrong = mismatch(shape.items, item, `${where}[${i}]`);
      if (wrong) return wrong;
    }
  }
  return undefined;
}

function objectMismatch(shape: Shape, value: unknown, where: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${where} is not an object`;
  const fields = new Map<string, Shape>();
  gather(shape, fields);
  for (const [name, inner] of Object.entries(value)) {
    const field = fields.get(name);
    if (!field) return `${where} has an unknown field ${name}`;
    const wrong = mismatch(field, inner, `${where}.${name}`);
    if (wrong) return wrong;
  }
  for (const [name, field] of fields)
    if (field.required === true && !(name in value)) return `${where} has no ${name}`;
  return undefined;
}

function gather(given: Shape, fields: Map<string, Shape>): void {
  const shape = resolve(given);
  for (const part of shape.allOf ?? []) gather(part, fields);
  for (const [name, field] of Object.entries(shape.properties ?? {})) fields.set(name, field);
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}
