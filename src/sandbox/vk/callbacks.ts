import type { Core } from '../core.ts';
import { preciseNow } from '../ledger.ts';
import type { CommunityEvent } from './events.ts';
import type { CallbackServer, Community } from './records.ts';

const TRIES = 5;

/** What is done to the next events of a community instead of plain delivery. */
export interface CallbackPlan {
  group_id: number;
  /** Of which type; empty = any. */
  type: string;
  act: 'twice' | 'delay' | 'drop';
  /** How long a delayed event waits. */
  ms: number;
  /** How many events. */
  times: number;
}

/** One POST to an address. */
export interface CallbackDelivery {
  at: number;
  server_id: number;
  event_id: string;
  type: string;
  /** 1 = the first try. */
  attempt: number;
  /** HTTP status; 0 = no answer. */
  status: number;
  /** Whether the answer was the one that VK wants. */
  taken: boolean;
}

export interface Callbacks {
  push(community: Community, event: Omit<CommunityEvent, 'v'>): void;
  /** Asks an address for the confirmation code; its status tells the outcome. */
  confirm(community: Community, server: CallbackServer): void;
  plan(plan: CallbackPlan): void;
  /** What was sent for a community, confirmations included. */
  deliveries(groupId: number): CallbackDelivery[];
  reset(): void;
}

interface Line {
  /** The first tries of an address go out one after another. */
  last: Promise<void>;
  failuresInARow: number;
}

/** The Callback API: https://dev.vk.com/en/api/callback/getting-started. */
export function createCallbacks(core: Core): Callbacks {
  let plans: CallbackPlan[] = [];
  let sent = new Map<number, CallbackDelivery[]>();
  let lines = new Map<CallbackServer, Line>();
  let timers = new Set<ReturnType<typeof setTimeout>>();
  /** Changes with a reset: what is under way from before must not go on. */
  let era = {};

  function lineOf(server: CallbackServer): Line {
    let line = lines.get(server);
    if (!line) {
      line = { last: Promise.resolve(), failuresInARow: 0 };
      lines.set(server, line);
    }
    return line;
  }

  function later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timer.unref();
    timers.add(timer);
  }

  /** Posts a body and tells whether the plain answer is the wanted one. */
  async function post(
    groupId: number,
    server: CallbackServer,
    body: { type: string; event_id: string; attempt: number; json: unknown },
    wanted: string,
  ): Promise<boolean> {
    const mine = era;
    const delivery: CallbackDelivery = {
      at: preciseNow(),
      server_id: server.id,
      event_id: body.event_id,
      type: body.type,
      attempt: body.attempt,
      status: 0,
      taken: false,
    };
    try {
      const answer = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body.json),
        redirect: 'manual',
        signal: AbortSignal.timeout(core.settings.vkCallbackTimeoutMs),
      });
      delivery.status = answer.status;
      delivery.taken = (await answer.text()).trim() === wanted && answer.status === 200;
    } catch {
      // No answer: the status stays 0.
    }
    if (mine === era) sent.set(groupId, [...(sent.get(groupId) ?? []), delivery]);
    return delivery.taken;
  }

  async function attempt(
    community: Community,
    server: CallbackServer,
    event: CommunityEvent,
    attempt: number,
  ): Promise<void> {
    const mine = era;
    if (server.status !== 'ok') return;
    const json = server.secret_key === '' ? event : { ...event, secret: server.secret_key };
    const { type, event_id } = event;
    const taken = await post(community.id, server, { type, event_id, attempt, json }, 'ok');
    if (mine !== era) return;
    const line = lineOf(server);
    if (taken) {
      line.failuresInARow = 0;
      return;
    }
    line.failuresInARow += 1;
    if (line.failuresInARow >= core.settings.vkCallbackFailures) {
      server.status = 'failed';
      core.state.save('community', community);
    } else if (attempt < TRIES) {
      const wait = core.settings.vkCallbackRetryMs * 2 ** (attempt - 1);
      later(wait, () => void send(community, server, event, attempt + 1));
    }
  }

  function send(
    community: Community,
    server: CallbackServer,
    event: CommunityEvent,
    tries = 1,
  ): Promise<void> {
    // A repeat does not wait for the events behind it.
    if (tries > 1) return attempt(community, server, event, tries);
    const line = lineOf(server);
    line.last = line.last.then(() => attempt(community, server, event, tries));
    return line.last;
  }

  function planFor(groupId: number, type: string): CallbackPlan | undefined {
    const plan = plans.find((one) => one.group_id === groupId && (one.type === '' || one.type === type));
    if (plan) {
      plan.times -= 1;
      if (plan.times <= 0) plans = plans.filter((one) => one !== plan);
    }
    return plan;
  }

  return {
    push(community, event) {
      const wanting = community.callback_servers.filter(
        (server) => server.status === 'ok' && server.events.includes(event.type),
      );
      if (wanting.length === 0) return;
      const plan = planFor(community.id, event.type);
      for (const server of wanting) {
        const whole = { ...event, v: server.api_version };
        if (plan?.act === 'drop') continue;
        if (plan?.act === 'delay') later(plan.ms, () => void send(community, server, whole));
        else void send(community, server, whole);
        if (plan?.act === 'twice') void send(community, server, whole);
      }
    },
    confirm(community, server) {
      server.status = 'wait';
      core.state.save('community', community);
      const mine = era;
      const json = {
        type: 'confirmation',
        group_id: community.id,
        ...(server.secret_key === '' ? {} : { secret: server.secret_key }),
      };
      const body = { type: 'confirmation', event_id: '', attempt: 1, json };
      void post(community.id, server, body, community.confirmation_code).then((taken) => {
        if (mine !== era) return;
        server.status = taken ? 'ok' : 'failed';
        lineOf(server).failuresInARow = 0;
        core.state.save('community', community);
      });
    },
    plan(plan) {
      plans.push({ ...plan });
    },
    deliveries: (groupId) => sent.get(groupId) ?? [],
    reset() {
      era = {};
      plans = [];
      sent = new Map();
      lines = new Map();
      for (const timer of timers) clearTimeout(timer);
      timers = new Set();
    },
  };
}
