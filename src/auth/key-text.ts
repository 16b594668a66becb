import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 26;
const checkLength = 6;

/**
 * A new key: `sk_<environment>_`, 26 random base62 characters (154 bits) and 6 that check what precedes, as GitHub's
 * tokens do: a scanner or a typo is told apart without asking the database.
 */
export function newKeyText(environment: string): string {
  const head = `sk_${environment}_${randomBase62(randomLength)}`;
  return head + checksum(head);
}

/** True when a text has the form of a key of this environment and its checksum fits. */
export function isKeyText(text: string, environment: string): boolean {
  const prefix = `sk_${environment}_`;
  if (text.length !== prefix.length + randomLength + checkLength || !text.startsWith(prefix)) return false;
  return (
    /^[0-9A-Za-z]+$/.test(text.slice(prefix.length)) &&
    checksum(text.slice(0, -checkLength)) === text.slice(-checkLength)
  );
}

/** What a list may show of a key, so that a person knows which it is: `sk_main_Ab3d` and the last four characters. */
export function shownParts(key: string, environment: string): { prefix: string; lastFour: string } {
  return { prefix: key.slice(0, `sk_${environment}_`.length + 4), lastFour: key.slice(-4) };
}

function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // 248 is the last multiple of 62 in a byte: the rest is thrown away, or the first eight letters would be likelier.
      if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62);
    }
  }
  return text;
}

function checksum(head: string): string {
  let left = crc32(head);
  let text = '';
  for (let i = 0; i < checkLength; i += 1) {
    text = alphabet.charAt(left % 62) + text;
    left = Math.floor(left / 62);
  }
  return text;
}
