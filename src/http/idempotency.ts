import { createHash } from 'node:crypto';
import type { Context, Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';

export interface KeyedRequest {
  /** The header, 1 to 255 printable ASCII characters. */
  key: string;
  who: Who;
  method: string;
  /** Path and query. */
  target: string;
  body: ArrayBuffer | StreamedBody;
  /** Top-level fields of the answer that are shown once: null in the kept copy. */
  secrets: readonly string[];
}

/** A body that `act` itself reads, once. What it holds is known only at its end. */
export interface StreamedBody {
  /** SHA-256 of what it holds; null while it was not read to its end. */
  fingerprint(): Uint8Array | null;
  /** Reads it to its end without keeping anything. */
  discard(): Promise<Uint8Array>;
}

interface Kept {
  fingerprint: Uint8Array;
  status: number | null;
  content_type: string | null;
  body: string | null;
}

/**
 * Runs `act` at most once per key: the same request again gets the first answer with `Idempotent-Replayed: true`.
 * Throws `idempotency_mismatch` for another request under the key and `idempotency_in_progress` while the first runs.
 * Failures of ours (5xx), 429 and what was refused before its body was read are not kept, so that the same key may try
 * again.
 */
export async function once(
  ctx: Pick<Context, 'sql' | 'config' | 'log'>,
  request: KeyedRequest,
  act: () => Promise<Response>,
): Promise<Response> {
  const { sql, log, config } = ctx;
  const { key, who } = request;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw invalid({
      path: 'headers/Idempotency-Key',
      message: 'A key has 1 to 255 printable ASCII characters.',
    });
  }
  const principal = `${who.keyId ? `key:${who.keyId}` : `user:${who.userId}`}@${who.workspaceId}`;
  const streamed = request.body instanceof ArrayBuffer ? null : request.body;
  const fingerprintOf = (body: Uint8Array) =>
    createHash('sha256').update(`${request.method} ${request.target}\n`).update(body).digest();
  // A streamed body claims its key by the address alone; what was in it is written down with the answer.
  const fingerprint = fingerprintOf(
    request.body instanceof ArrayBuffer ? new Uint8Array(request.body) : Buffer.from('streamed'),
  );

  const lease = () => new Date(Date.now() + config.durations.lease);
  let held = lease();
  // One statement claims a new key, or one whose first request died before it answered.
  const [claimed] = await sql`
    insert into idempotency_keys (principal, key, fingerprint, lease_until)
    values (${principal}, ${key}, ${fingerprint}, ${held})
    on conflict (principal, key) do update set lease_until = excluded.lease_until
    where idempotency_keys.status is null and idempotency_keys.lease_until < now()
      and idempotency_keys.fingerprint = excluded.fingerprint
    returning 1 as one`;
  if (!claimed) {
    const [kept] = await sql<Kept[]>`
      select fingerprint, status, content_type, body from idempotency_keys
      where principal = ${principal} and key = ${key}`;
    const answered = streamed !== null && kept !== undefined && kept.status !== null;
    return replay(kept, answered ? fingerprintOf(await streamed.discard()) : fingerprint);
  }

  // A slow request keeps its key: without this a retry would take over while the first still works.
  const beat = setInterval(() => {
    const next = lease();
    sql`update idempotency_keys set lease_until = ${next}
      where principal = ${principal} and key = ${key} and lease_until = ${held} and status is null`.then(
      (rows) => {
        if (rows.count === 1) held = next;
      },
      (error: unknown) => log.warn({ err: error }, 'idempotency lease not renewed'),
    );
  }, config.durations.heartbeat);
  try {
    const answer = await act();
    const read = streamed?.fingerprint();
    // Without its whole body a repetition could not be told from another request.
    if (answer.status >= 500 || answer.status === 429 || read === null) {
      await forget();
      return answer;
    }
    const text = answer.body === null ? null : blanked(await answer.clone().text(), request.secrets);
    await sql`
      update idempotency_keys
      set status = ${answer.status}, fingerprint = ${read ? fingerprintOf(read) : fingerprint}, content_type = ${answer.headers.get('content-type')}, body = ${text}, lease_until = null
      where principal = ${principal} and key = ${key} and status is null`;
    return answer;
  } catch (error) {
    await forget().catch(() => {});
    throw error;
  } finally {
    clearInterval(beat);
  }

  async function forget(): Promise<void> {
    // Only while the lease is ours: whoever took the key over answers for it now.
    await sql`
      delete from idempotency_keys
      where principal = ${principal} and key = ${key} and status is null and lease_until = ${held}`;
  }
}

function replay(kept: Kept | undefined, fingerprint: Uint8Array): Response {
  if (kept && !Buffer.from(kept.fingerprint).equals(fingerprint)) {
    throw new AppError(
      'idempotency_mismatch',
      'This Idempotency-Key was used for another request: take a new one.',
    );
  }
  // Gone between the two statements: the first request has just failed.
  if (!kept || kept.status === null) {
    throw new AppError(
      'idempotency_in_progress',
      'The first request with this Idempotency-Key is still running.',
      {
        retryAfter: 1,
      },
    );
  }
  const headers = new Headers({ 'Idempotent-Replayed': 'true' });
  if (kept.content_type !== null) headers.set('Content-Type', kept.content_type);
  return new Response(kept.body, { status: kept.status, headers });
}

function blanked(text: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return text;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return text;
  return JSON.stringify({
    ...value,
    ...Object.fromEntries(secrets.filter((field) => field in value).map((field) => [field, null])),
  });
}

/** Forgets keys older than `durations.idempotency`; part of the `auth.sweep` job. Answers how many. */
export async function sweepIdempotencyKeys(ctx: Pick<Context, 'sql' | 'config'>): Promise<number> {
  const before = new Date(Date.now() - ctx.config.durations.idempotency);
  const rows = await ctx.sql`delete from idempotency_keys where created_at < ${before}`;
  return rows.count;
}
