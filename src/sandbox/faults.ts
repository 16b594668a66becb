import type { SandboxNetwork } from './ledger.ts';

/**
 * What can go wrong on demand. "Accepted" faults carry the request out first and then spoil the answer.
 * - `drop_before`: the socket is destroyed, nothing accepted · `drop_after`: accepted, then destroyed without an answer
 * - `delay`: waits `ms`, then handles · `delay_after`: accepted at once, answered `ms` later
 * - `telegram_429`: refused, `retry_after` may be any nonsense · `telegram_error`, `vk_error`: refused with that error
 * - `status_500`, `html_502`, `redirect_302`: refused · `status_500_after`, `html_502_after`: accepted, then that status
 * - `truncated_json`: accepted, half of the body under the full content-length, then closed
 * - `empty_200`, `html_200`, `malformed_json`, `wrong_shape`: accepted, 200 with a useless body
 * - `slow_answer`: accepted, one byte of the body each `ms`
 */
export type FaultAction =
  | {
      kind:
        | 'drop_before'
        | 'drop_after'
        | 'html_502'
        | 'html_502_after'
        | 'truncated_json'
        | 'empty_200'
        | 'html_200'
        | 'malformed_json'
        | 'wrong_shape'
        | 'redirect_302';
    }
  | { kind: 'delay' | 'delay_after' | 'slow_answer'; ms: number }
  | { kind: 'status_500' | 'status_500_after'; status?: number }
  | { kind: 'telegram_429'; retry_after?: number | string | null; header?: string }
  | { kind: 'telegram_error'; error_code: number; description: string; parameters?: Record<string, unknown> }
  | { kind: 'vk_error'; error_code: number; error_msg?: string; extra?: Record<string, unknown> };

export type FaultName = FaultAction['kind'];

export interface FaultMatch {
  chat_id?: string | number;
  owner_id?: string | number;
  text_contains?: string;
}

export interface FaultRule {
  network: SandboxNetwork;
  /**
   * A method of the API, `file`, `upload.photo`, `upload.doc`, `upload.video`, `longpoll`, or an address below the
   * roots of a login, such as `id.oauth2/auth` and `oauth.access_token`; without it any.
   */
  method?: string;
  match?: FaultMatch;
  /** How often; 1 unless told, 0 = until cleared. */
  times?: number;
  action: FaultAction;
}

export interface ListedFault extends FaultRule {
  id: number;
  /** Null = until cleared. */
  left: number | null;
}

export interface FaultList {
  add(rule: FaultRule): number;
  list(): ListedFault[];
  clear(): void;
  /** Takes the first rule for the method if it asks nothing of the parameters, before these are read. */
  takeUnread(network: SandboxNetwork, method: string): FaultAction | undefined;
  /** Takes the first rule that fits. `params` are those of the request. */
  take(network: SandboxNetwork, method: string, params: Record<string, unknown>): FaultAction | undefined;
}

interface Held {
  id: number;
  rule: FaultRule;
  left: number;
}

const NAMES: Record<FaultName, true> = {
  drop_before: true,
  drop_after: true,
  delay: true,
  delay_after: true,
  telegram_429: true,
  telegram_error: true,
  vk_error: true,
  status_500: true,
  status_500_after: true,
  html_502: true,
  html_502_after: true,
  truncated_json: true,
  empty_200: true,
  html_200: true,
  malformed_json: true,
  wrong_shape: true,
  slow_answer: true,
  redirect_302: true,
};

export const FAULT_NAMES = Object.keys(NAMES) as FaultName[];

export function createFaultList(): FaultList {
  let held: Held[] = [];
  let lastId = 0;
  const candidates = (network: SandboxNetwork, method: string) =>
    held.filter(
      (h) => h.rule.network === network && (h.rule.method === undefined || h.rule.method === method),
    );
  const consume = (h: Held): FaultAction => {
    h.left -= 1;
    if (h.left <= 0) held = held.filter((other) => other !== h);
    return h.rule.action;
  };
  return {
    add(rule) {
      const { kind } = rule.action;
      if (!Object.hasOwn(NAMES, kind)) throw new Error(`unknown fault: ${kind}`);
      lastId += 1;
      const times = rule.times ?? 1;
      held.push({ id: lastId, rule, left: times === 0 ? Number.POSITIVE_INFINITY : times });
      return lastId;
    },
    list: () => held.map((h) => ({ ...h.rule, id: h.id, left: Number.isFinite(h.left) ? h.left : null })),
    clear() {
      held = [];
    },
    takeUnread(network, method) {
      if (held.length === 0) return undefined;
      const first = candidates(network, method)[0];
      return first && first.rule.match === undefined ? consume(first) : undefined;
    },
    take(network, method, params) {
      if (held.length === 0) return undefined;
      const fitting = candidates(network, method).find((h) => fits(h.rule.match, params));
      return fitting && consume(fitting);
    },
  };
}

function fits(match: FaultMatch | undefined, params: Record<string, unknown>): boolean {
  if (match === undefined) return true;
  if (match.chat_id !== undefined && String(params.chat_id) !== String(match.chat_id)) return false;
  if (match.owner_id !== undefined && String(params.owner_id) !== String(match.owner_id)) return false;
  if (match.text_contains === undefined) return true;
  const wanted = match.text_contains;
  // An album's caption sits inside `media`, hence the look into the raw value.
  return [params.text, params.caption, params.message, params.media].some((value) =>
    (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).includes(wanted),
  );
}
