import type { Context } from '../context.ts';
import { repeat, stuckAfter, within } from '../interval.ts';
import { publishInFlight } from '../metrics.ts';
import { probeOpenBreakers } from './breaker.ts';
import { type Claimed, claimDue, claimToPrepare, type Places, prolongLeases } from './claim.ts';
import { nextDue, promote } from './plan.ts';
import { carry } from './publish.ts';
import { reconcile } from './reconcile.ts';
import { freeHeld, freeMissedParts, holdForOutage, holdLate, takeOverSends } from './sweep.ts';

/** The most publications that one process carries at once: in all, of one workspace at one network, of one network. */
const mostInFlight = 256;
const mostPerWorkspace = 96;
const mostPerNetwork = 160;
/** Uploads before their time: the rest is kept for what is due. */
const mostPreparing = 48;

export interface Machine {
  /** A publish job rang: takes what is due. Returns when it is taken, not when it is sent. */
  ring(): Promise<void>;
  /** A prepare job rang: uploads the media of these. */
  prepare(ids: readonly string[]): Promise<void>;
  /** Claims nothing more and waits for what is in flight. Answers how many were left when the time ran out. */
  drain(milliseconds: number): Promise<number>;
}

/**
 * Starts the publishing machine of this process: due timer, sweep, promoter, heartbeat, breaker probes.
 * The queue's handlers only ring it. A handler that waited for its sends would block a whole batch behind one slow
 * network, so publications run here, apart from the jobs that announced them.
 */
export async function startMachine(ctx: Context): Promise<Machine> {
  const { durations } = ctx.config;
  const inFlight = new Map<Claimed, Promise<void>>();
  let draining = false;

  function run(claimed: Claimed): void {
    const { stage, sendMedia } = durations;
    const most = stage * 10 + sendMedia + stuckAfter;
    const work = within(claimed.state === 'confirming' ? reconcile(ctx, claimed) : carry(ctx, claimed), most)
      // Our own fault (a store went away): the lease runs out and the sweep takes over.
      .catch((error: unknown) =>
        ctx.log.error({ err: error, publication: claimed.id }, 'publication was dropped'),
      )
      .finally(() => {
        inFlight.delete(claimed);
        publishInFlight.set(inFlight.size);
        if (wanting && !draining) ringLater();
      });
    inFlight.set(claimed, work);
    publishInFlight.set(inFlight.size);
  }

  let ringing: Promise<void> | null = null;
  let again = false;
  /** The last claim left something behind for want of places: the next free one is a reason to look. */
  let wanting = false;
  async function ring(): Promise<void> {
    again = true;
    ringing ??= takeAll().finally(() => {
      ringing = null;
      // Rung between the last look and here.
      if (again && !draining) ringLater();
    });
    return ringing;
  }
  function ringLater(): void {
    ring().catch((error: unknown) => ctx.log.error({ err: error }, 'claim failed'));
  }
  async function takeAll(): Promise<void> {
    while (again && !draining) {
      again = false;
      const room = Math.min(mostInFlight - inFlight.size, 100);
      if (room <= 0) {
        wanting = true;
        return;
      }
      const places = takenPlaces([...inFlight.keys()]);
      const claimed = await within(claimDue(ctx, room, places), stuckAfter);
      for (const one of claimed) run(one);
      again ||= claimed.length === room;
      wanting =
        Object.values(places.workspaces).some((taken) => taken + claimed.length >= mostPerWorkspace) ||
        Object.values(places.networks).some((taken) => taken + claimed.length >= mostPerNetwork);
    }
  }

  /** One that throws must not keep the others from their turn. */
  async function sweep(): Promise<void> {
    for (const step of [takeOverSends, holdLate, holdForOutage, freeHeld, freeMissedParts]) {
      await step(ctx).catch((error: unknown) => ctx.log.error({ err: error }, `${step.name} failed`));
    }
    await ring();
  }

  const timer = dueTimer(ctx);
  ctx.planned.changed = timer.changed;
  const stops = [
    repeat(ctx.log, 'sweep', durations.sweep, sweep),
    repeat(ctx.log, 'promote', durations.promote, async () => {
      await promote(ctx);
      await timer.look();
    }),
    repeat(ctx.log, 'heartbeat', durations.heartbeat, () => prolongLeases(ctx, [...inFlight.keys()])),
    repeat(ctx.log, 'breaker probe', durations.breakerProbe, () => probeOpenBreakers(ctx)),
  ];

  return {
    ring,
    async prepare(ids) {
      const waiting = [...ids];
      while (waiting.length > 0 && !draining) {
        const preparing = [...inFlight].filter(([claimed]) => !claimed.due).map(([, work]) => work);
        const room = mostPreparing - preparing.length;
        if (room <= 0) await Promise.race(preparing);
        else for (const one of await claimToPrepare(ctx, waiting.splice(0, room))) run(one);
      }
    },
    async drain(milliseconds) {
      draining = true;
      timer.stop();
      // The heartbeat goes on until the last send is settled; everything else stops now.
      const heartbeat = stops[2];
      for (const stop of stops) if (stop !== heartbeat) stop();
      const deadline = Date.now() + milliseconds;
      await Promise.race([ringing?.catch(() => {}), Bun.sleep(milliseconds)]);
      while (inFlight.size > 0 && Date.now() < deadline) {
        await Promise.race([...inFlight.values(), Bun.sleep(Math.max(deadline - Date.now(), 0))]);
      }
      heartbeat?.();
      return inFlight.size;
    },
  };
}

function takenPlaces(held: readonly Claimed[]): Places {
  const workspaces: Record<string, number> = {};
  const networks: Record<string, number> = {};
  for (const { workspaceId, network } of held) {
    const pair = `${workspaceId} ${network.name}`;
    workspaces[pair] = (workspaces[pair] ?? 0) + 1;
    networks[network.name] = (networks[network.name] ?? 0) + 1;
  }
  return { workspaces, networks, mostPerWorkspace, mostPerNetwork };
}

/**
 * Wakes the publish queue at the next due moment. The queue's own notifications do not fire for delayed jobs, and its
 * poll would be up to half a second late.
 */
function dueTimer(ctx: Context): { changed(at: Date): void; look(): Promise<void>; stop(): void } {
  let timeout: Timer | null = null;
  let nextAt = Number.POSITIVE_INFINITY;
  /** Database clock minus ours, in milliseconds. */
  let offset = 0;
  let stopped = false;

  function changed(at: Date): void {
    if (stopped || at.getTime() >= nextAt) return;
    nextAt = at.getTime();
    if (timeout) clearTimeout(timeout);
    // One millisecond past: the queue asks for start_after < now().
    const wait = nextAt - (Date.now() + offset) + 1;
    timeout = setTimeout(fire, Math.min(Math.max(wait, 0), ctx.config.durations.promote * 2));
  }
  function fire(): void {
    nextAt = Number.POSITIVE_INFINITY;
    ctx.queue.wake('posts.publish');
    look().catch((error: unknown) => ctx.log.warn({ err: error }, 'due timer could not look'));
  }
  async function look(): Promise<void> {
    const due = await nextDue(ctx);
    offset = due.now.getTime() - Date.now();
    if (due.at) changed(due.at);
  }
  return {
    changed,
    look,
    stop() {
      stopped = true;
      if (timeout) clearTimeout(timeout);
    },
  };
}
