import { Temporal } from 'temporal-polyfill';
import type { ChangeBody, Post } from './content.ts';

/** When a post is to go out, as a person chose it. */
export type When =
  | { kind: 'draft' | 'now' | 'slot' | 'best' }
  /** `local`: YYYY-MM-DDTHH:MM, either part may be missing while it is typed; zone null: the one of its communities. */
  | { kind: 'at'; local: string; zone: string | null };

const whole = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

/** The zone that the communities share, else the workspace's: as the API reads a local time. */
export function zoneOf(zones: readonly string[], home: string): string {
  const [shared, ...others] = new Set(zones);
  return shared !== undefined && others.length === 0 ? shared : home;
}

/** The moment of a local time; null while it is not complete. A time that the clocks skip is the one after. */
export function momentOf(local: string, zone: string): string | null {
  if (!whole.test(local)) return null;
  try {
    return Temporal.PlainDateTime.from(local, { overflow: 'reject' })
      .toZonedDateTime(zone)
      .toInstant()
      .toString();
  } catch {
    return null;
  }
}

/** What a clock in a zone shows then. */
export function localOf(at: string, zone: string): string {
  return Temporal.Instant.from(at)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' });
}

/** The next full hour that is at least half an hour away. */
export function soon(zone: string): string {
  const now = Temporal.Now.zonedDateTimeISO(zone).add({ minutes: 30 });
  return now.round({ smallestUnit: 'hour', roundingMode: 'ceil' }).toPlainDateTime().toString().slice(0, 16);
}

export function isPast(local: string, zone: string): boolean {
  const at = momentOf(local, zone);
  return at !== null && Date.parse(at) <= Date.now();
}

export function whenOf(
  post: Pick<Post, 'status' | 'scheduled_at' | 'local_time' | 'timezone'>,
  home: string,
): When {
  if (post.status === 'draft' || post.scheduled_at === null) {
    return { kind: 'at', local: soon(home), zone: null };
  }
  const zone = post.timezone ?? home;
  const local = post.local_time?.slice(0, 16) ?? localOf(post.scheduled_at, zone);
  return { kind: 'at', local, zone };
}

/** What the API takes for it; empty while the time is not complete. */
export function timeOf(
  when: When,
  zone: string,
): Pick<ChangeBody, 'at' | 'local_time' | 'timezone' | 'publish_now'> {
  if (when.kind === 'at') {
    return momentOf(when.local, zone) === null ? {} : { local_time: when.local, timezone: zone };
  }
  if (when.kind === 'now') return { publish_now: true };
  if (when.kind === 'slot') return { at: 'next_slot' };
  return when.kind === 'best' ? { at: 'best' } : {};
}
