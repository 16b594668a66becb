import { Hono, type MiddlewareHandler } from 'hono';
import { type DescribeRouteOptions, describeRoute, resolver } from 'hono-openapi';
import type * as v from 'valibot';
import { allows, type Scope } from '../auth/scope.ts';
import { identify } from '../auth/who.ts';
import type { Config } from '../config.ts';
import type { Context, Who } from '../context.ts';
import { AppError, type ErrorCode, statusOf } from '../errors.ts';
import { isUnsafe, origin } from './browser.ts';
import { type Form, openForm } from './form.ts';
import { once } from './idempotency.ts';
import { readBody } from './input.ts';

export { formBody, IdParams, jsonBody, jsonOrCsvBody, params, query } from './input.ts';

export type AppEnv = {
  /** Bun's server, the second argument of fetch; absent where the runtime has none. */
  Bindings: {
    requestIP?(request: Request): { address: string } | null;
    /** Seconds without traffic after which the connection is closed; 0: never. */
    timeout?(request: Request, seconds: number): void;
  };
  Variables: {
    ctx: Context;
    /** Set on every operation whose scope is not `public`. */
    who: Who;
    requestId: string;
    /** The body of an operation that takes a `form`. */
    form: Form;
    /** Address of the connection; forwarding headers are not believed. */
    address: string;
    /** Aborted when the process drains: an answer without an end is to end then. */
    closing: AbortSignal;
  };
};

/** What an operation answers: a schema (JSON), null (no body), or files of these content types. */
export type Answer = v.GenericSchema | null | { files: readonly string[] };

export interface Operation {
  /** operationId of the document: unique, camelCase. */
  id: string;
  tag: string;
  summary: string;
  description?: string;
  /** What a key needs; a session has every scope. `signed_in`: any credentials. `public`: none are looked at. */
  scope: Scope | 'public' | 'signed_in';
  answers: { [status: number]: Answer };
  /** Refusals of its own, for the document; the usual ones (401, 404, 422, …) are added from the shape of the route. */
  refusals?: readonly ErrorCode[];
  /** Bytes of a body, at most. */
  bodyLimit?: number;
  /** Answers the bytes that a form with a file may have; the route reads it from `c.var.form` while it arrives. */
  form?: (config: Config) => number;
  /** false: Idempotency-Key is not looked at. Default: every change with credentials outside /v1/auth/. */
  idempotent?: boolean;
  /** true: a key may also come as Basic password or as X-ClickHouse-Key, as ClickHouse's clients send theirs. */
  asClickHouse?: boolean;
  /** Top-level fields that are shown once: null in a replayed answer. */
  secrets?: readonly string[];
}

/** Ways to be known: `Authorization: Bearer` and the session cookie. */
export const securitySchemes = ['key', 'session'] as const;

const bodyLimitUsual = 1_000_000;

/** An empty set of routes, to be chained: the types of paths, inputs and answers flow to the client. */
export function routes(): Hono<AppEnv> {
  return new Hono<AppEnv>();
}

/**
 * Stands first on every route: documents the operation and guards it (credentials, scope, cross-site rule, size of the
 * body, Idempotency-Key). A route without it would be open and undocumented; the tests refuse such a route.
 */
export function operation(about: Operation): MiddlewareHandler<AppEnv> {
  const guard: MiddlewareHandler<AppEnv> = async (c, next) => {
    const { ctx } = c.var;
    const { method, headers } = c.req.raw;
    if (about.scope === 'public') {
      if (isUnsafe(method) && origin(headers, ctx.config) !== 'own') {
        throw new AppError('wrong_origin', `This installation is at ${ctx.config.publicUrl}: open it there.`);
      }
    } else {
      const found = await identify(ctx, headers, about.asClickHouse);
      if (!found) throw new AppError('unauthenticated', 'Sign in, or give an API key as a bearer token.');
      // A browser sends the cookie by itself, a key it does not.
      if (found.kind === 'user' && isUnsafe(method) && origin(headers, ctx.config) !== 'own') {
        throw new AppError('cross_site', `Requests with a session must come from ${ctx.config.publicUrl}.`);
      }
      if (about.scope !== 'signed_in' && !allows(found.scopes, about.scope)) {
        throw new AppError('forbidden', `This key lacks the scope ${about.scope}.`);
      }
      c.set('who', found);
    }
    if (!isUnsafe(method)) return next();

    const body = about.form
      ? openForm(c.req.raw, about.form(ctx.config))
      : await readBody(c.req.raw, about.bodyLimit ?? bodyLimitUsual);
    if (body instanceof ArrayBuffer) {
      // Where hono looks first: every way of reading the body serves from these bytes.
      Object.assign(c.req.bodyCache, { arrayBuffer: Promise.resolve(body) });
    } else {
      c.set('form', body);
    }
    const key = c.req.header('idempotency-key');
    const keyed = about.idempotent ?? (about.scope !== 'public' && !c.req.path.startsWith('/v1/auth/'));
    if (key === undefined || !keyed) return next();
    const { pathname, search } = new URL(c.req.url);
    const answer = await once(
      ctx,
      { key, who: c.var.who, method, target: pathname + search, body, secrets: about.secrets ?? [] },
      async () => {
        await next();
        return c.res;
      },
    );
    if (answer !== c.res) return answer;
  };
  return Object.assign(guard, describeRoute(specOf(about)));
}

function specOf(about: Operation): DescribeRouteOptions {
  const keyed = about.idempotent ?? about.scope !== 'public';
  return {
    operationId: about.id,
    tags: [about.tag],
    summary: about.summary,
    ...(about.description ? { description: about.description } : {}),
    security: about.scope === 'public' ? [] : securitySchemes.map((name) => ({ [name]: [] })),
    responses: Object.fromEntries(
      Object.entries(about.answers).map(([status, answer]) => [
        status,
        describedAnswer(Number(status), answer),
      ]),
    ),
    // Read again by document.ts, which knows the method, and taken out there.
    ...{
      'x-scope': about.scope,
      'x-keyed': keyed,
      'x-refusals': (about.refusals ?? []).map((code) => statusOf[code]),
    },
  };
}

function describedAnswer(status: number, answer: Answer) {
  const description = status === 201 ? 'Made' : status === 204 ? 'Done' : 'The answer';
  if (answer === null) return { description };
  if ('files' in answer) {
    return { description, content: Object.fromEntries(answer.files.map((type) => [type, { schema: {} }])) };
  }
  const schema = resolver(answer, { options: { typeMode: 'output' } });
  return { description, content: { 'application/json': { schema } } };
}
