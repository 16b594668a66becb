import { useFormats } from '../parts/time.ts';

/** «Mon, Nov 23, 10:00 AM» on the clock of a zone; with the year where it is not this one. */
export function useMoment(zone: string): (at: string) => string {
  const formats = useFormats();
  const years = new Intl.DateTimeFormat('en', { year: 'numeric', timeZone: zone });
  const thisYear = years.format(new Date());
  return (at) => {
    const year = years.format(new Date(at));
    return `${formats.day(at, zone)}${year === thisYear ? '' : ` ${year}`}, ${formats.time(at, zone)}`;
  };
}
