import type { Context } from '../context.ts';
import { newSealingKey, type SealingKey, seal, unseal } from '../crypto.ts';
import { StartError } from '../errors.ts';
import type { Sql } from '../stores/postgres.ts';

const name = 'api_key_pepper';
const place = `secrets|sealed|${name}`;

const loaded = new WeakMap<Sql, Promise<Uint8Array>>();

/**
 * The 256-bit pepper of API keys: made once per installation, sealed by the master key, loaded once per process.
 * Throws StartError when the master key is not the one that it was sealed with.
 */
export function pepper(ctx: Pick<Context, 'sql' | 'masterKey'>): Promise<Uint8Array> {
  let kept = loaded.get(ctx.sql);
  if (!kept) {
    kept = load(ctx);
    loaded.set(ctx.sql, kept);
    // A database that was away for a moment must not spoil keys for the life of the process.
    kept.catch(() => loaded.delete(ctx.sql));
  }
  return kept;
}

async function load({ sql, masterKey }: Pick<Context, 'sql' | 'masterKey'>): Promise<Uint8Array> {
  const [before] = await sql<{ sealed: Uint8Array }[]>`select sealed from secrets where name = ${name}`;
  if (before) return openPepper(masterKey, before.sealed);
  // Of two processes that make it at once, the first one's stands for both.
  await sql`
    insert into secrets (name, sealed) values (${name}, ${seal(masterKey, newSealingKey().bytes, place)})
    on conflict (name) do nothing`;
  const [row] = await sql<{ sealed: Uint8Array }[]>`select sealed from secrets where name = ${name}`;
  if (!row) throw new Error('the pepper was not kept');
  return openPepper(masterKey, row.sealed);
}

function openPepper(masterKey: SealingKey, sealed: Uint8Array): Uint8Array {
  try {
    return unseal(masterKey, sealed, place);
  } catch {
    throw new StartError(
      'The master key is not the one that this database was made with: restore OUTPOST_SECRET, or the file secret in DATA_DIR.',
    );
  }
}
