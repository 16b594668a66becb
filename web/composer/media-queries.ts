import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { ask, client } from '../api.ts';
import { type Content, replaced, seenFrom, type Tab, written } from './content.ts';
import { type Medium, sendFile } from './send-file.ts';
import { UploadQueue } from './uploads.ts';

/** Files by their ids, as far as they are known. */
export function useMedia(ids: readonly string[]): ReadonlyMap<string, Medium> {
  return useQueries({
    queries: [...new Set(ids)].map((id) => ({
      queryKey: ['media', id],
      queryFn: () => ask(client.v1.media[':id'].$get({ param: { id } })),
      // Their addresses are signed for an hour or so.
      staleTime: 10 * 60_000,
    })),
    combine: byId,
  });
}

function byId(answers: { data: Medium | undefined }[]): ReadonlyMap<string, Medium> {
  return new Map(answers.flatMap(({ data }) => (data ? [[data.id, data]] : [])));
}

/** A place for files in a post: which tab, and which part of the post there (0 is the first). */
export interface FilePlace {
  tab: Tab;
  owners: readonly string[];
  part: number;
}

/** The API takes no more in one message, whatever the network. */
export const filesMost = 20;

const nameOf = (place: FilePlace) => JSON.stringify(place);

/** What is on its way into a post. `told` hears how many files there was no room for, and of a file that took the place of another. */
export function useUploads(
  content: Content,
  edit: (update: (before: Content) => Content) => void,
  told: { full(left: number): void; replaced(undo: () => void): void },
) {
  const queries = useQueryClient();
  const now = useRef({ content, told });
  now.current = { content, told };
  const [queue] = useState(
    () =>
      new UploadQueue<Medium>(sendFile, ({ place, replaces }, medium) => {
        queries.setQueryData(['media', medium.id], medium);
        queries.invalidateQueries({ queryKey: ['media', 'library'] });
        if (replaces === null) {
          edit((before) => withFiles(before, JSON.parse(place), (ids) => [...ids, medium.id]));
        } else {
          edit((before) => replaced(before, replaces, medium.id));
          now.current.told.replaced(() => edit((after) => replaced(after, medium.id, replaces)));
        }
      }),
  );
  const uploads = useSyncExternalStore(queue.subscribe, queue.all);
  return useMemo(
    () => ({
      uploads,
      at: (place: FilePlace) => uploads.filter((upload) => upload.place === nameOf(place)),
      add: (files: readonly File[], place: FilePlace, about?: { replaces: string; alt: string | null }) => {
        const waiting = queue.all().filter((upload) => upload.place === nameOf(place)).length;
        const room = about ? files.length : filesMost - waiting - filesAt(now.current.content, place).length;
        if (files.length > room) now.current.told.full(files.length - Math.max(room, 0));
        queue.add(files.slice(0, Math.max(room, 0)), nameOf(place), about);
      },
      cancel: (id: number) => queue.cancel(id),
      retry: (id: number) => queue.retry(id),
      stop: () => queue.stop(),
    }),
    [uploads, queue],
  );
}

export type Uploads = ReturnType<typeof useUploads>;

function filesAt(content: Content, { owners, part }: FilePlace): string[] {
  const seen = seenFrom(content, owners);
  return (part === 0 ? seen : seen.parts[part - 1])?.media_ids ?? [];
}

/** The content with other files in one place. */
export function withFiles(
  content: Content,
  { tab, owners, part }: FilePlace,
  change: (ids: string[]) => string[],
): Content {
  const seen = seenFrom(content, owners);
  if (part === 0) return written(content, tab, { media_ids: change(seen.media_ids) });
  const parts = seen.parts.map((one, index) =>
    index === part - 1 ? { ...one, media_ids: change(one.media_ids) } : one,
  );
  return written(content, tab, { parts });
}
