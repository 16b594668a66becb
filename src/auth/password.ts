import * as v from 'valibot';
import type { Config } from '../config.ts';

/** How much memory a hash takes. */
type Cost = Pick<Config, 'passwordMemory'>;

const passes = 2;
const formOf = ({ passwordMemory }: Cost) => `$argon2id$v=19$m=${passwordMemory},t=${passes},p=1$`;

/** The rest of a hash that no password opens: an unknown e-mail address must take as long as a known one. */
const nobody = '3SIBna5NB70Dmx3JUb0nlpnx6aucxW6mfHQwu4HiDkU$PDYQisMb9+clr6n2jgU0ZtZxBV1eMhigPPXvr0Nk7bM';

export const Password = v.pipe(
  v.string(),
  v.minLength(8, 'A password has at least 8 characters.'),
  v.maxLength(256, 'A password has 256 characters at most.'),
);

export function hashPassword({ passwordMemory }: Cost, password: string): Promise<string> {
  return Bun.password.hash(password, {
    algorithm: 'argon2id',
    memoryCost: passwordMemory,
    timeCost: passes,
  });
}

/** null: there is no such person; takes as long and answers false. */
export async function isPassword(cost: Cost, password: string, hash: string | null): Promise<boolean> {
  const fits = await Bun.password.verify(password, hash ?? `${formOf(cost)}${nobody}`);
  return fits && hash !== null;
}

/** True for a hash of another cost than today's: make a new one while the password is at hand. */
export function isOutdated(cost: Cost, hash: string): boolean {
  return !hash.startsWith(formOf(cost));
}
