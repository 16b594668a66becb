import type { LedgerRow } from '../../src/sandbox/ledger.ts';
import type { Sql } from '../../src/stores/postgres.ts';

/** What the product's own rows say, as the checker reads them. */
export interface Book {
  publications: {
    id: string;
    network: string;
    place: string;
    text: string;
    state: string;
    remote_id: string | null;
    reason: string | null;
  }[];
  attempts: {
    publication_id: string;
    kind: string;
    outcome: string | null;
    intent_at: Date;
    client_key: string;
  }[];
  events: { publication_id: string; from_state: string | null; to_state: string }[];
  /** Everything a secret could have reached: logs, job payloads, error rows, as one text. */
  traces: string;
}

export async function readBook(sql: Sql, logs: readonly string[]): Promise<Book> {
  const publications = await sql<Book['publications']>`
    select p.id, p.network, case when p.network = 'vk' then '-' || c.external_id else c.external_id end as place,
      posts.text, p.state, p.remote_id, coalesce(p.error ->> 'message', p.note) as reason
    from publications p join posts on posts.id = p.post_id join communities c on c.id = p.community_id`;
  const attempts = await sql<Book['attempts']>`
    select publication_id, kind, outcome, intent_at, client_key from publication_attempts order by intent_at`;
  const events = await sql<Book['events']>`
    select publication_id, from_state, to_state from publication_events order by id`;
  const [jobs] = await sql<
    { text: string }[]
  >`select coalesce(string_agg(j::text, ' '), '') as text from pgboss.job j`;
  const [errors] = await sql<{ text: string }[]>`
    select coalesce(string_agg(a::text, ' '), '') || (select coalesce(string_agg(p::text, ' '), '') from publications p) as text
    from publication_attempts a`;
  return {
    publications: [...publications],
    attempts: [...attempts],
    events: [...events],
    traces: [...logs, jobs?.text ?? '', errors?.text ?? ''].join('\n'),
  };
}

const paths = new Set([
  'scheduled>sending',
  'scheduled>held',
  'scheduled>cancelled',
  'scheduled>failed',
  'held>scheduled',
  'held>cancelled',
  'held>failed',
  'sending>published',
  'sending>confirming',
  'sending>scheduled',
  'sending>failed',
  'confirming>published',
  'confirming>scheduled',
  'confirming>failed',
  'confirming>unconfirmed',
  'unconfirmed>published',
  'unconfirmed>scheduled',
  'unconfirmed>cancelled',
  'failed>scheduled',
]);
const ended = new Set(['published', 'failed', 'cancelled', 'unconfirmed', 'held']);

/**
 * Joins our rows with the networks' own ledger and lists every broken promise, as `I1: …` with the ids.
 * Posts are matched by place and text: each test post has a text of its own.
 *
 * @param created ids of the publications that the API said it made
 * @param secrets texts that may be in no trace
 */
export function violations(
  book: Book,
  ledger: readonly LedgerRow[],
  created: readonly string[],
  secrets: readonly string[],
): string[] {
  const found: string[] = [];
  const say = (law: string, what: string) => found.push(`${law}: ${what}`);
  const there = new Set(book.publications.map((publication) => publication.id));
  for (const id of created) if (!there.has(id)) say('I8', `publication ${id} was answered and is gone`);

  const accepted = ledger.filter((row) => row.event === 'accepted');
  const claimed = new Set<LedgerRow>();
  for (const publication of book.publications) {
    const { id, state } = publication;
    const posts = accepted.filter(
      (row) =>
        row.network === publication.network &&
        row.place === publication.place &&
        row.text === publication.text,
    );
    for (const post of posts) claimed.add(post);
    if (posts.length > 1) say('I1', `${id} is public ${posts.length} times`);
    if (state === 'published' && (posts.length !== 1 || posts[0]?.remote_id !== publication.remote_id)) {
      say(
        'I2',
        `${id} says published as ${publication.remote_id}, the network has ${posts.map((post) => post.remote_id)}`,
      );
    }
    if (posts.length === 0 && state === 'published') say('I3', `${id} says published and is nowhere`);
    if (posts.length === 0 && state !== 'published' && ended.has(state) && !publication.reason) {
      say('I3', `${id} is ${state} without a reason`);
    }
    if (posts.length > 0 && state !== 'published' && state !== 'unconfirmed')
      say('I4', `${id} is public and says ${state}`);
    const sends = book.attempts.filter((attempt) => attempt.publication_id === id && attempt.kind === 'send');
    for (const post of posts) {
      if (!sends.some((attempt) => attempt.intent_at.getTime() <= post.at + 1)) {
        say('I5', `${id} was sent without a barrier before it`);
      }
    }
    if (!ended.has(state)) say('I6', `${id} is still ${state}`);
    let last: string | null = null;
    for (const event of book.events.filter((event) => event.publication_id === id)) {
      if (event.from_state !== last || (last !== null && !paths.has(`${last}>${event.to_state}`))) {
        say('I7', `${id} went from ${last} to ${event.to_state} by way of ${event.from_state}`);
      }
      last = event.to_state;
    }
    if (last !== state) say('I7', `${id} is ${state}, its history ends at ${last}`);
  }
  for (const row of accepted) {
    if (!claimed.has(row)) say('I5', `the network has post ${row.remote_id} that no publication stands for`);
  }
  for (const row of ledger) {
    if (row.event === 'schema_violation') say('schema', `${row.network} ${row.method}: ${row.outcome}`);
  }
  for (const secret of secrets) if (book.traces.includes(secret)) say('I10', 'a secret stands in a trace');
  return found;
}
