import type { FaultList } from './faults.ts';
import type { Ledger, LedgerEvent, LedgerMedia, SandboxNetwork } from './ledger.ts';
import type { State, StoredFile } from './state.ts';
import type { VkSettings } from './vk/settings.ts';

/** What VK does with a `guid` it has seen: answers with the first post's id, refuses, or posts again. */
export type GuidMode = 'same_post_id' | 'error' | 'ignored';

export interface Settings extends VkSettings {
  floodLimits: boolean;
  /** Added to each call before it is handled. */
  latencyMs: number;
  guidMode: GuidMode;
}

/** What every part of a sandbox works with. */
export interface Core {
  state: State;
  ledger: Ledger;
  faults: FaultList;
  settings: Settings;
  /** `http://host:port`. */
  url: string;
  /** Whether the Bot API server is one of the owner's own, in local mode: files of 2000 MB, and by path. */
  telegramLocal: boolean;
}

/** What is known of the request in hand; its ledger rows are made from it. */
export interface CallRecord {
  at: number;
  connection: number;
  network: SandboxNetwork;
  method: string;
  token_id: string;
  place: string;
  text: string;
  media: LedgerMedia[];
  remote_id: string;
  remote_ids?: string[];
  guid?: string;
}

/** An answer before a fault may spoil it. */
export interface Reply {
  status: number;
  type: string;
  body: string | Uint8Array;
  /** For the ledger. */
  outcome: string;
  headers?: Record<string, string>;
}

export function note(core: Core, record: CallRecord, event: LedgerEvent, outcome: string): void {
  core.ledger.append({ ...record, event, outcome });
}

export function mediaOf(kind: string, file: StoredFile): LedgerMedia {
  return { kind, sha256: file.sha256, size: file.size };
}

/** A sliding window of at most `most` takes in `windowMs`: `wait` says how many ms until one is free, 0 = now. */
export function createWindow(
  most: number,
  windowMs: number,
): { wait(now: number): number; take(now: number): void } {
  let taken: number[] = [];
  return {
    wait(now) {
      if (taken.length < most) return 0;
      taken = taken.filter((at) => at > now - windowMs);
      if (taken.length < most) return 0;
      return (taken[taken.length - most] ?? now) + windowMs - now;
    },
    take(now) {
      taken.push(now);
    },
  };
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Unix seconds of an epoch time in ms with a fraction. */
export function unixSeconds(at: number): number {
  return Math.floor(at / 1000);
}
