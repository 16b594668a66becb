import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { invalid } from '../errors.ts';
import { resolveLocalTime, type TimeNote } from '../timezone.ts';

/** When a series fires, as its owner gave it. */
export interface Recurrence {
  /** RFC 5545, without DTSTART. */
  rrule: string;
  /** Local time of the first one, `2026-11-23T09:00`. */
  starts: string;
  timezone: string;
  /** The last local date on which it may fire. */
  ends: string | null;
  /** Local dates on which it does not. */
  skip_dates: readonly string[];
}

export interface Occurrence {
  /** The wall time that the rule names, `2026-11-23T09:00`. Its name for good, also where the clocks move it. */
  key: string;
  at: Date;
  note: TimeNote | null;
}

const day = 86_400_000;
/** Nothing is looked for farther ahead. */
const farthest = 30 * 366 * day;
/** The clocks move a wall time by less than this. */
const slack = 25 * 3_600_000;
/** Bounds the work of a rule that hardly ever fires: some 50 ms. */
const mostSteps = 50_000;

const weekday = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/;
const ordinals = (most: number) => (text: string) => {
  const number = Number(text);
  return /^[+-]?\d+$/.test(text) && number !== 0 && Math.abs(number) <= most;
};
const whole = (least: number, most: number) => (text: string) =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;

/** What each part of a rule may hold, in words and as a check of each of its values. */
const parts: Readonly<Record<string, readonly [string, (value: string) => boolean]>> = {
  FREQ: ['HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY', (text) => /^(HOUR|DAI|WEEK|MONTH|YEAR)LY$/.test(text)],
  INTERVAL: ['a whole number from 1 to 1000', whole(1, 1_000)],
  COUNT: ['a whole number from 1 to 5000', whole(1, 5_000)],
  UNTIL: ['a time, as 20261231T235959Z', (text) => /^\d{8}(T\d{6}Z?)?$/.test(text)],
  BYDAY: ['weekdays, as MO,WE or -1FR', (text) => weekday.test(text)],
  BYMONTH: ['months from 1 to 12', whole(1, 12)],
  BYMONTHDAY: ['days from 1 to 31, or -31 to -1', ordinals(31)],
  BYYEARDAY: ['days from 1 to 366, or -366 to -1', ordinals(366)],
  BYWEEKNO: ['weeks from 1 to 53, or -53 to -1', ordinals(53)],
  BYHOUR: ['hours from 0 to 23', whole(0, 23)],
  BYMINUTE: ['a minute from 0 to 59', whole(0, 59)],
  BYSETPOS: ['positions from 1 to 366, or -366 to -1', ordinals(366)],
  WKST: ['a weekday, as MO', (text) => /^(MO|TU|WE|TH|FR|SA|SU)$/.test(text)],
};
const single = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST']);

/**
 * Throws `invalid` for a rule that cannot be read, fires oftener than hourly, or does not fire after `now`.
 * What passes here can be expanded at any later time.
 */
export function checkRecurrence(recurrence: Recurrence, now: Date): void {
  const starts = plain(recurrence.starts, '/starts');
  const years = starts.year - now.getUTCFullYear();
  if (starts.year < 2000 || years > 10) {
    throw invalid({ path: '/starts', message: 'Start between the year 2000 and ten years from now.' });
  }
  if (recurrence.ends !== null) plain(`${recurrence.ends}T00:00`, '/ends');
  for (const [index, date] of recurrence.skip_dates.entries()) plain(`${date}T00:00`, `/skip_dates/${index}`);
  readRule(recurrence.rrule, starts);
  if (nextOccurrence(recurrence, now) === null) {
    throw invalid({
      path: '/rrule',
      message: 'This rule never fires from now on: check its parts, and where it starts and ends.',
    });
  }
}

/** The first occurrence after an instant; null: there is none. Throws `invalid` for a rule that cannot be expanded. */
export function nextOccurrence(recurrence: Recurrence, after: Date): Occurrence | null {
  return occurrences(recurrence, after, new Date(after.getTime() + farthest), 1)[0] ?? null;
}

/**
 * The occurrences after `after` up to and with `until`, by time, `most` at most. The rule is expanded in wall time and
 * each wall time resolved in the zone: one that the clocks skip moves forward by the gap (RFC 5545 would drop it), one
 * that comes twice is the first. Of two that meet at one instant, the one that the clocks did not move stays.
 */
export function occurrences(
  recurrence: Recurrence,
  after: Date,
  until: Date,
  most = Number.POSITIVE_INFINITY,
): Occurrence[] {
  const { timezone } = recurrence;
  const starts = plain(recurrence.starts, '/starts');
  const { text, until: ruleEnds } = readRule(recurrence.rrule, starts);
  const ends = [
    recurrence.ends === null ? null : plain(`${recurrence.ends}T23:59`, '/ends'),
    ruleEnds === null ? null : wallOf(ruleEnds, timezone),
  ].filter((end) => end !== null);
  const skipped = new Set(recurrence.skip_dates);
  const first = asUtc(starts);
  const last = Math.min(...ends.map(asUtc), until.getTime() + slack);

  const rule = expandable(text, starts);
  const found: Occurrence[] = [];
  let from = Math.max(after.getTime(), first - slack);
  // Windows that grow: near ones cost little where it fires often, far ones where it hardly does.
  for (let width = 32 * day; from < last && found.length < most; width *= 2) {
    const to = Math.min(from + width, until.getTime());
    if (to <= from) break;
    const walls = wallsBetween(rule, Math.max(from - slack, first), Math.min(to + slack, last));
    found.push(
      ...resolved(walls, timezone, skipped).filter(({ at }) => at.getTime() > from && at.getTime() <= to),
    );
    from = to;
  }
  return found.slice(0, most);
}

