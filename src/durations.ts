const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Every waiting time of the publishing machine, in milliseconds. Tests shrink them by overrides;
 * nothing else in the code may hold a duration of its own.
 */
export const defaultDurations = {
  /** A claimed publication belongs to its worker for this long after the last heartbeat. */
  lease: 20 * second,
  heartbeat: 5 * second,
  /** Looks for due rows whose job was lost and for rows whose worker died. */
  sweep: 5 * second,
  /** Moves rows that come into `reach` from the plan into the queue. */
  promote: 30 * second,
  reach: 3 * minute,
  /** Media are uploaded this long before the due time. */
  prepare: 60 * second,
  /** The queue's own poll, the backstop of the due timer (pg-boss allows no less than 500). */
  poll: 500,
  /** Reads after an unknown outcome, counted from the send. */
  lookUps: [5 * second, 20 * second, 60 * second, 180 * second, 600 * second] as readonly number[],
  /** Moves what happened from PostgreSQL to ClickHouse. */
  ship: 5 * second,
  /** Two reads that agree on absence must lie at least this far apart. */
  absentApart: 60 * second,
  /** A send may start until this long after its barrier. */
  sendStart: 60 * second,
  sendText: 60 * second,
  sendMedia: 300 * second,
  connect: 5 * second,
  stage: 120 * second,
  /** A network's second: so long do the permits last that its rates give per second. */
  networkSecond: second,
  /**
   * A permit that opens within these is slept for with the lease held, before a send and before other calls; a later one
   * goes back to the plan. Short for sends, because what is slept for is taken from every bucket: the bot's, too, which
   * others could use now.
   */
  sendPermit: 250,
  callPermit: 2 * second,
  /** Waits before another try after a send that provably never left. */
  notSent: [500, 2 * second, 5 * second] as readonly number[],
  limitedFirst: 15 * second,
  limitedMost: 5 * minute,
  /** Up to here a late publication goes out in order; up to `latePaced` unless it is time-sensitive. */
  lateInOrder: 15 * minute,
  latePaced: 3 * hour,
  /** The posts of a series are made this far ahead (at most 100 of one series at a time). */
  seriesAhead: 60 * day,
  /** Reads that a published post still stands there as it was sent, counted from its publication. */
  driftChecks: [10 * minute, day, 7 * day] as readonly number[],
  drift: minute,
  /** Waits before another try of an act on a published post. */
  actRetry: [2 * second, 10 * second, 30 * second, 2 * minute, 10 * minute] as readonly number[],
  /** While its community is away an act is looked at so often, and given up after so long. */
  actAway: minute,
  actGiveUp: 30 * day,
  /** How long a first comment waits for the network to tell where comments go. */
  threadWait: 2 * minute,
  breakerWindow: 60 * second,
  breakerProbe: 15 * second,
  /** Longer than `sendText`, so that a stop never makes an outcome unknown. */
  drain: 75 * second,
  /** Connecting or checking a community: every call of it together. */
  ask: 20 * second,
  /** Looking at one link of a post, and how long what was seen is good for. */
  linkLook: 3 * second,
  linkKept: 5 * minute,
  /** Decoding and encoding one uploaded image (whole seconds). */
  imageWork: 30 * second,
  /** A sender whose upload brings less than 256 KB in this time is waited for no longer. */
  uploadPace: 30 * second,
  /** Files of the library that no post uses … */
  mediaUnreferenced: 90 * day,
  /** … and those that nothing names, which a crash leaves behind. */
  mediaStray: 7 * day,
  mediaUrl: 15 * minute,
  /** An address for an upload straight into the storage takes it for this long … */
  uploadUrl: 15 * minute,
  /** … and what was uploaded may be completed until then. */
  uploadKept: day,
  /** A way in that a person has begun waits for them this long; proved, it may be used for so much longer. */
  connection: 30 * minute,
  connectionUse: 2 * hour,
  /** Places that an account was added to are looked at together, this long after the first. */
  placesLook: 2 * second,
  signIn: 10 * minute,
  /** What is left of a connection that is over (no secrets) is shown for so long. */
  connectionKept: 7 * day,
  /** Access that ends within this time is renewed before it is used. */
  refreshBefore: minute,
  /** Whoever renews has this long; longer than `ask`, which bounds the request. */
  refreshLease: 30 * second,
  /** First wait after a renewal that failed; doubled each time, up to `refreshRetryMost`. */
  refreshRetry: 30 * second,
  refreshRetryMost: 10 * minute,
  /** Waits before another try of keeping access that was renewed: no other copy of it exists. */
  refreshKeep: [100, 500, 2 * second, 5 * second, 15 * second, 30 * second] as readonly number[],
  /** Each community is checked this often, with so much between two checks. */
  health: day,
  healthPause: second,
  /** Access that ends within this time and cannot be renewed is warned about; so is a renewal this long ago. */
  expirySoon: 7 * day,
  refreshStale: 30 * day,
  /** One wait for updates at a network; stopping does not wait for its end. */
  inboundPoll: 25 * second,
  /** Looks for accounts to hear that came or went. */
  inboundSources: 30 * second,
  /** Each address at a network is set again this often, in case somebody took it away. */
  inboundRegister: hour,
  /** First wait after updates could not be fetched; doubled each time, up to `inboundRetryMost`. */
  inboundRetry: 2 * second,
  inboundRetryMost: 2 * minute,
  /** Networks repeat an update for a day or so; known ones are remembered longer. */
  inboundKept: 7 * day,
  /** Figures of a post are read at these ages. */
  collectPosts: [
    hour,
    6 * hour,
    // On both sides of a day, too: best times compare posts at that age, and one reading may be late.
    20 * hour,
    day,
    30 * hour,
    3 * day,
    7 * day,
    30 * day,
  ] as readonly number[],
  /** A post that was just seen is looked at so much later: the rest of its album, and whose it is, is known by then. */
  collectSettle: minute,
  /** Figures that could not be read are read again so much later; where the network refused them, after `collectAway`. */
  collectRetry: 10 * minute,
  collectAway: 6 * hour,
  /** A read lets publications go first that are due within this time, and waits so long for a gap. */
  collectYield: 2 * second,
  collectPatience: 5 * second,
  /** Looks for changes while somebody watches; one that takes longer than the second ends the streams. */
  changesLook: 200,
  changesPatience: 10 * second,
  /** Signs of life in a stream, and how long one can be resumed. */
  changesPing: 15 * second,
  changesKept: day,
  /** The operator is told of a publication that is due for so long, and of a job or a row for ClickHouse that waits. */
  concernDue: minute,
  concernWait: 5 * minute,
  /** A day that is over is read so long after its end: networks go on counting for a while. */
  collectDayAfter: hour,
  /** Days and posts from before a community was connected are read back so far. */
  collectHistory: 365 * day,
  /** What hours are worth to a community is reckoned once for so long; the planner waits for it so long. */
  bestTimesKept: 10 * minute,
  bestTimesWait: 5 * second,
  /** A question of an analyst may take so long, and waits so long for its turn. */
  analystQuery: 10 * second,
  analystWait: 2 * second,
  /** Reports and exports stay in the storage for so long. */
  reportsKept: 90 * day,
  exportsKept: 7 * day,
  /** One that was not heard of for so long has lost its worker. */
  reportLost: 3 * minute,
  /** The pages of one are drawn in this time. */
  reportDraw: 5 * minute,
  /** What came of a job is shown for so long. */
  jobsKept: 30 * day,
  idempotency: 7 * day,
  sessionIdle: 7 * day,
  sessionAbsolute: 30 * day,
};

export type Durations = typeof defaultDurations;
