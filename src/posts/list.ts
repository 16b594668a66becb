import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { decodeCursor, type Page, pageOf } from '../page.ts';
import { needsAttention, type Post, type PostRow, postColumns, publicationsOf, showPost } from './show.ts';

export interface PostFilter {
  status?: Post['status'] | undefined;
  community_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
  media_id?: string | undefined;
  needs_attention?: boolean | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Newest first. `from` and `to` bound the scheduled time, `q` is searched in the text; `media_id` stands in the post, wherever. */
export function listPosts(ctx: Context, who: Who, filter: PostFilter): Promise<Page<Post>> {
  const before = decodeCursor(v.strictObject({ id: v.pipe(v.string(), v.uuid()) }), filter.cursor);
  return asWorkspace(ctx, who, async (tx) => {
    const rows = await tx<PostRow[]>`
      select * from (
        select ${postColumns(tx)} from posts p
        where p.workspace_id = ${who.workspaceId}
          ${before ? tx`and p.id < ${before.id}` : tx``}
          ${filter.community_id ? tx`and ${filter.community_id} = any(p.community_ids)` : tx``}
          ${
            filter.media_id
              ? tx`and exists (select from post_media m where m.post_id = p.id and m.media_id = ${filter.media_id})`
              : tx``
          }
          ${filter.from ? tx`and p.scheduled_at >= ${filter.from}` : tx``}
          ${filter.to ? tx`and p.scheduled_at < ${filter.to}` : tx``}
          ${
            filter.needs_attention === undefined
              ? tx``
              : tx`and ${filter.needs_attention} = ${needsAttention(tx)}`
          }
          ${filter.q ? tx`and strpos(lower(p.text), lower(${filter.q})) > 0` : tx``}) posts
      where true ${filter.status ? tx`and status = ${filter.status}` : tx``}
      order by id desc limit ${filter.limit + 1}`;
    const publications = await publicationsOf(
      tx,
      who.workspaceId,
      rows.slice(0, filter.limit).map((row) => row.id),
    );
    return pageOf(
      rows,
      filter.limit,
      (row) => ({ id: row.id }),
      (row) => showPost(row, publications),
    );
  });
}
