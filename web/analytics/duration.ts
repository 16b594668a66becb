import { useTranslation } from 'react-i18next';

/** A time in milliseconds as people say it: «0.42 s», «3.1 min», «2 h». */
export function useSeconds(): (milliseconds: number) => string {
  const { i18n } = useTranslation();
  const written = (value: number, unit: 'second' | 'minute' | 'hour', digits: number) =>
    new Intl.NumberFormat(i18n.language, {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    }).format(value);
  return (milliseconds) => {
    const seconds = milliseconds / 1_000;
    if (seconds < 120) return written(seconds, 'second', seconds < 10 ? 2 : 0);
    if (seconds < 7_200) return written(seconds / 60, 'minute', 1);
    return written(seconds / 3_600, 'hour', 1);
  };
}
