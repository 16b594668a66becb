import * as v from 'valibot';

/** What a key may be allowed to do; `*` is all of it. `admin`: keys and the maker's own profile. */
export const scopes = [
  'posts:read',
  'posts:write',
  'communities:read',
  'communities:write',
  'media:write',
  'analytics:read',
  'analytics:sql',
  'webhooks:write',
  'admin',
] as const;

export type Scope = (typeof scopes)[number];

export const ScopeSchema = v.picklist([...scopes, '*']);

/** Deny by default: only the scope itself or `*` allows. */
export function allows(held: ReadonlySet<string>, scope: Scope | '*'): boolean {
  return held.has('*') || held.has(scope);
}
