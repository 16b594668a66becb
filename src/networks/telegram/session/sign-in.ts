import { tl } from '@mtcute/bun';
import { NetworkError } from '../../error.ts';
import { type Application, newClient } from './client.ts';

/** Milliseconds that Telegram has to answer at all. */
const connectMost = 30_000;
/** Milliseconds that closing may take. */
const closeMost = 1_000;

/** What a person at a terminal is asked for; `again`: what they gave before was wrong. */
export interface Asker {
  phone(): Promise<string>;
  /** `where` is in Telegram's words: app, sms, call … */
  code(where: string, again: boolean): Promise<string>;
  password(again: boolean): Promise<string>;
}

/**
 * Signs in to Telegram as a person, and answers the session with whose it is. The connection is closed before: a session
 * is never to be used from two addresses at once; one that does not let itself be closed ends with the process. Throws
 * {@link NetworkError}, with nothing of what was given, and what the asker throws.
 */
export async function signIn(app: Application, asker: Asker): Promise<{ session: string; name: string }> {
  const client = newClient(app);
  let where = 'app';
  const wrong = new Set<string>();
  /** What the asker itself throws: the person went away. */
  const left = new Set<unknown>();
  const ask = (question: Promise<string>) =>
    question.catch((error: unknown) => {
      left.add(error);
      throw error;
    });
  try {
    // Before a person types anything: it would try to connect for ever.
    await client.call({ _: 'help.getNearestDc' }, { timeout: connectMost });
    const me = await client.start({
      phone: () => ask(asker.phone()),
      code: () => ask(asker.code(where, wrong.has('code'))),
      password: () => ask(asker.password(wrong.has('password'))),
      codeSentCallback: ({ type }) => {
        where = type;
      },
      invalidCodeCallback: (what) => {
        wrong.add(what);
      },
    });
    return { session: await client.exportSession(), name: me.displayName };
  } catch (error) {
    if (left.has(error)) throw error;
    const code = tl.RpcError.is(error) ? error.text : 'no_answer';
    const message =
      code === 'TIMEOUT' || code === 'no_answer'
        ? 'Telegram gave no answer: it must be reachable from here, on port 443 of its own servers.'
        : `Telegram did not let you in (${code}).`;
    throw new NetworkError('rejected', { code, message });
  } finally {
    await Promise.race([client.destroy().catch(() => {}), Bun.sleep(closeMost)]);
  }
}
