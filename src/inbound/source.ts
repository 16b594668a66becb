import { hkdfSync } from 'node:crypto';
import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import { hmacSha256, randomToken } from '../crypto.ts';
import { isOutside } from '../media/address.ts';

export type Mode = 'webhook' | 'poll';

/** An account whose updates are heard, as its row keeps it. */
export interface Source {
  key: string;
  network: string;
  mode: Mode;
  /** Last part of its address; only the network may know it. */
  path: string;
  cursor: string | null;
  /** Since when the network posts to that address; null: it does not. */
  registered_at: Date | null;
  error: string | null;
}

/** Ports that Telegram posts to. */
const ports = new Set(['', '80', '88', '443', '8443']);

/** How updates come in this installation. */
export function modeOf({ inbound, publicUrl }: Pick<Config, 'inbound' | 'publicUrl'>): Mode | 'off' {
  if (inbound !== 'auto') return inbound;
  return isOutside(publicUrl) && ports.has(new URL(publicUrl).port) ? 'webhook' : 'poll';
}

/** Every address of ours begins so. */
export function addressesOf(ctx: Pick<Context, 'config'>): string {
  return `${ctx.config.publicUrl}/v1/inbound/`;
}

export function addressOf(ctx: Pick<Context, 'config'>, source: Pick<Source, 'network' | 'path'>): string {
  return `${addressesOf(ctx)}${source.network}/${source.path}`;
}

/** What the network shows with each update: 43 characters of A-Z a-z 0-9 - _. Nothing of it is kept. */
export function secretOf(ctx: Pick<Context, 'masterKey'>, key: string): string {
  const root = new Uint8Array(hkdfSync('sha256', ctx.masterKey.bytes, 'outpost', 'inbound secret v1', 32));
  return hmacSha256(root, key).toString('base64url');
}

/** Keeps exactly these accounts. */
export async function keepSources(
  ctx: Context,
  mode: Mode,
  accounts: readonly { sourceKey: string; network: string }[],
): Promise<void> {
  const given = accounts.map(({ sourceKey: key, network }) => ({ key, network, path: randomToken() }));
  await ctx.sql`
    insert into inbound_sources (key, network, mode, path)
    select key, network, ${mode}, path from jsonb_to_recordset(${ctx.sql.json(given)}) as s(key text, network text, path text)
    order by key
    on conflict (key) do update set mode = excluded.mode where inbound_sources.mode <> excluded.mode`;
  // A young one may belong to an account that came after the list was made.
  await ctx.sql`
    delete from inbound_sources
    where key <> all(${given.map(({ key }) => key)}::text[]) and created_at < now() - interval '1 minute'`;
}

/**
 * Takes, or prolongs, the right to listen for an account: one process has it, and loses it when it does not come back
 * within `durations.lease`. null: another has it, or the account is gone.
 */
export async function takeLease(ctx: Context, key: string, owner: string): Promise<Source | null> {
  const [row] = await ctx.sql<Source[]>`
    update inbound_sources
    set lease_owner = ${owner}, lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
    where key = ${key} and (lease_owner = ${owner} or lease_until is null or lease_until < clock_timestamp())
    returning key, network, mode, path, cursor, registered_at, error`;
  return row ?? null;
}

/** The same for all that this process listens for; answers those that it still has. */
export async function prolongLeases(
  ctx: Context,
  keys: readonly string[],
  owner: string,
): Promise<Set<string>> {
  const rows = await ctx.sql<{ key: string }[]>`
    update inbound_sources
    set lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
    where key = any(${[...keys]}::text[]) and lease_owner = ${owner}
    returning key`;
  return new Set(rows.map(({ key }) => key));
}

export async function releaseLease(ctx: Context, key: string, owner: string): Promise<void> {
  await ctx.sql`
    update inbound_sources set lease_owner = null, lease_until = null where key = ${key} and lease_owner = ${owner}`;
}

/** Notes what is known of an account, as long as this process listens for it. False: another does. */
export async function note(
  ctx: Context,
  key: string,
  owner: string,
  known: Partial<Pick<Source, 'cursor' | 'registered_at' | 'error'>>,
): Promise<boolean> {
  const rows = await ctx.sql`
    update inbound_sources set ${ctx.sql(known as Record<string, string | Date | null>)}
    where key = ${key} and lease_owner = ${owner} returning key`;
  return rows.length === 1;
}
