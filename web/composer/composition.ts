import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, ask, client, wishKey } from '../api.ts';
import { Autosave, type Known, type SaveState } from './autosave.ts';
import { type ChangeBody, type Content, changeOf, isEmpty, type Post, readyOf } from './content.ts';
import { sendOnce, type Wish } from './once.ts';
import { type Stored, store } from './storage.ts';
import type { When } from './when.ts';

export interface Start {
  /** null: a new one. */
  post: Post | null;
  content: Content;
  when: When;
  /** What this browser kept of it and the server does not have. */
  stored: Stored | null;
  /** Under which name this browser keeps it while it has no id. */
  unsent: string;
}

type StatusKnown = Known & { status: Post['status'] };

function knownOf(post: Post): StatusKnown {
  const { id, updated_at, status, overrides } = post;
  return { id, updated_at, status, overrides: Object.keys(overrides) };
}

/** A post while it is written: what it says, when it goes out, and how much of it the server has. */
export function useComposition(start: Start, workspace: string, onCreated: (id: string) => void) {
  const queries = useQueryClient();
  const [content, setContent] = useState(start.content);
  const [when, setWhen] = useState(start.when);
  const [post, setPost] = useState(start.post);
  const [saved, setSaved] = useState<SaveState>({ kind: start.stored ? 'saving' : 'idle' });
  const now = useRef({
    content,
    when,
    chosen: start.stored?.when !== undefined && start.stored?.when !== null,
  });
  const created = useRef(onCreated);
  created.current = onCreated;
  /** What a person asked for, until it is answered. */
  const wish = useRef<Wish<ChangeBody & { known: Known }> | null>(null);
  /** The page was left: nobody is led back to it by what is saved afterwards. */
  const left = useRef(false);

  const [autosave] = useState(() => {
    const took = (answer: Post): StatusKnown => {
      queries.invalidateQueries({ queryKey: ['posts'] });
      setPost(answer);
      return knownOf(answer);
    };
    const keep = (known: Known | null, kept: Omit<Stored, 'when'> | null) => {
      const { content: latest, when: wanted, chosen } = now.current;
      // A poll without a question is not sent, and a time that is not scheduled neither.
      const rest =
        kept ??
        (known && (readyOf(latest) !== latest || chosen)
          ? { content: latest, base: known.updated_at, creating: null }
          : null);
      store(workspace, known?.id ?? start.unsent, rest && { ...rest, when: chosen ? wanted : null });
    };
    const made: Autosave<Content> = new Autosave<Content>(
      {
        key: wishKey,
        create: async (body, key) => {
          const headers = { 'Idempotency-Key': key };
          const known = took(await ask(client.v1.posts.$post({ json: readyOf(body) }, { headers })));
          store(workspace, start.unsent, null);
          if (!left.current) created.current(known.id);
          return known;
        },
        update: async (known, body) =>
          took(await ask(change(known, changeOf(readyOf(body), known.overrides)))),
        keep: (kept) => keep(made.known, kept),
        told: setSaved,
      },
      start.post && knownOf(start.post),
    );
    if (start.stored) {
      const { when: _, ...kept } = start.stored;
      made.resume(kept);
    }
    return { made, took, keep };
  });
  const { made, took, keep } = autosave;

  useEffect(() => {
    left.current = false;
    const again = () => made.flush();
    addEventListener('online', again);
    return () => {
      removeEventListener('online', again);
      left.current = true;
      made.flush().finally(() => made.stop());
    };
  }, [made]);

  const edit = useCallback(
    (update: (before: Content) => Content) => {
      const after = update(now.current.content);
      if (after === now.current.content) return;
      now.current.content = after;
      setContent(after);
      // Nobody wants a draft of nothing.
      if (made.known || made.isBehind || !isEmpty(after)) made.change(after);
    },
    [made],
  );
  const choose = useCallback(
    (wanted: When) => {
      now.current = { ...now.current, when: wanted, chosen: true };
      setWhen(wanted);
      if (made.known) keep(made.known, null);
    },
    [made, keep],
  );
  /** Saves everything, and with it what `time` says. Throws what the server says. */
  const submit = useCallback(
    async (time: ChangeBody): Promise<Post> => {
      let answer: Post | null = null;
      try {
        await made.act(now.current.content, async (known) => {
          const sent = now.current.content;
          const body = changeOf(readyOf(sent), known.overrides);
          // Pressed again where only the answer was lost, it is no change of somebody else's.
          answer = await sendOnce({ known, ...body, ...time }, wish.current, {
            send: ({ known, ...json }, key) => ask(change(known, json, key)),
            keep: (next) => {
              wish.current = next;
            },
            key: wishKey,
          });
          now.current.chosen = false;
          return { known: took(answer), sent };
        });
      } catch (error) {
        if (error instanceof ApiError && error.code === 'conflict') setSaved({ kind: 'conflict', error });
        throw error;
      }
      if (!answer) throw new Error('an act has an answer');
      return answer;
    },
    [made, took],
  );
  return useMemo(
    () => ({
      content,
      edit,
      when,
      choose,
      post,
      saved,
      submit,
      forget: () => made.forget(),
      drop: (remove: (known: Known) => Promise<unknown>) => made.drop(remove),
      flush: () => made.flush(),
    }),
    [content, edit, when, choose, post, saved, submit, made],
  );
}

export type Composition = ReturnType<typeof useComposition>;

function change(known: Known, json: ChangeBody, key?: string) {
  const expected = { updated_at: known.updated_at, status: known.status as Post['status'] };
  const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key };
  return client.v1.posts[':id'].$patch({ param: { id: known.id }, json: { ...json, expected } }, { headers });
}
