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
const connection = v.strictObject({ connection_id: v.pipe(v.string(), v.uuid()) });
const community = v.strictObject({
  workspace_id: v.pipe(v.string(), v.uuid()),
  community_id: v.pipe(v.string(), v.uuid()),
});
const job = v.strictObject({ job_id: v.pipe(v.string(), v.uuid()) });
const nothing = v.strictObject({});

export const queues = {
  /** Rings when a publication is due, or is to be read back. A bell, not the truth: what is due stands in our rows. */
  'posts.publish': { payload: publication, retryLimit: 0, expireInSeconds: 60 },
  /** Rings `durations.prepare` before the due time of a publication that has media to upload. */
  'posts.prepare': { payload: publication, retryLimit: 0, expireInSeconds: 60 },
  /** Rings when something is to be done with a publication that is public. What, stands in our rows. */
  'posts.act': { payload: nothing, retryLimit: 0, expireInSeconds: 60 },
  'posts.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '31 * * * *' },
  'media.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '17 * * * *' },
  /** Renews access that has come to its time, and destroys what connections that are over have left. */
  'communities.refresh': {
    payload: nothing,
    retryLimit: 0,
    expireInSeconds: 600,
    poll: 30_000,
    cron: '*/3 * * * *',
  },
  /** Checks the communities whose daily moment has come. */
  'communities.health': {
    payload: nothing,
    retryLimit: 0,
    expireInSeconds: 600,
    poll: 10_000,
    cron: '*/5 * * * *',
  },
  /** Looks at the places of a connection that a person has proved. */
  'communities.places': { payload: connection, retryLimit: 1, expireInSeconds: 600 },
  /** Makes the posts of the series that have come near enough. */
  'series.extend': {
    payload: nothing,
    retryLimit: 0,
    expireInSeconds: 3_600,
    poll: 30_000,
    cron: '7 * * * *',
  },
  /** Rings when an account came whose updates are to be heard. */
  'inbound.sources': { payload: nothing, retryLimit: 0, expireInSeconds: 60, poll: 2_000 },
  /** Asks the network again about a community whose rights changed, or whose account is not let in any more. */
  'inbound.check': { payload: community, retryLimit: 1, expireInSeconds: 120, poll: 2_000 },
  /** Forgets updates that no network repeats any more. */
  'inbound.sweep': {
    payload: nothing,
    retryLimit: 2,
    expireInSeconds: 600,
    poll: 30_000,
    cron: '53 * * * *',
  },
  /** Reads the figures of communities and posts that are due. */
  'analytics.collect': {
    payload: nothing,
    retryLimit: 0,
    expireInSeconds: 600,
    poll: 10_000,
    cron: '* * * * *',
  },
  /** Reads the figures of one community because a person asked. */
  'analytics.refresh': { payload: job, retryLimit: 1, expireInSeconds: 600, poll: 2_000 },
  /** Erases single figures that are older than their workspace keeps them. */
  'analytics.sweep': {
    payload: nothing,
    retryLimit: 2,
    expireInSeconds: 3_600,
    poll: 30_000,
    cron: '23 3 * * *',
  },
  /** Makes reports and exports, which are told to begin anew when their worker was killed: see reports.schedule. */
  'reports.make': { payload: job, retryLimit: 0, expireInSeconds: 3_600, poll: 2_000 },
  'reports.export': { payload: job, retryLimit: 0, expireInSeconds: 43_200, poll: 2_000 },
  /** Has the reports made whose morning has come, and those whose making was interrupted. */
  'reports.schedule': {
    payload: nothing,
    retryLimit: 0,
    expireInSeconds: 600,
    poll: 10_000,
    cron: '*/5 * * * *',
  },
  /** Removes reports and exports that are too old. */
  'reports.sweep': {
    payload: nothing,
    retryLimit: 2,
    expireInSeconds: 600,
    poll: 30_000,
    cron: '37 * * * *',
  },
  /** Looks at the workspaces in which it is morning, and tells what changed. */
  'insights.find': {
    payload: nothing,
    retryLimit: 0,
    expireInSeconds: 3_600,
    poll: 30_000,
    cron: '11 * * * *',
  },
  /** Ends jobs whose worker is gone, and forgets old ones. */
  'work.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '*/5 * * * *' },
  /** Forgets changes that nobody can resume from any more. */
  'live.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '47 * * * *' },
  'auth.sweep': { payload: nothing, retryLimit: 2, expireInSeconds: 600, poll: 30_000, cron: '43 * * * *' },
} as const satisfies Record<string, Queue>;

export type QueueName = keyof typeof queues;
export type Payload<Name extends QueueName> = v.InferOutput<(typeof queues)[Name]['payload']>;
