import type { Settings } from './core.ts';
import type { FaultRule, ListedFault } from './faults.ts';
import type { LedgerRow } from './ledger.ts';
import type { PublicPlace } from './posts.ts';
import type { Sandbox } from './server.ts';
import type { Setup } from './setup.ts';

/** A sandbox in another process: the same acts, each as a promise. */
export type RemoteSandbox = {
  [Act in keyof Setup]: (...given: Parameters<Setup[Act]>) => Promise<ReturnType<Setup[Act]>>;
} & Pick<Sandbox, 'url' | 'telegramRoot' | 'vkRoot'> & {
    fault(rule: FaultRule): Promise<number>;
    faults(): Promise<ListedFault[]>;
    clearFaults(): Promise<void>;
    ledger(afterSeq?: number): Promise<LedgerRow[]>;
    posts(): Promise<PublicPlace[]>;
    configure(settings: Partial<Settings>): Promise<Settings>;
    reset(): Promise<void>;
  };

/** Speaks to the control addresses of a running sandbox. Acts reject with the sandbox's own words. */
export function sandboxAt(url: string): RemoteSandbox {
  async function call<T>(method: string, path: string, input?: unknown): Promise<T> {
    const answer = await fetch(`${url}/_sandbox/${path}`, {
      method,
      ...(input === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) }),
    });
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.error);
    return value;
  }
  const post = <T>(path: string, input: unknown = {}) => call<T>('POST', path, input);
  return {
    url,
    telegramRoot: `${url}/telegram`,
    vkRoot: `${url}/vk/method`,
    addBot: (input) => post('bots', input),
    addChat: (input) => post('chats', input),
    setRights: (input) => post('rights', input),
    revoke: (token) => post('revoke', { token }),
    migrateChat: (chat) => post('migrate', { chat }),
    addCommunity: (input) => post('communities', input),
    addVkToken: (input) => post('vk-tokens', input),
    postAsPerson: async (input) => (await post<{ remote_id: string }>('person-posts', input)).remote_id,
    setCounters: (input) => post('counters', input),
    setMembers: (input) => post('members', input),
    fault: async (rule) => (await post<{ id: number }>('faults', rule)).id,
    faults: () => call('GET', 'faults'),
    clearFaults: () => call('DELETE', 'faults'),
    ledger: (afterSeq = 0) => call('GET', `ledger?after=${afterSeq}`),
    posts: () => call('GET', 'posts'),
    configure: (settings) => post('settings', settings),
    reset: () => post('reset'),
  };
}
