import type { Settings } from './core.ts';
import type { FaultRule, ListedFault } from './faults.ts';
import type { LedgerRow } from './ledger.ts';
import type { PublicPlace } from './posts.ts';
import type { Sandbox } from './server.ts';
import type { Setup } from './setup.ts';
import type { TelegramActs } from './telegram/acts.ts';
import type { VkActs } from './vk/acts.ts';

/** A sandbox in another process: the same acts, each as a promise. */
export type RemoteSandbox = {
  [Act in keyof Setup]: (...given: Parameters<Setup[Act]>) => Promise<ReturnType<Setup[Act]>>;
} & Pick<Sandbox, 'url' | 'telegramRoot' | 'telegramPages' | 'vkRoot' | 'vkIdRoot' | 'vkOauthRoot'> & {
    fault(rule: FaultRule): Promise<number>;
    faults(): Promise<ListedFault[]>;
    clearFaults(): Promise<void>;
    ledger(afterSeq?: number): Promise<LedgerRow[]>;
    posts(): Promise<PublicPlace[]>;
    configure(settings: Partial<Settings>): Promise<Settings>;
    reset(): Promise<void>;
    telegram: Remote<TelegramActs>;
    vk: Remote<VkActs>;
  };

type Acts = Record<string, (input: never) => unknown>;

type Remote<A> = {
  [Act in keyof A]: A[Act] extends (input: infer I) => infer R ? (input: I) => Promise<Awaited<R>> : never;
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
  const actOf =
    <A extends Acts>(network: string) =>
    <Act extends keyof A & string>(name: Act) =>
    (input: Parameters<A[Act]>[0]) =>
      post<Awaited<ReturnType<A[Act]>>>(`${network}/${name}`, input);
  const person = actOf<TelegramActs & Acts>('telegram');
  const act = actOf<VkActs & Acts>('vk');
  const telegram: Remote<TelegramActs> = {
    addPerson: person('addPerson'),
    addBotTo: person('addBotTo'),
    setBotRights: person('setBotRights'),
    removeBotFrom: person('removeBotFrom'),
    makeAdmin: person('makeAdmin'),
    setMember: person('setMember'),
    blockBot: person('blockBot'),
    silenceWitness: person('silenceWitness'),
    setBot: person('setBot'),
    forgetUpdates: person('forgetUpdates'),
    personPosts: person('personPosts'),
    personWritesIn: person('personWritesIn'),
    personWrites: person('personWrites'),
    addComment: person('addComment'),
    editByPerson: person('editByPerson'),
    deleteByPerson: person('deleteByPerson'),
    pinByPerson: person('pinByPerson'),
    truncatePost: person('truncatePost'),
    agePost: person('agePost'),
    setReactions: person('setReactions'),
    react: person('react'),
    setViews: person('setViews'),
    setVotes: person('setVotes'),
    pressButton: person('pressButton'),
    setChat: person('setChat'),
    createTopic: person('createTopic'),
    setTopic: person('setTopic'),
    registerUrl: person('registerUrl'),
    readPost: person('readPost'),
    readChat: person('readChat'),
  };
  const vk: Remote<VkActs> = {
    addApp: act('addApp'),
    addPerson: act('addPerson'),
    addAdmin: act('addAdmin'),
    removeAdmin: act('removeAdmin'),
    expireToken: act('expireToken'),
    grantScopes: act('grantScopes'),
    personPostsOnWall: act('personPostsOnWall'),
    editByPerson: act('editByPerson'),
    deleteByPerson: act('deleteByPerson'),
    pinByPerson: act('pinByPerson'),
    truncatePost: act('truncatePost'),
    like: act('like'),
    comment: act('comment'),
    deleteComment: act('deleteComment'),
    repost: act('repost'),
    vote: act('vote'),
    setViews: act('setViews'),
    setDay: act('setDay'),
    join: act('join'),
    leave: act('leave'),
    failVideo: act('failVideo'),
    changeConfirmationCode: act('changeConfirmationCode'),
    planCallback: act('planCallback'),
    callbackDeliveries: act('callbackDeliveries'),
    failLongPoll: act('failLongPoll'),
    readPost: act('readPost'),
  };
  return {
    url,
    telegramRoot: `${url}/telegram`,
    telegramPages: `${url}/t.me`,
    telegram,
    vkRoot: `${url}/vk/method`,
    vkIdRoot: `${url}/vk/id`,
    vkOauthRoot: `${url}/vk/oauth`,
    vk,
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
