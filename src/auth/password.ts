import * as v from 'valibot';

/** OWASP's floor is 19 MiB and two passes; this is Bun's own choice, written down so that it cannot drift. */
const cost = { algorithm: 'argon2id', memoryCost: 65_536, timeCost: 2 } as const;
const currentForm = '$argon2id$v=19$m=65536,t=2,p=1$';

/** A hash of the same cost that no password opens: an unknown e-mail address must take as long as a known one. */
const nobody =
  '$argon2id$v=19$m=65536,t=2,p=1$3SIBna5NB70Dmx3JUb0nlpnx6aucxW6mfHQwu4HiDkU$PDYQisMb9+clr6n2jgU0ZtZxBV1eMhigPPXvr0Nk7bM';

export const Password = v.pipe(
  v.string(),
  v.minLength(8, 'A password has at least 8 characters.'),
  v.maxLength(256, 'A password has 256 characters at most.'),
);

export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, cost);
}

/** null: there is no such person; takes as long and answers false. */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const fits = await Bun.password.verify(password, hash ?? nobody);
  return fits && hash !== null;
}

/** True for a hash of another cost than today's: make a new one while the password is at hand. */
export function isOutdated(hash: string): boolean {
  return !hash.startsWith(currentForm);
}
