/** What reports are drawn with, as `#rrggbb`. */
export const colours = {
  ink: '#1b2733',
  muted: '#66737f',
  rule: '#d9e0e7',
  shade: '#eef3f8',
  accent: '#1f5fa8',
  up: '#1b7f54',
  down: '#b23b32',
  // Above and below average: told apart by those who do not see red and green, too.
  more: '#1f5fa8',
  less: '#c8791c',
} as const;

/** A colour between two, `share` of the way from the first. */
export function between(from: string, to: string, share: number): string {
  const channel = (hex: string, at: number) => Number.parseInt(hex.slice(at, at + 2), 16);
  return `#${[1, 3, 5]
    .map((at) => {
      const value = channel(from, at) + (channel(to, at) - channel(from, at)) * share;
      return Math.round(value).toString(16).padStart(2, '0');
    })
    .join('')}`;
}
