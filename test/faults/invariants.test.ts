import { expect, test } from 'bun:test';
import type { LedgerRow } from '../../src/sandbox/ledger.ts';
import { type Book, violations } from './invariants.ts';

const when = new Date('2026-11-20T18:00:00Z');

function soundBook(): Book {
  return {
    publications: [
      {
        id: 'p',
        network: 'vk',
        place: '-1',
        text: 'hello',
        state: 'published',
        remote_id: '7',
        reason: null,
      },
    ],
    attempts: [{ publication_id: 'p', kind: 'send', outcome: 'accepted', intent_at: when, client_key: 'p' }],
    events: [
      { publication_id: 'p', from_state: null, to_state: 'scheduled' },
      { publication_id: 'p', from_state: 'scheduled', to_state: 'sending' },
      { publication_id: 'p', from_state: 'sending', to_state: 'published' },
    ],
    traces: 'nothing to see',
  };
}

function accepted(change: Partial<LedgerRow> = {}): LedgerRow {
  return {
    seq: 1,
    at: when.getTime() + 5,
    done_at: when.getTime() + 6,
    event: 'accepted',
    network: 'vk',
    method: 'wall.post',
    connection: 1,
    token_id: 'community:1',
    place: '-1',
    text: 'hello',
    text_hash: '',
    media: [],
    remote_id: '7',
    outcome: 'accepted',
    ...change,
  };
}

function laws(
  change: (book: Book) => void,
  ledger = [accepted()],
  created = ['p'],
  secrets = ['s3cret'],
): string[] {
  const book = soundBook();
  change(book);
  return [...new Set(violations(book, ledger, created, secrets).map((line) => line.split(':')[0] ?? ''))];
}

const only = (book: Book) => {
  const [publication] = book.publications;
  if (!publication) throw new Error('no publication');
  return publication;
};

test('a sound book breaks no promise', () => {
  expect(laws(() => {})).toEqual([]);
});

const planted: [law: string, what: string, found: () => string[]][] = [
  [
    'I1',
    'a post that is public twice',
    () => laws(() => {}, [accepted(), accepted({ seq: 2, remote_id: '8' })]),
  ],
  ['I2', 'another remote id than the bound one', () => laws((book) => (only(book).remote_id = '9'))],
  ['I3', 'published and nowhere', () => laws(() => {}, [])],
  ['I3', 'failed without a reason', () => laws((book) => (only(book).state = 'failed'), [])],
  [
    'I4',
    'failed and public',
    () => laws((book) => Object.assign(only(book), { state: 'failed', reason: 'x' })),
  ],
  ['I5', 'a send without a barrier', () => laws((book) => (book.attempts = []))],
  ['I5', 'a send before its barrier', () => laws(() => {}, [accepted({ at: when.getTime() - 50 })])],
  ['I5', 'a post that nobody planned', () => laws(() => {}, [accepted(), accepted({ text: 'stray' })])],
  ['I6', 'a publication that never ends', () => laws((book) => (only(book).state = 'sending'))],
  ['I7', 'a jump in the history', () => laws((book) => book.events.splice(1, 1))],
  ['I7', 'a history that ends elsewhere', () => laws((book) => book.events.pop())],
  ['I8', 'a publication that vanished', () => laws(() => {}, [accepted()], ['p', 'q'])],
  [
    'schema',
    'a request that the network does not know',
    () => laws(() => {}, [accepted(), accepted({ event: 'schema_violation' })]),
  ],
  ['I10', 'a secret in a log', () => laws((book) => (book.traces += ' s3cret '))],
];
for (const [law, what, found] of planted) {
  test(`the checker catches ${what}`, () => {
    expect(found()).toContain(law);
  });
}
