import { NetworkError } from '../../error.ts';
import type { Json } from '../../message.ts';
import { type ChatType, refusal, type Session, sessionOf, type TelegramAccess } from '../place.ts';
import { askSession } from './ask.ts';

/** What a user session was found to be; null: it is no use until somebody does something. */
export type Look = { found: Session } | { found: null; problem: string; nextStep: string | null };

const stillDead =
  'The user session was no use when Telegram was last asked, and now it could not be asked whether that has changed.';
const later = 'Check the connection again in a while.';

/**
 * Asks Telegram whose the given user session is and whether it sees the channel; null: none is given. Where it could not
 * be asked in a check, what was found `before` holds, also that it was no use. Throws {@link NetworkError} where that is
 * not a check.
 */
export async function lookWithSession(
  access: TelegramAccess,
  chat: { id: number; type: ChatType; username: string | null },
  before: Readonly<Record<string, Json>> | undefined,
): Promise<Look | null> {
  if (access.credentials.user_session === undefined) return null;
  const known = before === undefined ? null : sessionOf({ details: { ...before } });
  try {
    if (chat.type === 'group') {
      throw refusal(
        'basic_group',
        'In a basic group every account has its own numbers of messages: a user session cannot find them.',
        null,
      );
    }
    const { user, name, channel } = await askSession<'look'>(access, {
      kind: 'look',
      // Without the -100 of the Bot API.
      id: String(-chat.id - 1e12),
      username: chat.username,
      accessHash: known?.channel.accessHash ?? null,
    });
    return { found: { user, name, channel, found_at: Date.now() } };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const { kind, message, nextStep } = error;
    if (kind === 'auth' || kind === 'rejected') return { found: null, problem: message, nextStep };
    if (before === undefined) throw error;
    return known === null ? { found: null, problem: stillDead, nextStep: later } : { found: known };
  }
}
