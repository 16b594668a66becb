import { useTranslation } from 'react-i18next';

/** How times and numbers are written in the language of the page. Times are shown in a zone that is named. */
export function useFormats() {
  const { i18n } = useTranslation();
  const language = i18n.language;
  const formatted = (options: Intl.DateTimeFormatOptions) => (at: string | Date, timeZone?: string) =>
    format(language, { ...options, timeZone }).format(typeof at === 'string' ? new Date(at) : at);
  return {
    language,
    time: formatted({ hour: 'numeric', minute: '2-digit' }),
    /** To the second: for evidence. */
    second: formatted({ hour: 'numeric', minute: '2-digit', second: '2-digit' }),
    date: formatted({ day: 'numeric', month: 'short', year: 'numeric' }),
    day: formatted({ weekday: 'short', day: 'numeric', month: 'short' }),
    moment: formatted({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
    month: formatted({ month: 'long', year: 'numeric' }),
    number: (value: number, options?: Intl.NumberFormatOptions) =>
      new Intl.NumberFormat(language, options).format(value),
    /** Of percents as the API gives them: 12.5 is +12.5 %. */
    percent: (value: number) =>
      new Intl.NumberFormat(language, {
        style: 'percent',
        maximumFractionDigits: 1,
        signDisplay: 'exceptZero',
      }).format(value / 100),
    /** «3.4 MB». */
    bytes: (value: number) => {
      const step = Math.min(Math.max(Math.floor(Math.log10(Math.max(value, 1)) / 3), 1), sizes.length);
      const options = { style: 'unit', unit: sizes[step - 1], maximumFractionDigits: 1 } as const;
      return new Intl.NumberFormat(language, options).format(value / 1_000 ** step);
    },
    /** «3 minutes ago», «in 2 days». */
    ago: (at: string | Date) => relative(language, typeof at === 'string' ? new Date(at) : at),
  };
}

const sizes = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

const formats = new Map<string, Intl.DateTimeFormat>();
/** Making one takes longer than using it a hundred times. */
function format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  const found = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, found);
  return found;
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

function relative(language: string, at: Date): string {
  const seconds = (at.getTime() - Date.now()) / 1_000;
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(0, 'minute');
}

/** The zone of this browser. */
export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
