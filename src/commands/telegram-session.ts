import { readConfig } from '../config.ts';
import { StartError } from '../errors.ts';
import { type Asker, signIn } from '../networks/telegram/session/sign-in.ts';
import { command } from './command.ts';

/** `bun run telegram-session`: signs in to Telegram at a terminal and prints a user session. It keeps nothing. */
async function main(given: readonly string[]): Promise<void> {
  if (given.length > 0) throw new StartError('Usage: bun run telegram-session');
  const { clients, otherRoots } = readConfig(process.env);
  const { id = null, secret = null } = clients.telegram ?? {};
  if (id === null || secret === null) {
    throw new StartError(
      'User sessions of Telegram need an application of your own: make one at https://my.telegram.org, and set TELEGRAM_API_ID and TELEGRAM_API_HASH.',
    );
  }
  if (!process.stdin.isTTY) throw new StartError('This asks for secrets: run it at a terminal.');
  console.error(
    'A user session gives Outpost the whole account: all its chats, as if it were your phone. Telegram may lock accounts that programs use. Sign in with one that you can do without, and that sees the channel.\nWhat you type is not shown. Connecting to Telegram …\n',
  );
  const server = otherRoots.telegram?.mtproto ?? null;
  const { session, name } = await signIn({ id: Number(id), hash: secret, server }, atTerminal);
  console.error(
    `\nThis is the session of ${name}. Give it as user_session of a Telegram community; whoever has it has the account. To end it: Telegram, Settings, Devices, Outpost.\n`,
  );
  console.log(session);
}

const atTerminal: Asker = {
  phone: () => hidden('Phone number, with the country: '),
  code: (where, again) =>
    hidden(again ? 'That was not the code. Once more: ' : `Code that Telegram sent (${where}): `),
  password: (again) =>
    hidden(again ? 'That was not the password. Once more: ' : 'Password of the second step: '),
};

/** A line of the terminal, with no echo. Throws {@link StartError} at Ctrl-C and Ctrl-D. */
async function hidden(question: string): Promise<string> {
  const { stdin } = process;
  process.stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return await new Promise((resolve, reject) => {
      let line = '';
      const read = (bytes: Buffer) => {
        for (const letter of bytes.toString('utf8')) {
          if (letter === '\u0003' || letter === '\u0004') return reject(new StartError('Not signed in.'));
          if (letter === '\r' || letter === '\n') {
            stdin.off('data', read);
            return resolve(line.trim());
          }
          if (letter === '\u007f' || letter === '\b') line = line.slice(0, -1);
          else line += letter;
        }
      };
      stdin.on('data', read);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    process.stderr.write('\n');
  }
}

await command(main);
