import type { Outpost } from '../main.ts';
import { dayOf, resolveLocalTime } from '../timezone.ts';

type Parts = Pick<Outpost['ctx'], 'sql' | 'ch' | 'queue'>;

/** A community, on whose clock its past is told. */
interface Place {
  id: string;
  workspace_id: string;
  network: string;
  timezone: string;
  /** Now. */
  members: number;
}

interface Post {
  key: string;
  at: Date;
  weekday: number;
  hour: number;
  kind: 'text' | 'image' | 'video' | 'poll';
  text: string;
  hashtags: string[];
  /** At an age of a month. */
  views: number;
}

const hour = 3_600_000;
const day = 24 * hour;
const weeks = 26;
const nobody = '00000000-0000-0000-0000-000000000000';
/** Hours of the week, 0 is Monday. */
const slots: Readonly<Record<string, readonly (readonly [weekday: number, hour: number])[]>> = {
  telegram: [
    [0, 9],
    [0, 18],
    [1, 13],
    [2, 9],
    [2, 18],
    [3, 13],
    [3, 18],
    [4, 9],
    [4, 18],
    [5, 11],
    [6, 12],
  ],
  vk: [
    [0, 13],
    [1, 18],
    [3, 12],
    [4, 18],
    [5, 11],
    [6, 19],
  ],
};
/** What a network tells of a post beside its views, as a share of them; what is not here it does not tell. */
const told: Readonly<Record<string, Partial<Record<'reach' | 'reactions' | 'comments' | 'shares', number>>>> =
  {
    telegram: { reactions: 0.031 },
    vk: { reach: 0.81, reactions: 0.024, comments: 0.004, shares: 0.0025 },
  };
/** Of its month a post has so much at these ages, in hours. */
const ages = [1, 6, 21, 27, 72, 168, 720].map((age) => ({ age, share: shareAt(age) }));
const kinds = ['image', 'text', 'text', 'image', 'text', 'poll', 'image', 'text', 'video'] as const;
const good = { text: 1, image: 1.35, video: 1.2, poll: 0.8 };

/**
 * Gives the communities half a year that never was, as if people had published there by hand: posts, their figures and
 * the members, with what there is to find in them, and ten neighbours of each to be set beside. Deliveries are left as
 * they are: those of the demo really happened.
 */
export async function plantPast(ctx: Parts, now = new Date()): Promise<void> {
  const places = await ctx.sql<Place[]>`
    select id, workspace_id, network, timezone, members from communities where members is not null`;
  const pasts = places.map((place) => ({ place, posts: postsOf(place, now) }));
  await ctx.sql.begin(async (tx) => {
    for (const { place, posts } of pasts) {
      const rows = posts.map(({ key, at, text, kind }) => ({
        workspace_id: place.workspace_id,
        community_id: place.id,
        remote_id: key,
        posted_at: at,
        text,
        media: kind === 'image' || kind === 'video' ? [kind] : [],
      }));
      await tx`insert into observed_posts ${tx(rows)}`;
      // No stand-in has them: nobody is to be asked for their figures.
      await tx`delete from metric_due where community_id = ${place.id} and post_key = any(${posts.map(({ key }) => key)})`;
    }
  });
  const crowd = places.flatMap((place) => neighboursOf(place, now));
  await ctx.ch.insert('raw_community_metrics_v1', [
    ...places.flatMap((place) => membersOf(place, now)),
    ...crowd.flatMap(({ members }) => members),
  ]);
  await ctx.ch.insert(
    'posts_v1',
    pasts.flatMap(({ place, posts }) => posts.map((post) => aboutOf(place, post, now))),
  );
  await ctx.ch.insert('raw_post_metrics_v1', [
    ...pasts.flatMap(({ place, posts }) => posts.flatMap((post) => snapshotsOf(place, post, now))),
    ...crowd.flatMap(({ posts }) => posts),
  ]);
  await ctx.ch.command('system refresh view community_standing_v1_fill');
  await ctx.sql.begin((tx) => ctx.queue.enqueue(tx, 'insights.find', [{ payload: {} }]));
  ctx.queue.wake('insights.find');
}

