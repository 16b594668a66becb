import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';

/** A community as analytics name it. */
export const Place = v.strictObject({ id: v.string(), network: v.string(), title: v.string() });
export type Place = v.InferOutput<typeof Place>;

export interface PlaceInTime extends Place {
  /** The community's own, else what the workspace gave it. */
  timezone: string;
}

/** Those that left stand with the rest: their figures are kept. By name. */
export async function placesOf(ctx: Context, who: Who): Promise<Place[]> {
  return asWorkspace(ctx, who, async (tx) => [
    ...(await tx<Place[]>`
      select id, network, title from communities where workspace_id = ${who.workspaceId}
      order by title collate "und-x-icu", id`),
  ]);
}

/** Throws `not_found`. */
export async function placeOf(ctx: Context, who: Who, id: string): Promise<PlaceInTime> {
  const [place] = await asWorkspace(
    ctx,
    who,
    (tx) => tx<PlaceInTime[]>`
      select id, network, title, timezone from communities
      where workspace_id = ${who.workspaceId} and id = ${id}`,
  );
  if (!place) throw new AppError('not_found', 'There is no such community.');
  return place;
}

export function placeShown({ id, network, title }: Place): Place {
  return { id, network, title };
}
