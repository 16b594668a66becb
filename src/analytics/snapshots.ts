import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import type { Count } from './figure.ts';
import { Place } from './place.ts';
import { figuresOf, PostFigures } from './top.ts';

const Time = v.pipe(v.string(), v.isoTimestamp());

export const PostAnalytics = v.strictObject({
  post_id: v.string(),
  publications: v.array(
    v.strictObject({
      id: v.string(),
      community: Place,
      url: v.nullable(v.string()),
      published_at: v.nullable(Time),
      latest: v.pipe(v.nullable(PostFigures), v.description('null: nobody looked yet.')),
      snapshots: v.pipe(
        v.array(v.strictObject({ at: Time, ...PostFigures.entries })),
        v.description('Oldest first, the last 500.'),
      ),
    }),
  ),
});
export type PostAnalytics = v.InferOutput<typeof PostAnalytics>;

interface PublicationRow {
  id: string;
  community_id: string;
  network: string;
  title: string;
  remote_url: string | null;
  published_at: Date | null;
}
interface SnapshotRow extends Record<keyof PostFigures, Count> {
  publication_id: string;
  ts: string;
}

/** What the networks told of a post's publications, snapshot by snapshot. Throws `not_found`. */
export async function getPostAnalytics(ctx: Context, who: Who, id: string): Promise<PostAnalytics> {
  const publications = await asWorkspace(ctx, who, async (tx) => {
    const [post] = await tx`select 1 from posts where workspace_id = ${who.workspaceId} and id = ${id}`;
    if (!post) throw new AppError('not_found', 'There is no such post.');
    return tx<PublicationRow[]>`
      select p.id, p.community_id, p.network, c.title, p.remote_url, p.published_at
      from publications p join communities c on c.id = p.community_id
      where p.workspace_id = ${who.workspaceId} and p.post_id = ${id}
      order by c.title collate "und-x-icu", p.community_id, p.part`;
  });
  const rows =
    publications.length === 0
      ? []
      : await ctx.ch.query<SnapshotRow>(
          `select * from (
             select publication_id, ts, views, reach, reactions, comments, shares, clicks
             from raw_post_metrics_v1 final
             where workspace_id = {workspace:UUID} and community_id in {communities:Array(UUID)}
               and publication_id in {publications:Array(UUID)}
             order by publication_id, ts desc limit 500 by publication_id
           ) order by ts limit 5000`,
          {
            workspace: who.workspaceId,
            communities: publications.map((one) => one.community_id),
            publications: publications.map((one) => one.id),
          },
        );
  return {
    post_id: id.toLowerCase(),
    publications: publications.map((one) => {
      const snapshots = rows
        .filter((row) => row.publication_id === one.id)
        .map((row) => ({ at: row.ts, ...figuresOf(row) }));
      const last = snapshots.at(-1);
      const { at: _, ...latest } = last ?? { at: null };
      return {
        id: one.id,
        community: { id: one.community_id, network: one.network, title: one.title },
        url: one.remote_url,
        published_at: one.published_at?.toISOString() ?? null,
        latest: last ? (latest as PostFigures) : null,
        snapshots,
      };
    }),
  };
}