/** Oldest first. */
function postsOf({ network, timezone }: Place, now: Date): Post[] {
  const days = Array.from({ length: weeks * 7 }, (_, index) => weeks * 7 - index);
  return days
    .flatMap((ago) => {
      const { date } = dayOf(new Date(now.getTime() - ago * day), timezone);
      const weekday = (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7;
      return (slots[network] ?? [])
        .filter(([one]) => one === weekday)
        .map(([, local]) => ({
          weekday,
          hour: local,
          at: resolveLocalTime(`${date}T${String(local).padStart(2, '0')}:00`, timezone).at,
        }));
    })
    .map((moment, n, { length }) => ({ ...moment, ...writtenAs(n), ...viewsOf(network, moment, n, length) }));
}

function writtenAs(n: number): Pick<Post, 'key' | 'kind' | 'text' | 'hashtags'> {
  const bean = beans[(7 * n) % beans.length] ?? '';
  const [text = '', ...hashtags] = (lines[n % lines.length] ?? '').replaceAll('*', bean).split(' #');
  return { key: `past-${n}`, kind: kindOf(n), text, hashtags };
}

/**
 * What there is to find: in the channel Thursday evening does well and Monday morning badly, pictures do better, and one of
 * the last posts flew. In the community no hour makes a difference.
 */
function viewsOf(
  network: string,
  { weekday, hour: local }: Pick<Post, 'weekday' | 'hour'>,
  n: number,
  of: number,
) {
  const isChannel = network === 'telegram';
  const slot =
    isChannel && weekday === 3 && local === 18 ? 1.9 : isChannel && weekday === 0 && local === 9 ? 0.55 : 1;
  const kind = good[kindOf(n)];
  const flown = isChannel && n === of - 4 ? 6 : 1;
  const usual = isChannel ? 560 + 220 * (n / of) : 1_150 + 90 * (n / of);
  return { views: usual * slot * kind * flown * noise(n, 0.5) };
}

function kindOf(n: number): Post['kind'] {
  return kinds[Math.floor(kinds.length * chance(1_000 + n))] ?? 'text';
}

function snapshotsOf(
  place: Pick<Place, 'id' | 'workspace_id' | 'network'>,
  post: Pick<Post, 'key' | 'at' | 'views'>,
  now: Date,
) {
  const rates = told[place.network] ?? {};
  return ages
    .map(({ age, share }) => ({
      ts: new Date(post.at.getTime() + age * hour),
      views: Math.round(post.views * share),
    }))
    .filter(({ ts }) => ts < now)
    .map(({ ts, views }) => {
      const known = (rate: number | undefined, spread: number) =>
        rate === undefined ? null : Math.round(views * rate * noise(post.at.getTime() / hour, spread));
      return {
        ts,
        workspace_id: place.workspace_id,
        community_id: place.id,
        post_key: post.key,
        publication_id: nobody,
        published_at: post.at,
        views,
        reach: known(rates.reach, 0),
        reactions: known(rates.reactions, 0.8),
        comments: known(rates.comments, 1.5),
        shares: known(rates.shares, 1.2),
        clicks: null,
      };
    });
}

function aboutOf({ id, workspace_id, network }: Place, { key, at, kind, text, hashtags }: Post, now: Date) {
  return {
    workspace_id,
    community_id: id,
    post_key: key,
    publication_id: nobody,
    published_at: at,
    network,
    kind,
    length: text.length,
    media: kind === 'image' || kind === 'video' ? 1 : 0,
    hashtags,
    links: 0,
    source: 'elsewhere',
    seen_at: now,
  };
}

/** Every six hours, and today until now. The channel grows, yesterday by far more than on other days. */
function membersOf({ id, workspace_id, network, timezone, members }: Place, now: Date) {
  const isChannel = network === 'telegram';
  return Array.from({ length: weeks * 7 }, (_, ago) => {
    const { from } = dayOf(new Date(now.getTime() - ago * day), timezone);
    const wave = Math.round(4 * noise(ago, 1.2)) - 4;
    const lost = isChannel ? 3.2 * ago + (ago >= 2 ? 48 : 0) : 1.1 * ago;
    const joined = isChannel ? null : Math.round(4 + 7 * chance(ago));
    return [5, 11, 17, 23]
      .map((local) => ({ local, ts: new Date(from.getTime() + local * hour) }))
      .filter(({ ts }) => ts < now)
      .map(({ local, ts }) => {
        const soFar = (most: number | null) => (most === null ? null : Math.round((most * (local + 1)) / 24));
        return {
          ts,
          workspace_id,
          community_id: id,
          network,
          members: ago === 0 ? members : Math.round(members - lost - wave),
          joins: soFar(joined),
          leaves: soFar(joined === null ? null : joined - Math.round(3 * chance(500 + ago))),
          visitors: soFar(isChannel ? null : Math.round(95 * noise(ago, 0.6))),
          reach: soFar(isChannel ? null : Math.round(880 * noise(ago + 3, 0.5))),
          views: soFar(isChannel ? null : Math.round(1_240 * noise(ago + 5, 0.5))),
        };
      });
  }).flat();
}

/** Ten communities of that size in other workspaces: with fewer nobody is compared. */
function neighboursOf({ network, members }: Place, now: Date) {
  return Array.from({ length: 10 }, (_, n) => {
    const own = { id: Bun.randomUUIDv7(), workspace_id: Bun.randomUUIDv7(), network };
    const size = Math.round(members * (0.8 + 0.05 * n));
    const silent = { reach: null, visitors: null, views: null, joins: null, leaves: null };
    return {
      members: [0, 15, 31, 61].map((ago) => ({
        ts: new Date(now.getTime() - ago * day - hour),
        workspace_id: own.workspace_id,
        community_id: own.id,
        network,
        members: Math.round(size * (1 - 0.0004 * n * ago)),
        ...silent,
      })),
      posts: Array.from({ length: 4 + 2 * n }, (_, post) => {
        const at = new Date(now.getTime() - (2 + 1.3 * post) * day);
        return snapshotsOf(
          own,
          { key: `other-${post}`, at, views: size * 0.45 * noise(7 * n + post, 1) },
          now,
        );
      }).flat(),
    };
  });
}

/** Around 1; `spread` is that of its logarithm. */
function noise(n: number, spread: number): number {
  return Math.exp(spread * (chance(n) - 0.5));
}

/** Of a whole number a share of 1 that looks like chance, the same at each start. */
function chance(n: number): number {
  let mixed = Math.imul(Math.round(n) ^ 0x9e3779b9, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

function shareAt(age: number): number {
  return 0.78 * (1 - Math.exp(-age / 7)) + 0.22 * (1 - Math.exp(-age / 120));
}

const beans = [
  'Huehuetenango',
  'Yirgacheffe',
  'Sidamo',
  'Antigua',
  'Huila',
  'Nariño',
  'Kirinyaga',
  'Nyeri',
  'Tarrazú',
  'Cerrado',
  'Lintong',
  'Santa Ana',
  'Marcala',
];
/** `*` is a bean, and words after ` #` are hashtags. */
const lines = [
  '* is back on the shelf, roasted this morning. #roast',
  'Why we roast * a little lighter than others do. #roast #howto',
  '* as an espresso or through a filter? A short guide. #howto',
  'Fifty bags of * came off the boat today. #harbour',
  'Behind the counter: Anna makes a flat white with *. #people',
  'How long does * keep? We tasted it every day for a month.',
  'Saturday at eleven: * beside the house blend, with your eyes closed. #tasting',
  'The cake of the week goes with *: almond and orange. #menu',
  'A letter from the people who grow our *. #people',
  'Fog over the pier, a window seat, a pot of *. #harbour',
  'Grind * coarser than you think. Here is how we found out. #howto',
  'Only nine bags of * are left. The next ship comes in May.',
  'We tried * with tonic. Opinions differ. #menu',
  'A regular asked what * tastes of. Three baristas gave four answers. #tasting',
  'New cups are here, and the first one was filled with *.',
];
