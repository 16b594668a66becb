import { Temporal } from 'temporal-polyfill';
import { type Language, type Words, words } from './words.ts';

/** What stands where a number is not known. */
const dash = '–';

/** Numbers and times as people of a language write them; instants on the clock of `zone`. */
export interface Format {
  words: Words;
  zone: string;
  number(value: number | null): string;
  /** With its sign: +1,234. */
  signed(value: number | null): string;
  /** Of a value that is percent already, with its sign: +3.4 %. */
  percent(value: number | null): string;
  /** For axes: 12K. */
  short(value: number): string;
  /** 1 Oct. Takes a date `YYYY-MM-DD`. */
  date(date: string): string;
  /** The local days from one instant up to another, which is not in it: 1–31 Oct 2026. */
  days(from: string, to: string): string;
  /** The days of the period before, which is as long on the clock, also when the clocks changed. */
  daysBefore(from: string, to: string): string;
  moment(instant: string): string;
  /** Without the year. */
  when(instant: string): string;
  /** Milliseconds as seconds, minutes or hours. */
  span(milliseconds: number | null): string;
}

export function formatOf(language: Language, zone: string): Format {
  const said = words[language];
  const { locale } = said;
  const usual = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const sign = new Intl.NumberFormat(locale, { signDisplay: 'exceptZero', maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 2 });
  const near = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', day: 'numeric', month: 'short' });
  const far = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
  const moment = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
  const when = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  // The minus of the locale is the hyphen; figures deserve the real one.
  const minus = (text: string) => text.replace(/^-/, '−');
  const days = (from: string, to: string) => far.formatRange(new Date(from), new Date(Date.parse(to) - 1));
  const number = (value: number | null) => (value === null ? dash : minus(usual.format(value)));
  return {
    words: said,
    zone,
    number,
    signed: (value) => (value === null ? dash : minus(sign.format(value))),
    percent: (value) => (value === null ? dash : `${minus(sign.format(value))}\u00a0%`),
    short: (value) => minus((Math.abs(value) < 10_000 ? usual : compact).format(value)),
    date: (date) => near.format(new Date(`${date}T00:00:00Z`)),
    days,
    daysBefore(from, to) {
      const [first, last] = [plain(from, zone), plain(to, zone)];
      const start = first.subtract(first.until(last)).toZonedDateTime(zone).toInstant();
      return days(start.toString(), from);
    },
    moment: (instant) => moment.format(new Date(instant)),
    when: (instant) => when.format(new Date(instant)),
    span(milliseconds) {
      if (milliseconds === null) return dash;
      const seconds = milliseconds / 1_000;
      const rounded = (value: number) =>
        number(Math.round(value * (value < 10 ? 10 : 1)) / (value < 10 ? 10 : 1));
      if (seconds < 120) return said.seconds(rounded(seconds));
      if (seconds < 7_200) return said.minutes(rounded(seconds / 60));
      return said.hours(rounded(seconds / 3_600));
    },
  };
}

/** `YYYY-MM-DD` of an instant on the clock of a zone. */
export function localDate(instant: string, zone: string): string {
  return plain(instant, zone).toPlainDate().toString();
}

/** `YYYY-MM-DDTHH:MM:SS` of an instant on the clock of a zone. */
export function localTime(instant: string, zone: string): string {
  return plain(instant, zone).toString({ smallestUnit: 'second' });
}

function plain(instant: string, zone: string): Temporal.PlainDateTime {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDateTime();
}
