import type { FormattedText } from './entity.ts';

/** A source that cannot be read: what to do, and where. */
export class FormatError extends Error {
  /** @param at Offset in the source in UTF-16 code units. */
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
    this.name = 'FormatError';
  }
}

/**
 * Reads a source with its line ends made LF. Refuses NUL, which no store or network takes, and halves of
 * characters: two of them could meet in the text and be cut by an entity.
 */
export function read(source: string, parse: (source: string) => FormattedText): FormattedText {
  const nul = source.indexOf('\0');
  if (nul >= 0) throw new FormatError('The text holds a NUL character: take it out.', nul);
  if (!source.isWellFormed()) {
    const half = source.search(/\p{Cs}/u);
    throw new FormatError('The text holds half of a character: type that place again.', half);
  }
  try {
    return parse(source.replace(/\r\n?/g, '\n'));
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(error.message, placeIn(source, error.at));
    throw error;
  }
}

/** The place in the source as it came, where CRLF counts two. */
function placeIn(source: string, at: number): number {
  let place = at;
  for (
    let pair = source.indexOf('\r\n');
    pair >= 0 && pair < place;
    pair = source.indexOf('\r\n', pair + 2)
  ) {
    place += 1;
  }
  return place;
}
