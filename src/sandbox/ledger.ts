import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export type SandboxNetwork = 'telegram' | 'vk';
export type LedgerEvent = 'request' | 'accepted' | 'edited' | 'deleted' | 'schema_violation';

export interface LedgerMedia {
  kind: string;
  sha256: string;
  size: number;
}

/**
 * One line of what the networks saw. `accepted` means that a public post exists from that moment on, whatever the
 * caller was told. Times are epoch milliseconds with a fraction; `at` is taken when the request's headers arrive.
 */
export interface LedgerRow {
  seq: number;
  at: number;
  done_at: number;
  event: LedgerEvent;
  network: SandboxNetwork;
  method: string;
  /** A number per TCP connection; 0 for what the sandbox did by itself. */
  connection: number;
  /** The bot's id, or the label of a VK token; never the token. */
  token_id: string;
  /** Chat id or owner id. */
  place: string;
  text: string;
  /** SHA-256 of `text`, hex. */
  text_hash: string;
  media: LedgerMedia[];
  /** Message id or post id; of an album the first. */
  remote_id: string;
  /** All message ids of an album. */
  remote_ids?: string[];
  guid?: string;
  /** HTTP status, `error <code>`, `fault <name>`, or what was wrong with the request. */
  outcome: string;
}

export type LedgerEntry = Partial<LedgerRow> & Pick<LedgerRow, 'at' | 'event' | 'network' | 'method'>;

export interface Ledger {
  append(entry: LedgerEntry): LedgerRow;
  rows(afterSeq?: number): LedgerRow[];
  clear(): void;
  close(): void;
}

/** Epoch milliseconds with a fraction. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** An append-only list of rows; with a path, each row is written before `append` returns, so that it outlives a kill. */
export function openLedger(path?: string): Ledger {
  if (path) mkdirSync(dirname(path), { recursive: true });
  let file = path ? openSync(path, 'a', 0o600) : undefined;
  const rows: LedgerRow[] = [];
  let seq = 0;
  return {
    append(entry) {
      const text = entry.text ?? '';
      seq += 1;
      const row: LedgerRow = {
        seq,
        done_at: preciseNow(),
        connection: 0,
        token_id: '',
        place: '',
        media: [],
        remote_id: '',
        outcome: '',
        ...entry,
        text,
        text_hash: sha256(text),
      };
      rows.push(row);
      if (file !== undefined) writeSync(file, `${JSON.stringify(row)}\n`);
      return row;
    },
    rows(afterSeq = 0) {
      // seq grows by one and clear() drops all, so the first wanted row is found by its distance from the first kept.
      const first = rows[0]?.seq ?? 1;
      return rows.slice(Math.max(0, afterSeq - first + 1));
    },
    clear() {
      rows.length = 0;
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
