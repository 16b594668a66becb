import { randomBytes } from 'node:crypto';
import type { Core } from '../core.ts';
import type { Callbacks } from './callbacks.ts';
import { createCallbacks } from './callbacks.ts';
import type { LongPoll } from './longpoll.ts';
import { createLongPoll } from './longpoll.ts';

/** What happened in a community, in the form that its listeners get. */
export interface CommunityEvent {
  type: string;
  event_id: string;
  v: string;
  group_id: number;
  object: Record<string, unknown>;
}

export interface Events {
  /** Tells every address and long poll of a community that asked for this type. */
  emit(groupId: number, type: string, object: Record<string, unknown>): void;
  callbacks: Callbacks;
  longPoll: LongPoll;
  reset(): void;
}

/** Events of communities: https://dev.vk.com/en/api/community-events/json-schema. */
export function createEvents(core: Core): Events {
  const callbacks = createCallbacks(core);
  const longPoll = createLongPoll(core);
  return {
    emit(groupId, type, object) {
      const community = core.state.communities.get(groupId);
      if (!community) return;
      const event = { type, event_id: randomBytes(20).toString('hex'), group_id: groupId, object };
      callbacks.push(community, event);
      longPoll.push(community, event);
    },
    callbacks,
    longPoll,
    reset() {
      callbacks.reset();
      longPoll.reset();
    },
  };
}
