import * as v from 'valibot';

/**
 * Everything that happens later, on one page. A queue has a payload of ids only, a policy and perhaps a cron line (UTC).
 * Handlers are bound in the jobs.ts of their slice.
 */
export interface Queue {
  payload: v.GenericSchema;
  retryLimit: number;
  /** Seconds that a handler may take. */
  expireInSeconds: number;
  /** Milliseconds between looks; absent: `durations.poll`. */
  poll?: number;
  cron?: string;
}

const publication = v.strictObject({ publication_id: v.pipe(v.string(), v.uuid()) });
const nothing = v.strictObject({});

export const queues = {
  /** Rings when a publication is due, or is to be read back. A bell, not the truth: what is due stands in our rows. */
  'posts.publish': { payload: publication, retryLimit: 0, expireInSeconds: 60 },
  /** Rings `durations.prepare` before the due time of a publication that has media to upload. */
  'posts.prepare': { payload: publication, retryLimit: 0, expireInSeconds: 60 },
  'posts.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '31 * * * *' },
  'media.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '17 * * * *' },
  'auth.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '43 * * * *' },
} as const satisfies Record<string, Queue>;

export type QueueName = keyof typeof queues;
export type Payload<Name extends QueueName> = v.InferOutput<(typeof queues)[Name]['payload']>;
