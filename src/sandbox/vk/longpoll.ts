import { randomBytes } from 'node:crypto';
import type { Core } from '../core.ts';
import type { CommunityEvent } from './events.ts';
import type { Community } from './records.ts';

/** How many events can be asked for again. */
const KEPT_EVENTS = 1000;
const LONGEST_WAIT = 90;
const DEFAULT_WAIT = 25;

export interface LongPoll {
  push(community: Community, event: Omit<CommunityEvent, 'v'>): void;
  /** Where to ask, as groups.getLongPollServer answers. */
  server(community: Community): { key: string; server: string; ts: string };
  /** The answer of the address: new events, or `failed` with what is to be asked for anew. */
  answer(groupId: number, params: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Makes the next question fail: 1 = history lost, 2 = key expired, 3 = key and ts lost. */
  fail(groupId: number, how: 1 | 2 | 3): void;
  reset(): void;
}

interface Channel {
  key: string;
  /** Number of the last event. */
  ts: number;
  kept: CommunityEvent[];
  failing: (1 | 2 | 3)[];
  waiting: Set<() => void>;
}

/** The Bots Long Poll API: https://dev.vk.com/en/api/bots-long-poll/getting-started. */
export function createLongPoll(core: Core): LongPoll {
  const channels = new Map<number, Channel>();

  function channelOf(groupId: number): Channel {
    let channel = channels.get(groupId);
    if (!channel) {
      channel = { key: newKey(), ts: 1, kept: [], failing: [], waiting: new Set() };
      channels.set(groupId, channel);
    }
    return channel;
  }

  function wake(channel: Channel): void {
    for (const done of channel.waiting) done();
  }

  function failed(channel: Channel, how: 1 | 2 | 3): Record<string, unknown> {
    if (how === 1) return { failed: 1, ts: channel.ts };
    channel.key = newKey();
    if (how === 3) Object.assign(channel, { ts: 1, kept: [] });
    return { failed: how };
  }

  return {
    push(community, event) {
      const { enabled, events, api_version } = community.long_poll;
      if (!enabled || !events.includes(event.type)) return;
      const channel = channelOf(community.id);
      channel.ts += 1;
      channel.kept.push({ ...event, v: api_version });
      if (channel.kept.length > KEPT_EVENTS) channel.kept.shift();
      wake(channel);
    },
    server(community) {
      const { key, ts } = channelOf(community.id);
      return { key, server: `${core.url}/vk/longpoll/wh${community.id}`, ts: String(ts) };
    },
    async answer(groupId, params) {
      const channel = channelOf(groupId);
      const forced = channel.failing.shift();
      if (forced) return failed(channel, forced);
      if (params.act !== 'a_check' || params.key !== channel.key) return { failed: 2 };
      const since = Number(params.ts);
      const oldest = channel.ts - channel.kept.length;
      if (!Number.isInteger(since) || since > channel.ts || since < oldest)
        return { failed: 1, ts: channel.ts };
      const seconds = Math.min(Number(params.wait ?? DEFAULT_WAIT) || 0, LONGEST_WAIT);
      if (since === channel.ts && seconds > 0) {
        await new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            channel.waiting.delete(done);
            resolve();
          };
          const timer = setTimeout(done, seconds * 1000);
          channel.waiting.add(done);
        });
        const meanwhile = channel.failing.shift();
        if (meanwhile) return failed(channel, meanwhile);
      }
      const updates = channel.kept.slice(channel.kept.length - (channel.ts - since));
      return { ts: String(channel.ts), updates: channel.ts === since ? [] : updates };
    },
    fail(groupId, how) {
      const channel = channelOf(groupId);
      channel.failing.push(how);
      wake(channel);
    },
    reset() {
      for (const channel of channels.values()) wake(channel);
      channels.clear();
    },
  };
}

function newKey(): string {
  return randomBytes(20).toString('hex');
}
