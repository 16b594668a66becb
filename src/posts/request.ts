import type { Who } from '../context.ts';
import { sha256 } from '../crypto.ts';

/**
 * Who asked with which Idempotency-Key. Kept in the commit of what the request made: when the process dies between that
 * commit and its answer, the repeated request finds it and makes no second. null: no key was given.
 */
export function requestKeyOf(who: Who, idempotencyKey: string | null): string | null {
  return idempotencyKey === null ? null : sha256(`${who.keyId ?? who.userId}|${idempotencyKey}`);
}
