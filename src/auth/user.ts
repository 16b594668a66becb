import * as v from 'valibot';
import { asOwner, type Context, type Who } from '../context.ts';
import { randomToken } from '../crypto.ts';
import { AppError, invalid } from '../errors.ts';
import { isUniqueViolation, type Tx } from '../stores/postgres.ts';
import { TimeZone } from '../timezone.ts';
import { createWorkspace, type Workspace, WorkspaceSchema, workspacesOf } from '../workspaces/workspace.ts';
import { hashPassword, isOutdated, isPassword, Password } from './password.ts';
import { ScopeSchema } from './scope.ts';
import { endSessions } from './session.ts';
import { takeLoginTry, takeRegistration } from './throttle.ts';

export const UserSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    email: v.string(),
    name: v.string(),
    timezone: v.string(),
    is_operator: v.pipe(v.boolean(), v.description('True for whoever set this installation up.')),
    created_at: v.pipe(v.string(), v.isoTimestamp()),
  }),
  v.metadata({ ref: 'User' }),
);

export const MeSchema = v.strictObject({
  user: UserSchema,
  workspace_id: v.pipe(v.string(), v.uuid(), v.description('The workspace that this request works in.')),
  workspaces: v.array(WorkspaceSchema),
  key: v.nullable(v.strictObject({ id: v.pipe(v.string(), v.uuid()), scopes: v.array(ScopeSchema) })),
});

/** Compared without regard to letter case; that is how every mail provider that matters delivers. */
const Email = v.pipe(
  v.string(),
  v.trim(),
  v.toLowerCase(),
  v.maxLength(254, 'An e-mail address has 254 characters at most.'),
  v.email('This is not an e-mail address.'),
);
const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'Give a name.'),
  v.maxLength(100, 'A name has 100 characters at most.'),
);

export const Registration = v.strictObject({
  email: Email,
  password: Password,
  name: Name,
  timezone: v.optional(TimeZone, 'UTC'),
});
/** A password that breaks the rules is a wrong one here: the rules may have changed since it was chosen. */
export const Login = v.strictObject({ email: Email, password: v.pipe(v.string(), v.maxLength(1_000)) });
export const ProfileChange = v.strictObject({ name: v.optional(Name), timezone: v.optional(TimeZone) });

export const PasswordChange = v.strictObject({
  current: v.pipe(v.string(), v.maxLength(1_000)),
  password: Password,
});

export const InstallationSchema = v.strictObject({
  registration: v.pipe(
    v.picklist(['first', 'open', 'closed']),
    v.description('first: nobody is registered yet, and whoever comes becomes the operator.'),
  ),
  demo: v.pipe(
    v.nullable(
      v.strictObject({
        email: v.string(),
        password: v.string(),
        walls: v.array(v.strictObject({ title: v.string(), url: v.string() })),
      }),
    ),
    v.description('Of the demo alone: who can sign in, and where its networks can be looked at.'),
  ),
});

export type User = v.InferOutput<typeof UserSchema>;

interface Row {
  id: string;
  email: string;
  name: string;
  timezone: string;
  is_operator: boolean;
  created_at: Date;
}

/**
 * Makes a person with a workspace. The first of an installation becomes its operator; afterwards registration is closed
 * unless the configuration opens it. Throws `registration_closed`, `email_taken` or `too_many_requests`.
 */
export async function register(
  ctx: Context,
  address: string,
  input: v.InferOutput<typeof Registration>,
): Promise<{ user: User; workspace: Workspace }> {
  await takeRegistration(ctx, address);
  // Before the costly hash; said again under the lock.
  await refuseWhenClosed(ctx, ctx.sql);
  const hash = await hashPassword(ctx.config, input.password);
  const id = Bun.randomUUIDv7();
  try {
    const made = await asOwner(ctx, async (tx) => {
      // Two first registrations at once: the second one finds the first.
      await tx`select pg_advisory_xact_lock(hashtextextended('outpost first user', 0))`;
      const first = await refuseWhenClosed(ctx, tx);
      const [row] = await tx<Row[]>`
        insert into users (id, email, name, password_hash, timezone, is_operator)
        values (${id}, ${input.email}, ${input.name}, ${hash}, ${input.timezone}, ${first})
        returning id, email, name, timezone, is_operator, created_at`;
      if (!row) throw new Error('a user was not made');
      const workspace = await createWorkspace(ctx, tx, {
        ownerId: id,
        name: input.name,
        timezone: input.timezone,
      });
      return { user: shown(row), workspace };
    });
    ctx.log.info({ user_id: id, operator: made.user.is_operator }, 'user registered');
    return made;
  } catch (error) {
    if (isUniqueViolation(error, 'users_email')) {
      throw new AppError('email_taken', 'Somebody is registered with this e-mail address: sign in instead.');
    }
    throw error;
  }
}

/** Answers whether this would be the first user, or throws. */
async function refuseWhenClosed(ctx: Pick<Context, 'config'>, tx: Tx): Promise<boolean> {
  const first = await nobodyThere(tx);
  if (!first && ctx.config.registration !== 'open') {
    throw new AppError('registration_closed', 'Registration is closed on this installation.');
  }
  return first;
}

async function nobodyThere(tx: Tx): Promise<boolean> {
  const [row] = await tx<{ none: boolean }[]>`select not exists (select from users) as none`;
  return row?.none ?? false;
}

