import type { InferResponseType } from 'hono/client';
import { useTranslation } from 'react-i18next';
import type { ApiError, client } from '../api.ts';
import { networkTitle } from '../parts/network.tsx';
import type { Tab } from './content.ts';

export type Preview = InferResponseType<typeof client.v1.posts.preview.$post, 200>;
type Place = Preview['communities'][number]['community'];

/** What is wrong with the post, or will look different, and where it stands in it. */
export interface Remark {
  path: string;
  message: string;
  /** null: as the API refused it, in its own words. */
  code: string | null;
  /** Whom it is about; empty: the post itself. */
  communities: readonly Place[];
  isWarning: boolean;
  /** Of the text, by the count of the network; null where that does not matter. */
  length: { count: number; limit: number } | null;
}

/** One of the page itself, about no community in particular. */
export function remarkHere(path: string, message: string): Remark {
  return { path, message, code: null, communities: [], isWarning: false, length: null };
}

/** Everything that the networks say, the same of several communities once. */
export function remarksOf(preview: Preview | null, refusal: ApiError | null): Remark[] {
  const found = new Map<string, Remark>();
  const add = (remark: Remark) => {
    const key = `${remark.path}\n${remark.message}`;
    const before = found.get(key);
    if (before) before.communities = [...before.communities, ...remark.communities];
    else found.set(key, remark);
  };
  for (const { community, problems, warnings, messages } of preview?.communities ?? []) {
    const longest = messages.map(({ length }) => length).sort((a, b) => b.count - a.count)[0] ?? null;
    const all = [
      ...problems.map((one) => [one, false] as const),
      ...warnings.map((one) => [one, true] as const),
    ];
    for (const [{ path, code, message }, isWarning] of all) {
      const length = placeIn(path).field === 'text' ? longest : null;
      add({ path, code, message, communities: [community], isWarning, length });
    }
  }
  for (const { path, message } of refusal?.errors ?? []) {
    const told = [...found.values()].some((one) => !one.isWarning && one.path === path);
    if (!told) add(remarkHere(path, message));
  }
  return [...found.values()];
}

/** Where a JSON Pointer leads: whose content, which part of it (0 is the post itself), which field. */
export function placeIn(path: string): { owner: string; part: number; field: string; rest: string[] } {
  let steps = path.split('/').slice(1);
  let owner = '';
  let part = 0;
  if (steps[0] === 'overrides') {
    owner = (steps[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~');
    steps = steps.slice(2);
  }
  if (steps[0] === 'parts' && steps[1] !== undefined) {
    part = Number(steps[1]) + 1;
    steps = steps.slice(2);
  }
  const [field = '', ...rest] = steps;
  return { owner, part, field: field === 'entities' ? 'text' : field, rest };
}

/**
 * What is to be said beside a field. A tab tells of what it takes over, too, as far as its own communities are
 * concerned; `owners` are those whose content it shows, the nearest first.
 */
export function remarksAt(
  remarks: readonly Remark[],
  { tab, owners, part, field }: { tab: Tab; owners: readonly string[]; part: number; field: string },
): Remark[] {
  return remarks.filter(({ path, communities }) => {
    const place = placeIn(path);
    if (place.part !== part || place.field !== field) return false;
    if (tab === 'all') return place.owner === '';
    if (place.owner === tab) return true;
    return (
      (place.owner === '' || owners.includes(place.owner)) &&
      communities.some(({ id, network }) => id === tab || network === tab)
    );
  });
}

/** How many problems a tab itself has. */
export function problemsOf(remarks: readonly Remark[], tab: Tab): number {
  const owner = tab === 'all' ? '' : tab;
  return remarks.filter(({ path, isWarning }) => !isWarning && placeIn(path).owner === owner).length;
}

/** A remark in the language of the page, where it has words for it; else as the API says it. */
export function useRemarkText(): (remark: Remark) => string {
  const { t, i18n } = useTranslation('composer');
  return ({ code, message, communities, length, path }) => {
    const { field } = placeIn(path);
    const names = [`remark.${code}_${field}`, `remark.${code}`];
    const known = code === null ? undefined : names.find((name) => i18n.exists(`composer:${name}`));
    if (!known) return message;
    const titles = [...new Set(communities.map(({ network }) => networkTitle(network)))].join(', ');
    return t(known as 'remark', { title: titles, ...length } as never) as unknown as string;
  };
}
