import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Context } from '../context.ts';
import { sha256 } from '../crypto.ts';
import { AppError } from '../errors.ts';
import type { Sql } from '../stores/postgres.ts';

const table = 'rate_limits';
const minute = 60;
const hour = 60 * minute;

/** Points per seconds. A login takes one of each before the password is looked at, and gives them back when it fits. */
const limits = {
  loginHere: { points: 5, duration: 15 * minute },
  loginAddress: { points: 20, duration: hour },
  loginAccount: { points: 100, duration: hour },
  /** Takes the place of `loginHere` while an account is under attack from many addresses: soft, nobody is locked out. */
  loginUnderAttack: { points: 1, duration: 15 * minute },
  register: { points: 20, duration: hour },
} as const;

type LimitName = keyof typeof limits;
type Limiters = Record<LimitName, RateLimiterPostgres>;

const opened = new WeakMap<Sql, Limiters>();

function limiters({ sql }: Pick<Context, 'sql'>): Limiters {
  let made = opened.get(sql);
  if (!made) {
    // What the library expects of a `pg` pool, on our pool.
    const storeClient = {
      query: async ({ text, values }: { text: string; values: (string | number | null)[] }) => {
        const rows = await sql.unsafe(text, values, { prepare: true });
        return { rows: [...rows], rowCount: rows.count };
      },
    };
    const open = (name: LimitName) =>
      new RateLimiterPostgres({
        storeClient,
        storeType: 'pool',
        tableName: table,
        tableCreated: true,
        clearExpiredByTimeout: false,
        keyPrefix: name,
        ...limits[name],
      });
    made = {
      loginHere: open('loginHere'),
      loginAddress: open('loginAddress'),
      loginAccount: open('loginAccount'),
      loginUnderAttack: open('loginUnderAttack'),
      register: open('register'),
    };
    opened.set(sql, made);
  }
  return made;
}

export interface LoginTry {
  /** Gives the points back: the password was right. */
  succeeded(): Promise<void>;
}

/**
 * Takes one login try of this account from this address. Taken before the password is checked, so that many tries at
 * once are no way around. Throws `too_many_requests` with the seconds to wait; the right password from another address
 * still works.
 */
export async function takeLoginTry(
  ctx: Pick<Context, 'sql'>,
  email: string,
  address: string,
): Promise<LoginTry> {
  const all = limiters(ctx);
  const account = sha256(email);
  const place = addressGroup(address);
  const here = `${account}:${place}`;
  await take(all.loginAddress, place);
  const attacked = !(await take(all.loginAccount, account, false));
  await take(all.loginHere, here);
  if (attacked) await take(all.loginUnderAttack, here);
  return {
    async succeeded() {
      await Promise.all([
        all.loginHere.delete(here),
        all.loginUnderAttack.delete(here),
        all.loginAddress.reward(place),
        attacked ? null : all.loginAccount.reward(account),
      ]);
    },
  };
}

export async function takeRegistration(ctx: Pick<Context, 'sql'>, address: string): Promise<void> {
  await take(limiters(ctx).register, addressGroup(address));
}

/** Removes limits that have run out; part of the `auth.sweep` job. */
export async function sweepLimits(ctx: Pick<Context, 'sql'>): Promise<void> {
  await ctx.sql`delete from rate_limits where expire < ${Date.now()}`;
}

async function take(limiter: RateLimiterPostgres, key: string, hard = true): Promise<boolean> {
  try {
    await limiter.consume(key);
    return true;
  } catch (reason) {
    if (!(reason instanceof RateLimiterRes)) throw reason;
    if (!hard) return false;
    const seconds = Math.max(1, Math.ceil(reason.msBeforeNext / 1_000));
    throw new AppError('too_many_requests', `Too many tries. Wait ${Math.ceil(seconds / 60)} min.`, {
      retryAfter: seconds,
    });
  }
}

/** One caller's addresses: an IPv4 address, or the /64 that an IPv6 subscriber owns and can pick any address of. */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('%', 1).join('').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [
    ...left,
    ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'),
    ...right,
  ];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
