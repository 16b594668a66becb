import type { Context as HonoContext } from 'hono';
import { matchedRoutes } from 'hono/route';
import { analystRoutes } from '../analyst/routes.ts';
import { analyticsRoutes } from '../analytics/routes.ts';
import { authRoutes } from '../auth/routes.ts';
import { collectingRoutes } from '../collecting/routes.ts';
import { communityRoutes } from '../communities/routes.ts';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { inboundRoutes } from '../inbound/routes.ts';
import { insightRoutes } from '../insights/routes.ts';
import { liveRoutes, placeRoutes } from '../live/routes.ts';
import { mediaRoutes } from '../media/routes.ts';
import { httpDuration } from '../metrics.ts';
import { operatorRoutes } from '../operator/routes.ts';
import { postRoutes } from '../posts/routes.ts';
import { reportRoutes } from '../reports/routes.ts';
import { seriesRoutes } from '../series/routes.ts';
import { slotRoutes } from '../slots/routes.ts';
import { workRoutes } from '../work/routes.ts';
import { workspaceRoutes } from '../workspaces/routes.ts';
import { setSecurityHeaders } from './browser.ts';
import { documentRoutes } from './document.ts';
import { healthRoutes } from './health.ts';
import { problemResponse } from './problem.ts';
import { type AppEnv, routes } from './route.ts';
import { webRoutes } from './web.ts';

// Every slice's routes, one line each. The chain carries their types to the web client.
const api = routes()
  .route('/', webRoutes)
  .route('/', authRoutes)
  .route('/', workspaceRoutes)
  .route('/', mediaRoutes)
  .route('/', communityRoutes)
  .route('/', slotRoutes)
  .route('/', postRoutes)
  .route('/', seriesRoutes)
  .route('/', inboundRoutes)
  .route('/', collectingRoutes)
  .route('/', analyticsRoutes)
  .route('/', analystRoutes)
  .route('/', insightRoutes)
  .route('/', reportRoutes)
  .route('/', workRoutes)
  .route('/', liveRoutes)
  .route('/', operatorRoutes);

/** For `hc<App>`: paths, inputs and answers of the whole API. */
export type App = typeof api;

export interface AppOptions {
  /** false while the process starts or drains; `/readyz` says so. Default: always ready. */
  ready?: () => boolean;
  /** Aborted when the process drains. Default: never. */
  closing?: AbortSignal;
}

/**
 * The HTTP door: a plain fetch handler over an open context. It loads neither embedded store. `server` is Bun's, whose
 * `requestIP` tells the address; without it callers count as one unknown address.
 */
export function createApp(ctx: Context, options: AppOptions = {}) {
  const app = routes();
  const closing = options.closing ?? new AbortController().signal;
  app.use(async (c, next) => {
    const started = performance.now();
    const { method, headers } = c.req.raw;
    c.set('ctx', ctx);
    c.set('requestId', requestIdOf(headers));
    c.set('address', c.env?.requestIP?.(c.req.raw)?.address ?? 'unknown');
    c.set('closing', closing);
    await next();
    setSecurityHeaders(c.res.headers, c.req.path, ctx.config);
    c.res.headers.set('X-Request-Id', c.var.requestId);

    const route = patternOf(c);
    const { status } = c.res;
    const ms = performance.now() - started;
    httpDuration.observe({ method, route, status }, ms / 1_000);
    const level = quiet.has(route) ? 'debug' : 'info';
    // The pattern, not the path: and no query, no headers, no body.
    ctx.log[level](
      { request_id: c.var.requestId, method, route, status, ms: Math.round(ms * 10) / 10 },
      'request',
    );
  });
  app.route('/', placeRoutes);
  app.route('/', api);
  app.route('/', healthRoutes(options.ready ?? (() => true)));
  app.route(
    '/',
    documentRoutes(() => app),
  );

  // A route's middlewares stand in the list beside it, under its own method.
  const table = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, path, matches: matcher(path) }));
  app.notFound((c) => {
    const allowed = new Set(table.filter(({ matches }) => matches(c.req.path)).map(({ method }) => method));
    const known = allowed.size > 0 && !allowed.has(c.req.method === 'HEAD' ? 'GET' : c.req.method);
    const error = known
      ? new AppError('method_not_allowed', `This address takes ${[...allowed].join(', ')}.`)
      : new AppError('not_found', 'There is nothing at this address.');
    const answer = problemResponse(error, c.var.requestId, ctx.log);
    if (known) answer.headers.set('Allow', [...allowed].join(', '));
    return answer;
  });
  app.onError((error, c) => problemResponse(error, c.var.requestId, ctx.log));

  return {
    /** Every route: the tests hold each to be documented. */
    table,
    fetch: (request: Request, server?: AppEnv['Bindings']) => app.fetch(request, server ?? {}),
  };
}

const quiet = new Set(['/healthz', '/readyz', '/metrics']);

/** A caller's own id is taken when it is plain and short; anything else could forge log lines. */
function requestIdOf(headers: Headers): string {
  const given = headers.get('x-request-id');
  return given !== null && /^[A-Za-z0-9_-]{8,64}$/.test(given) ? given : Bun.randomUUIDv7();
}

function patternOf(c: HonoContext<AppEnv>): string {
  return matchedRoutes(c).findLast(({ method }) => method !== 'ALL')?.path ?? 'none';
}

/** Tells whether a path fits a route pattern of ours: fixed segments, `:name`, `:name{expression}` and a last `*`. */
function matcher(pattern: string): (path: string) => boolean {
  const source = pattern
    .split('/')
    .map((part) => {
      if (part === '*') return '.*';
      if (part.startsWith(':')) return `(?:${/\{(.+)\}$/.exec(part)?.[1] ?? '[^/]+'})`;
      return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  const expression = new RegExp(`^${source}$`);
  return (path) => expression.test(path);
}