function resolved(walls: readonly string[], timezone: string, skipped: ReadonlySet<string>): Occurrence[] {
  const all = walls
    .filter((wall) => !skipped.has(wall.slice(0, 10)))
    .map((wall): Occurrence => ({ key: wall, ...resolveLocalTime(wall, timezone) }));
  const moved = ({ note }: Occurrence) => (note?.kind === 'gap' ? 1 : 0);
  all.sort((a, b) => a.at.getTime() - b.at.getTime() || moved(a) - moved(b));
  return all.filter((one, index) => one.at.getTime() !== all[index - 1]?.at.getTime());
}

/** Both ends are inside; in wall milliseconds, as if every clock showed UTC. */
function wallsBetween(rule: RRuleTemporal, from: number, to: number): string[] {
  if (to < from) return [];
  try {
    return rule
      .between(new Date(from), new Date(to), true)
      .map((one) => one.toPlainDateTime().toString().slice(0, 16));
  } catch (error) {
    throw unreadable(error, 'It is too rare or too intricate to be planned');
  }
}

function expandable(rruleString: string, starts: Temporal.PlainDateTime): RRuleTemporal {
  try {
    const dtstart = starts.toZonedDateTime('UTC');
    return new RRuleTemporal({
      rruleString,
      dtstart,
      strict: true,
      cache: false,
      maxIterations: mostSteps,
      maxCandidateEvaluations: mostSteps,
    });
  } catch (error) {
    throw unreadable(error, 'This rule cannot be read');
  }
}

function unreadable(error: unknown, words: string) {
  const said = error instanceof Error && !error.message.startsWith('Maximum') ? `: ${error.message}` : '';
  return invalid({ path: '/rrule', message: `${words}${said}.` });
}

/** The rule without its UNTIL, whose meaning depends on the zone. Throws `invalid` with what is wrong in plain words. */
function readRule(rrule: string, starts: Temporal.PlainDateTime): { text: string; until: string | null } {
  const fault = (message: string) => invalid({ path: '/rrule', message });
  const given = new Map<string, string>();
  for (const part of rrule
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .split(';')) {
    const [name = '', value = '', ...rest] = part.split('=');
    if (value === '' || rest.length > 0) {
      throw fault('A rule is parts as NAME=VALUE with ; between them: FREQ=WEEKLY;BYDAY=MO,WE.');
    }
    if (given.has(name)) throw fault(`${name} stands twice in this rule.`);
    given.set(name, value);
    if (name === 'BYSECOND' || (name === 'FREQ' && /^(MINUTE|SECOND)LY$/.test(value))) throw fault(tooOften);
    const known = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (!known) throw fault(`${name} is no part of a rule: use ${Object.keys(parts).join(', ')}.`);
    const [words, fits] = known;
    const values = value.split(',');
    if (!values.every(fits) || (single.has(name) && values.length > 1))
      throw fault(`${name} must be ${words}.`);
    // One minute of the hour, and nothing can come closer than an hour; two are always closer.
    if (name === 'BYMINUTE' && new Set(values.map(Number)).size > 1) throw fault(tooOften);
  }
  if (!given.has('FREQ')) throw fault('A rule needs FREQ: FREQ=WEEKLY;BYDAY=MO,WE.');
  const until = given.get('UNTIL') ?? null;
  if (until !== null && given.has('COUNT')) throw fault('Give UNTIL or COUNT, not both.');
  if (until !== null) untilOf(until);
  if (given.has('BYWEEKNO')) {
    const unclear = ['BYMONTHDAY', 'BYYEARDAY'].find((name) => given.has(name));
    if (unclear) throw fault(`BYWEEKNO and ${unclear} contradict each other: give one of them.`);
    // Said aloud: expanded from a later year, the library would take that year's weekday.
    if (!given.has('BYDAY'))
      given.set('BYDAY', ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'][starts.dayOfWeek - 1] ?? 'MO');
  }
  const text = [...given].filter(([name]) => name !== 'UNTIL').map((pair) => pair.join('='));
  return { text: text.join(';'), until };
}

const tooOften = 'A series fires once an hour at most: use FREQ=HOURLY or longer, and one BYMINUTE.';

function untilOf(until: string): Temporal.PlainDateTime {
  const date = `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}`;
  const time =
    until.length > 8 ? `${until.slice(9, 11)}:${until.slice(11, 13)}:${until.slice(13, 15)}` : '23:59';
  return plain(`${date}T${time}`, '/rrule');
}

/** UNTIL on the clocks of the zone: with a Z it is an instant, without one a wall time, and a date is its whole day. */
function wallOf(until: string, timezone: string): Temporal.PlainDateTime {
  const time = untilOf(until);
  return until.endsWith('Z') ? time.toZonedDateTime('UTC').withTimeZone(timezone).toPlainDateTime() : time;
}

function plain(text: string, path: string): Temporal.PlainDateTime {
  try {
    return Temporal.PlainDateTime.from(text, { overflow: 'reject' });
  } catch {
    throw invalid({ path, message: 'This date or time does not exist.' });
  }
}

function asUtc(wall: Temporal.PlainDateTime): number {
  return wall.toZonedDateTime('UTC').epochMilliseconds;
}
