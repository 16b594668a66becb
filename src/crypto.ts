import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { chmod, link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from './errors.ts';

/** A 256-bit AES key with the first four bytes of its SHA-256, which say in a sealed value which key opens it. */
export interface SealingKey {
  id: Uint8Array;
  bytes: Uint8Array;
}

const format = 1;
const nonceLength = 12;
const tagLength = 16;
const headLength = 1 + 4 + nonceLength;

export function sealingKey(bytes: Uint8Array): SealingKey {
  if (bytes.length !== 32) throw new Error('a sealing key has 32 bytes');
  return { id: createHash('sha256').update(bytes).digest().subarray(0, 4), bytes };
}

export function newSealingKey(): SealingKey {
  return sealingKey(randomBytes(32));
}

/**
 * AES-256-GCM with a random nonce: `format(1) key-id(4) nonce(12) ciphertext tag(16)`.
 * `boundTo` (table, column, row, workspace, version) is authenticated: a value copied to another place does not open.
 */
export function seal(key: SealingKey, plain: Uint8Array, boundTo: string): Buffer {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  cipher.setAAD(Buffer.from(boundTo));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from([format]), key.id, nonce, body, cipher.getAuthTag()]);
}

/** Opens what {@link seal} made. Throws when the key, the place or a single bit is another. */
export function unseal(key: SealingKey, sealed: Uint8Array, boundTo: string): Buffer {
  const bytes = Buffer.from(sealed);
  if (bytes[0] !== format || bytes.length < headLength + tagLength) throw new Error('not a sealed value');
  if (!bytes.subarray(1, 5).equals(key.id)) throw new Error('sealed with another key');
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(5, headLength));
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagLength));
  return Buffer.concat([
    decipher.update(bytes.subarray(headLength, bytes.length - tagLength)),
    decipher.final(),
  ]);
}

/**
 * The key that wraps every workspace's data key: from OUTPOST_SECRET, or from a file made once in `dataDir`
 * with mode 0600. Whoever backs up the database must back this up too, and apart from it.
 */
export async function openMasterKey(secret: string | null, dataDir: string): Promise<SealingKey> {
  const material = secret ?? (await secretFile(join(dataDir, 'secret')));
  return sealingKey(new Uint8Array(hkdfSync('sha256', material, 'outpost', 'wrap v1', 32)));
}

async function secretFile(path: string): Promise<string> {
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (kept === null) {
      // Linked, not renamed: of two processes that start at once, the first one's secret stands.
      await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, {
        mode: 0o600,
        flag: 'wx',
        flush: true,
      });
      await link(draft, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
    await chmod(path, 0o600);
    const text = (await readFile(path, 'utf8')).trim();
    if (text.length < 32)
      throw new StartError(`${path} is damaged: it holds the master key and must not be edited.`);
    return text;
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The master key file ${path} cannot be read or written: check its owner, or set OUTPOST_SECRET.`,
    );
  } finally {
    await rm(draft, { force: true });
  }
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hmacSha256(key: Uint8Array, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** 256 random bits, base64url. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in constant time; texts of different length are unequal at once. */
export function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
