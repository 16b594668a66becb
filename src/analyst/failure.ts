import { JailError } from '../stores/jail.ts';
import { Refusal, refusals } from './refusal.ts';

/**
 * What the engine may say in its own words: what is wrong with the text of a query, with a value, or that a limit was
 * hit. Of everything else only the kind is told.
 */
const told = new Set([
  1, 6, 8, 10, 12, 16, 20, 25, 27, 32, 35, 36, 38, 41, 42, 43, 44, 46, 47, 48, 50, 51, 53, 57, 58, 59, 62, 63,
  69, 70, 72, 99, 100, 122, 125, 127, 128, 130, 131, 133, 134, 135, 153, 158, 159, 161, 167, 168, 169, 171,
  174, 177, 179, 181, 182, 183, 184, 190, 191, 207, 208, 215, 220, 233, 241, 258, 306, 307, 349, 352, 376,
  377, 386, 394, 395, 396, 403, 407, 427, 428, 441, 452, 456, 457, 475, 476, 572, 573, 583, 584, 588, 593,
  692,
]);

/** Names and places of the inside, which no answer shows. */
const inside =
  /\boutpost\b|raw_\w+_v1|post_per_\w+|community_per_\w+|_fill\b|publication_events|community_standing|analyst_(secrets|workspace)|workspace_id|log_comment|getSetting|SHA256\(|DEFINER|\bchdb\b|(^|[\s'"`(])\/\w[\w.-]*\//i;

/** A failure of the engine as an analyst is told of it. Anything that is none is thrown on. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof JailError)) throw error;
  const { code, type } = error;
  if (code === 60) return refusals.unknownTable('There is no such view. SHOW TABLES lists them.');
  if (code === 497 || code === 81 || code === 164) return refusals.denied('This may not be read from here.');
  const message = shown(error.message);
  if (!told.has(code)) {
    return new Refusal(code, type, 'The engine could not answer this query.', 500);
  }
  if (message === null) {
    return new Refusal(code, type, `The query failed (${type.toLowerCase().replaceAll('_', ' ')}).`);
  }
  return new Refusal(code, type, message, 400, undefined, 'clickhouse');
}

/** The engine's words without its hints and the text of what it was about; null when they still tell of the inside. */
function shown(message: string): string | null {
  const short = message
    .split('\n')[0]
    ?.replace(/\.? ?Maybe you meant:?.*$/, '')
    .replace(/:? In scope .*$/, '')
    .replace(/ in scope .*$/, '')
    .replace(/:? ?[Ww]hile (executing|processing) .*$/, '')
    .replace(/ ?\(at row \d+\)/, '')
    .slice(0, 1_000)
    .trim();
  return !short || inside.test(short) ? null : short;
}
