import { useEffect, useMemo } from 'react';
import type { ApiError } from '../api.ts';
import type { Community } from '../communities/list.tsx';
import type { Content } from '../composer/content.ts';
import { Desk, useDesk, useMissing } from '../composer/desk.tsx';
import type { Network } from '../composer/networks.ts';
import { usePreview } from '../composer/preview.ts';
import { remarksOf } from '../composer/remarks.ts';

interface Props {
  content: Content;
  /** The same function for as long as it is the same post. */
  edit(update: (before: Content) => Content): void;
  communities: readonly Community[];
  networks: readonly Network[];
  /** What the API refused of this post, its paths beginning at the post. */
  refusal: ApiError | null;
  /** A try to save it has been made: what is missing is said. */
  asked: boolean;
  /** Phones show the text or what becomes of it. */
  looking: boolean;
  /** How many files are on their way. */
  onSending(count: number): void;
}

const timeless = {};

/** One post of a series: where it goes, what it says and how it will look. */
export function SetPost(props: Props) {
  const { content, edit, communities, networks, refusal, asked, looking, onSending } = props;
  const desk = useDesk(content, edit, communities);
  useEffect(() => onSending(desk.sending), [desk.sending, onSending]);
  const looked = usePreview(content, timeless, null);
  const missing = useMissing(content, asked);
  const remarks = useMemo(() => {
    // That it repeats itself is what a series is for; and nobody needs to be told that nothing is written yet.
    const told = remarksOf(looked.preview, looked.refusal ?? refusal).filter(
      ({ code }) => code !== 'said_already' && (asked || code !== 'empty'),
    );
    return [...told, ...missing];
  }, [looked.preview, looked.refusal, refusal, missing, asked]);
  return <Desk desk={desk} networks={networks} looked={looked} remarks={remarks} looking={looking} />;
}
