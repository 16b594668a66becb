/** Time zones to choose from, with the one that is chosen even where the browser knows it under another name. */
export function zones(chosen: string): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return [...new Set([chosen, 'UTC', ...known])];
}
