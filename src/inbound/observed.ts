import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { networkNamed } from '../networks/index.ts';
import { type Live, mediaKinds } from '../networks/message.ts';
import type { Place } from '../networks/network.ts';
import { decodeCursor, type ListQuery, type Page, pageOf } from '../page.ts';
import type { Tx } from '../stores/postgres.ts';
import { comparable } from '../text/comparable.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());

/** A post that was seen at the network, as the API shows it. */
export const ObservedSchema = v.pipe(
  v.strictObject({
    remote_id: v.pipe(v.string(), v.description('Of an album: of its first file.')),
    remote_url: v.nullable(v.string()),
    publication_id: v.pipe(
      v.nullable(v.pipe(v.string(), v.uuid())),
      v.description('null: not made by Outpost, as far as is known.'),
    ),
    by_hand: v.boolean(),
    posted_at: Timestamp,
    text: v.string(),
    media: v.array(v.picklist(mediaKinds)),
    reactions: v.pipe(
      v.nullable(v.record(v.string(), v.number())),
      v.description('How many, by emoji; null: the network told of none yet.'),
    ),
    comments: v.pipe(v.nullable(v.number()), v.description('null: the network told of none yet.')),
    edited_at: v.nullable(Timestamp),
  }),
  v.metadata({ ref: 'ObservedPost' }),
);
export type Observed = v.InferOutput<typeof ObservedSchema>;

interface Row {
  remote_id: string;
  publication_id: string | null;
  posted_at: Date;
  text: string;
  media: Observed['media'];
  album: string | null;
  reactions: Record<string, number> | null;
  comments: number | null;
  edited_at: Date | null;
}

const Cursor = v.strictObject({ at: Timestamp, id: v.pipe(v.string(), v.maxLength(100)) });

/** A page of the posts that updates told of, newest first; an album is one. Throws `not_found`. */
export function listObserved(ctx: Context, who: Who, id: string, query: ListQuery): Promise<Page<Observed>> {
  const after = decodeCursor(Cursor, query.cursor) ?? null;
  return asWorkspace(ctx, who, async (tx) => {
    const [community] = await tx<({ network: string } & Place)[]>`
      select network, external_id as "externalId", capabilities, details, settings from communities
      where workspace_id = ${who.workspaceId} and id = ${id}`;
    if (!community) throw new AppError('not_found', 'There is no such community.');
    const columns = tx`
      o.remote_id, o.publication_id, o.posted_at, o.text, o.media, o.album, o.reactions, o.comments, o.edited_at`;
    const mine = tx`o.workspace_id = ${who.workspaceId} and o.community_id = ${id} and o.removed_at is null`;
    const heads = await tx<Row[]>`
      select ${columns} from observed_posts o
      where ${mine}
        and (${after?.at ?? null}::timestamptz is null or (o.posted_at, length(o.remote_id), o.remote_id)
          < (${after?.at ?? null}::timestamptz, length(${after?.id ?? ''}::text), ${after?.id ?? ''}::text))
        and (o.album is null or not exists (
          select from observed_posts other
          where other.community_id = o.community_id and other.album = o.album
            and (length(other.remote_id), other.remote_id) < (length(o.remote_id), o.remote_id)))
      order by o.posted_at desc, length(o.remote_id) desc, o.remote_id desc limit ${query.limit + 1}`;
    const albums = heads.flatMap(({ album }) => (album === null ? [] : [album]));
    const others =
      albums.length === 0
        ? []
        : await tx<Row[]>`
            select ${columns} from observed_posts o where ${mine} and o.album = any(${albums}::text[])
            order by length(o.remote_id), o.remote_id`;
    const open = heads.some(({ publication_id }) => publication_id === null)
      ? await openLives(tx, who, id)
      : [];
    const network = networkNamed(community.network);
    return pageOf(
      heads,
      query.limit,
      (row) => ({ at: row.posted_at.toISOString(), id: row.remote_id }),
      (head) => {
        const parts = head.album === null ? [head] : others.filter(({ album }) => album === head.album);
        return shown(parts, network.urlOf?.(community, head.remote_id) ?? null, open);
      },
    );
  });
}

/** What may be public already while nobody knows yet under which id. */
async function openLives(tx: Tx, who: Who, communityId: string): Promise<Live[]> {
  const rows = await tx<{ live: Live }[]>`
    select live from publications
    where workspace_id = ${who.workspaceId} and community_id = ${communityId}
      and state in ('sending', 'confirming', 'unconfirmed') and live is not null`;
  return rows.map((row) => row.live);
}

function shown(parts: readonly Row[], remoteUrl: string | null, open: readonly Live[]): Observed {
  const [head] = parts;
  if (!head) throw new Error('an album without a file');
  const text = parts.map((part) => part.text).find((words) => words !== '') ?? '';
  const media = parts.flatMap((part) => part.media);
  const publicationId = parts.find((part) => part.publication_id !== null)?.publication_id ?? null;
  const ours =
    publicationId !== null ||
    open.some((live) => comparable(live.text) === comparable(text) && live.media.length === media.length);
  const edits = parts.flatMap(({ edited_at }) => (edited_at === null ? [] : [edited_at.getTime()]));
  return {
    remote_id: head.remote_id,
    remote_url: remoteUrl,
    publication_id: publicationId,
    by_hand: !ours,
    posted_at: head.posted_at.toISOString(),
    text,
    media,
    reactions: parts.reduce<Observed['reactions']>((sum, { reactions }) => added(sum, reactions), null),
    comments: parts.reduce<number | null>(
      (sum, { comments }) => (comments === null ? sum : (sum ?? 0) + comments),
      null,
    ),
    edited_at: edits.length === 0 ? null : new Date(Math.max(...edits)).toISOString(),
  };
}

function added(sum: Observed['reactions'], more: Record<string, number> | null): Observed['reactions'] {
  if (more === null) return sum;
  const counts = new Map(Object.entries(sum ?? {}));
  for (const [emoji, count] of Object.entries(more)) counts.set(emoji, (counts.get(emoji) ?? 0) + count);
  return Object.fromEntries(counts);
}
