import { PostgresJsAdapter } from '@lucia-auth/adapter-postgresql';
import { Lucia } from 'lucia';
import { TimeSpan } from 'oslo';
import { serializeCookie } from 'oslo/cookie';
import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import { randomToken, sha256 } from '../crypto.ts';
import type { Sql, Tx } from '../stores/postgres.ts';

type Lucia_ = Lucia<{ createdAt: Date }, Record<never, never>>;

declare module 'lucia' {
  interface Register {
    Lucia: Lucia_;
    UserId: string;
    DatabaseSessionAttributes: { created_at: Date };
    DatabaseUserAttributes: Record<never, never>;
  }
}

export interface Session {
  userId: string;
}

/** One Lucia per pool, not per process: tests open several. */
const opened = new WeakMap<Sql, Lucia_>();

function lucia(ctx: Pick<Context, 'sql' | 'config'>): Lucia_ {
  let made = opened.get(ctx.sql);
  if (!made) {
    made = new Lucia(new PostgresJsAdapter(ctx.sql, { user: 'users', session: 'sessions' }), {
      sessionExpiresIn: new TimeSpan(ctx.config.durations.sessionIdle, 'ms'),
      getSessionAttributes: ({ created_at }) => ({ createdAt: created_at }),
      // The row of a user holds the password hash: nothing of it goes further.
      getUserAttributes: () => ({}),
    });
    opened.set(ctx.sql, made);
  }
  return made;
}

/**
 * Starts a session and answers the cookie that carries it. The table keeps SHA-256 of the id, and it is hashed here,
 * outside Lucia: an adapter that hashed inside would make the revoking of a listed session do nothing.
 */
export async function startSession(ctx: Pick<Context, 'sql' | 'config'>, userId: string): Promise<string> {
  const id = randomToken();
  await lucia(ctx).createSession(userId, { created_at: new Date() }, { sessionId: sha256(id) });
  return cookieText(ctx.config, id, Math.floor(ctx.config.durations.sessionAbsolute / 1_000));
}

/** The session of a cookie's value, or null when it is unknown, idle for too long or too old. */
export async function readSession(ctx: Pick<Context, 'sql' | 'config'>, id: string): Promise<Session | null> {
  const sessions = lucia(ctx);
  const { session } = await sessions.validateSession(sha256(id));
  if (!session) return null;
  // Lucia prolongs for as long as somebody comes back; the absolute end is ours.
  if (session.createdAt.getTime() + ctx.config.durations.sessionAbsolute <= Date.now()) {
    await sessions.invalidateSession(session.id);
    return null;
  }
  return { userId: session.userId };
}

export async function endSession(ctx: Pick<Context, 'sql' | 'config'>, id: string): Promise<void> {
  await lucia(ctx).invalidateSession(sha256(id));
}

/** Ends all sessions of a person, but for the one of `except`, a cookie's value. Answers how many there were. */
export async function endSessions(tx: Tx, userId: string, except: string | null): Promise<number> {
  const kept = except === null ? null : sha256(except);
  const { count } = await tx`delete from sessions where user_id = ${userId} and id is distinct from ${kept}`;
  return count;
}

/** Removes sessions that can never be used again; part of the `auth.sweep` job. */
export async function sweepSessions(ctx: Pick<Context, 'sql' | 'config'>): Promise<void> {
  await lucia(ctx).deleteExpiredSessions();
  await ctx.sql`
    delete from sessions where created_at <= ${new Date(Date.now() - ctx.config.durations.sessionAbsolute)}`;
}

/** The value of our cookie in a request, or null. */
export function sessionCookieOf(config: Pick<Config, 'publicUrl'>, headers: Headers): string | null {
  const name = `${sessionCookieName(config)}=`;
  // Not oslo's parser: it throws when some other cookie of the host is not percent-encoded text.
  const pairs = (headers.get('cookie') ?? '').split(/;\s*/);
  const value = pairs.find((pair) => pair.startsWith(name))?.slice(name.length);
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null;
}

/** A cookie that makes the browser forget the session. */
export function blankSessionCookie(config: Pick<Config, 'publicUrl'>): string {
  return cookieText(config, '', 0);
}

/** `__Host-` needs https; on plain http the cookie drops it together with Secure. */
export function sessionCookieName(config: Pick<Config, 'publicUrl'>): string {
  return isHttps(config) ? '__Host-outpost_session' : 'outpost_session';
}

function cookieText(config: Pick<Config, 'publicUrl'>, value: string, maxAge: number): string {
  return serializeCookie(sessionCookieName(config), value, {
    httpOnly: true,
    secure: isHttps(config),
    sameSite: 'lax',
    path: '/',
    maxAge,
  });
}

function isHttps(config: Pick<Config, 'publicUrl'>): boolean {
  return config.publicUrl.startsWith('https:');
}
