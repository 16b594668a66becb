import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, ask, client } from '../api.ts';
import { type Content, type PostBody, readyOf } from './content.ts';
import { type Preview, placeIn } from './remarks.ts';

const timeFields = ['at', 'local_time', 'scheduled_at', 'timezone', 'publish_now'];

interface Seen {
  preview: Preview | null;
  /** Why the API would not take it. */
  refusal: ApiError | null;
}

/** What each community would get, asked a moment after the last change; what is outdated is given up. */
export function usePreview(content: Content, time: Partial<PostBody>, postId: string | null) {
  const body = useMemo(
    () => JSON.stringify({ ...readyOf(content), ...time, ...(postId && { post_id: postId }) }),
    [content, time, postId],
  );
  const settled = useSettled(body, 300);
  const last = useRef<Preview | null>(null);
  const query = useQuery({
    queryKey: ['preview', settled],
    queryFn: ({ signal }) => look(JSON.parse(settled), signal),
    enabled: content.community_ids.length > 0,
    staleTime: 30_000,
    gcTime: 60_000,
  });
  if (query.data?.preview) last.current = query.data.preview;
  const preview = content.community_ids.length > 0 ? last.current : null;
  return {
    preview,
    refusal: query.data?.refusal ?? null,
    /** The text is newer than what is shown of it. */
    isOld: query.isFetching || settled !== body,
    error: query.error,
  };
}

async function look(body: PostBody, signal: AbortSignal): Promise<Seen> {
  const asked = (json: PostBody) => ask(client.v1.posts.preview.$post({ json }, { init: { signal } }));
  try {
    return { preview: await asked(body), refusal: null };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'invalid') throw error;
    // A time that cannot be kept is no reason not to show the text.
    if (!error.errors.every(({ path }) => timeFields.includes(placeIn(path).field))) {
      return { preview: null, refusal: error };
    }
    const without = Object.fromEntries(Object.entries(body).filter(([name]) => !timeFields.includes(name)));
    return { preview: await asked(without as PostBody), refusal: error };
  }
}

/** A value once it has not changed for so many milliseconds. */
function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