/** What a person who is not signed in may know of this installation. */
export async function getInstallation(ctx: Context): Promise<v.InferOutput<typeof InstallationSchema>> {
  const first = await nobodyThere(ctx.sql);
  const { registration, demo } = ctx.config;
  return {
    registration: first ? 'first' : registration,
    demo: demo && { ...demo, walls: [...demo.walls] },
  };
}

export interface CheckedLogin {
  user: User;
  /** Whether the password that was checked is still the one: asked once the session is there, which a change ends. */
  stands(): Promise<boolean>;
}

/**
 * Checks a password. A wrong one and an unknown address answer alike, in body and in time.
 * Throws `unauthenticated` or `too_many_requests`.
 */
export async function checkLogin(
  ctx: Context,
  address: string,
  input: v.InferOutput<typeof Login>,
): Promise<CheckedLogin> {
  const attempt = await takeLoginTry(ctx, input.email, address);
  const [row] = await ctx.sql<(Row & { password_hash: string })[]>`
    select id, email, name, timezone, is_operator, created_at, password_hash from users
    where lower(email) = ${input.email}`;
  const fits = await isPassword(ctx.config, input.password, row?.password_hash ?? null);
  if (!row || !fits) {
    throw new AppError('unauthenticated', 'The e-mail address or the password is wrong.');
  }
  await attempt.succeeded();
  if (isOutdated(ctx.config, row.password_hash)) {
    const hash = await hashPassword(ctx.config, input.password);
    await ctx.sql`
      update users set password_hash = ${hash} where id = ${row.id} and password_hash = ${row.password_hash}`;
  }
  return {
    user: shown(row),
    async stands() {
      // Waits for a change that is under way.
      const [now] = await ctx.sql<{ password_hash: string }[]>`
        select password_hash from users where id = ${row.id} for share`;
      return (
        now?.password_hash === row.password_hash ||
        isPassword(ctx.config, input.password, now?.password_hash ?? null)
      );
    },
  };
}

/** Who asks, and the workspaces at hand: all of a person's with a session, its own with a key. */
export async function me(ctx: Context, who: Who): Promise<v.InferOutput<typeof MeSchema>> {
  const [[row], workspaces] = await Promise.all([
    ctx.sql<Row[]>`
      select id, email, name, timezone, is_operator, created_at from users where id = ${who.userId}`,
    workspacesOf(ctx, who.userId),
  ]);
  if (!row) throw new AppError('unauthenticated', 'Sign in again.');
  return {
    user: shown(row),
    workspace_id: who.workspaceId,
    workspaces: who.keyId ? workspaces.filter(({ id }) => id === who.workspaceId) : workspaces,
    key: who.keyId ? { id: who.keyId, scopes: v.parse(v.array(ScopeSchema), [...who.scopes]) } : null,
  };
}

export async function changeProfile(
  ctx: Context,
  who: Who,
  input: v.InferOutput<typeof ProfileChange>,
): Promise<v.InferOutput<typeof MeSchema>> {
  await ctx.sql`
    update users
    set name = coalesce(${input.name ?? null}, name), timezone = coalesce(${input.timezone ?? null}, timezone)
    where id = ${who.userId}`;
  return me(ctx, who);
}

/**
 * Sets another password, and ends every session of this person: whoever knew the old one is out.
 * Throws `invalid` when `current` is not the password, and `too_many_requests`.
 */
export async function changePassword(
  ctx: Context,
  who: Who,
  address: string,
  { current, password }: v.InferOutput<typeof PasswordChange>,
): Promise<void> {
  const [row] = await ctx.sql<{ email: string; password_hash: string }[]>`
    select lower(email) as email, password_hash from users where id = ${who.userId}`;
  if (!row) throw new AppError('unauthenticated', 'Sign in again.');
  const attempt = await takeLoginTry(ctx, row.email, address);
  if (!(await isPassword(ctx.config, current, row.password_hash))) {
    throw invalid({ path: '/current', message: 'This is not your password.' });
  }
  await attempt.succeeded();
  const hash = await hashPassword(ctx.config, password);
  await asOwner(ctx, async (tx) => {
    // Another change that was first has the last word over the password that was checked.
    const [changed] = await tx`
      update users set password_hash = ${hash}
      where id = ${who.userId} and password_hash = ${row.password_hash} returning id`;
    if (!changed) throw new AppError('conflict', 'The password was changed meanwhile: sign in again.');
    await endSessions(tx, who.userId, null);
  });
  ctx.log.info({ user_id: who.userId }, 'password changed');
}

/**
 * For whoever runs the installation, when somebody has forgotten a password: sets a new one and ends the person's
 * sessions. Answers the new password. Throws `not_found`.
 */
export async function resetPassword(ctx: Context, email: string): Promise<string> {
  const password = randomToken();
  const hash = await hashPassword(ctx.config, password);
  await asOwner(ctx, async (tx) => {
    const [row] = await tx<{ id: string }[]>`
      update users set password_hash = ${hash} where lower(email) = ${email.trim().toLowerCase()} returning id`;
    if (!row) throw new AppError('not_found', `Nobody is registered with ${email}.`);
    await endSessions(tx, row.id, null);
  });
  return password;
}

function shown(row: Row): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    timezone: row.timezone,
    is_operator: row.is_operator,
    created_at: row.created_at.toISOString(),
  };
}
