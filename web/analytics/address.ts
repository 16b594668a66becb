import { useSearchParams } from 'wouter';

/** A choice that stands in the address, so that it can be linked; where it says nothing, or nonsense, `usual` counts. */
export function useChoice<Option extends string>(
  name: string,
  options: readonly Option[],
  usual: Option,
): [Option, (to: Option) => void] {
  const [search, setSearch] = useSearchParams();
  const asked = search.get(name);
  const choose = (to: Option) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (to === usual) after.delete(name);
        else after.set(name, to);
        return after;
      },
      { replace: true },
    );
  return [options.find((one) => one === asked) ?? usual, choose];
}

export const periods = ['7', '30', '90', '365'] as const;
export type Period = (typeof periods)[number];

/** What hours and kinds of posts are learnt from. */
export const learntPeriods = ['30', '90', '180'] as const;
