import * as v from 'valibot';
import type { Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { WorkspaceSchema } from '../workspaces/workspace.ts';
import {
  ApiKeySchema,
  CreateApiKey,
  createApiKey,
  getApiKey,
  listApiKeys,
  NewApiKeySchema,
  revokeApiKey,
  rotateApiKey,
} from './api-key.ts';
import { blankSessionCookie, endSession, endSessions, sessionCookieOf, startSession } from './session.ts';
import {
  changePassword,
  changeProfile,
  checkLogin,
  getInstallation,
  InstallationSchema,
  Login,
  MeSchema,
  me,
  PasswordChange,
  ProfileChange,
  Registration,
  register,
  UserSchema,
} from './user.ts';

const accountRoutes = routes()
  .get(
    '/v1/installation',
    operation({
      id: 'getInstallation',
      tag: 'Account',
      summary: 'Whether one can register here',
      scope: 'public',
      answers: { 200: InstallationSchema },
    }),
    async (c) => c.json(await getInstallation(c.var.ctx), 200),
  )
  .post(
    '/v1/auth/register',
    operation({
      id: 'register',
      tag: 'Account',
      summary: 'Make an account and sign in',
      description: 'The first account becomes the operator; afterwards registration is closed unless opened.',
      scope: 'public',
      answers: { 201: v.strictObject({ user: UserSchema, workspace: WorkspaceSchema }) },
      refusals: ['registration_closed', 'email_taken', 'too_many_requests'],
    }),
    jsonBody(Registration),
    async (c) => {
      const made = await register(c.var.ctx, c.var.address, c.req.valid('json'));
      c.header('Set-Cookie', await startSession(c.var.ctx, made.user.id));
      return c.json(made, 201);
    },
  )
  .post(
    '/v1/auth/login',
    operation({
      id: 'login',
      tag: 'Account',
      summary: 'Sign in',
      scope: 'public',
      answers: { 200: v.strictObject({ user: UserSchema }) },
      refusals: ['unauthenticated', 'wrong_origin', 'too_many_requests'],
    }),
    jsonBody(Login),
    async (c) => {
      const { ctx, address } = c.var;
      const { user, stands } = await checkLogin(ctx, address, c.req.valid('json'));
      // Always a new id, and the one that was there before is dead: it may have been planted.
      const before = sessionCookieOf(ctx.config, c.req.raw.headers);
      if (before !== null) await endSession(ctx, before);
      const cookie = await startSession(ctx, user.id);
      if (!(await stands())) {
        const begun = sessionCookieOf(ctx.config, new Headers({ cookie }));
        if (begun !== null) await endSession(ctx, begun);
        throw new AppError('unauthenticated', 'The password was changed meanwhile: sign in again.');
      }
      c.header('Set-Cookie', cookie);
      return c.json({ user }, 200);
    },
  )
  .post(
    '/v1/auth/logout',
    operation({
      id: 'logout',
      tag: 'Account',
      summary: 'End this session',
      scope: 'signed_in',
      answers: { 204: null },
    }),
    async (c) => {
      const { ctx, who } = c.var;
      refuseKey(who);
      const session = sessionCookieOf(ctx.config, c.req.raw.headers);
      if (session !== null) await endSession(ctx, session);
      c.header('Set-Cookie', blankSessionCookie(ctx.config));
      return c.body(null, 204);
    },
  )
  .get(
    '/v1/me',
    operation({
      id: 'getMe',
      tag: 'Account',
      summary: 'Who asks, and in which workspace',
      scope: 'signed_in',
      answers: { 200: MeSchema },
    }),
    async (c) => c.json(await me(c.var.ctx, c.var.who), 200),
  )
  .patch(
    '/v1/me',
    operation({
      id: 'changeMe',
      tag: 'Account',
      summary: 'Change name or time zone',
      scope: 'admin',
      answers: { 200: MeSchema },
    }),
    jsonBody(ProfileChange),
    async (c) => c.json(await changeProfile(c.var.ctx, c.var.who, c.req.valid('json')), 200),
  )
  .put(
    '/v1/me/password',
    operation({
      id: 'changePassword',
      tag: 'Account',
      summary: 'Change the password',
      description: 'Ends every session; the one that asks goes on with a new cookie. API keys stay.',
      scope: 'signed_in',
      // What is kept for a key is a fast hash of the body.
      idempotent: false,
      answers: { 204: null },
      refusals: ['too_many_requests'],
    }),
    jsonBody(PasswordChange),
    async (c) => {
      const { ctx, who, address } = c.var;
      refuseKey(who);
      await changePassword(ctx, who, address, c.req.valid('json'));
      c.header('Set-Cookie', await startSession(ctx, who.userId));
      return c.body(null, 204);
    },
  )
  .delete(
    '/v1/me/sessions',
    operation({
      id: 'endOtherSessions',
      tag: 'Account',
      summary: 'Sign out everywhere else',
      scope: 'signed_in',
      answers: {
        200: v.strictObject({
          ended: v.pipe(v.number(), v.integer(), v.description('Sessions there were.')),
        }),
      },
    }),
    async (c) => {
      const { ctx, who } = c.var;
      refuseKey(who);
      const own = sessionCookieOf(ctx.config, c.req.raw.headers);
      return c.json({ ended: await endSessions(ctx.sql, who.userId, own) }, 200);
    },
  );

function refuseKey(who: Who): void {
  if (who.kind === 'key') throw new AppError('forbidden', 'A key has no session: revoke it instead.');
}

const keyRoutes = routes()
  .post(
    '/v1/api-keys',
    operation({
      id: 'createApiKey',
      tag: 'API keys',
      summary: 'Make an API key',
      description:
        'The key is shown in this answer and never again. It cannot have scopes that its maker lacks.',
      scope: 'admin',
      answers: { 201: NewApiKeySchema },
      secrets: ['key'],
    }),
    jsonBody(CreateApiKey),
    async (c) => c.json(await createApiKey(c.var.ctx, c.var.who, c.req.valid('json')), 201),
  )
  .get(
    '/v1/api-keys',
    operation({
      id: 'listApiKeys',
      tag: 'API keys',
      summary: 'Keys of the workspace, newest first',
      scope: 'admin',
      answers: { 200: listOf(ApiKeySchema) },
    }),
    query(ListQuery),
    async (c) => c.json(await listApiKeys(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/api-keys/:id',
    operation({
      id: 'getApiKey',
      tag: 'API keys',
      summary: 'One key, without its secret',
      scope: 'admin',
      answers: { 200: ApiKeySchema },
    }),
    params(IdParams),
    async (c) => c.json(await getApiKey(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .delete(
    '/v1/api-keys/:id',
    operation({
      id: 'revokeApiKey',
      tag: 'API keys',
      summary: 'Revoke a key',
      description: 'It is dead at once and cannot be brought back.',
      scope: 'admin',
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await revokeApiKey(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .post(
    '/v1/api-keys/:id/rotate',
    operation({
      id: 'rotateApiKey',
      tag: 'API keys',
      summary: 'Give a key a new secret',
      description:
        'The old secret is dead at once. Name, scopes and expiry stay. The new key is shown this once.',
      scope: 'admin',
      answers: { 200: NewApiKeySchema },
      refusals: ['wrong_state'],
      secrets: ['key'],
    }),
    params(IdParams),
    async (c) => c.json(await rotateApiKey(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  );

export const authRoutes = routes().route('/', accountRoutes).route('/', keyRoutes);
