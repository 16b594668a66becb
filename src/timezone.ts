import * as v from 'valibot';

/** True for an IANA time zone name or link (`Europe/Moscow`, `Europe/Kiev`, `UTC`), false for an offset (`+03:00`). */
export function isTimeZone(name: string): boolean {
  // The engine takes offsets and any letter case as well; names that people chose must read like names.
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** An IANA time zone name, as a person chose it (links are kept as they are). */
export const TimeZone = v.pipe(
  v.string(),
  v.maxLength(64),
  v.check(isTimeZone, 'This is not an IANA time zone name, such as Europe/Moscow.'),
  v.description('IANA time zone name'),
);
