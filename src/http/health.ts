import * as v from 'valibot';
import type { Context } from '../context.ts';
import { equalInConstantTime } from '../crypto.ts';
import { AppError } from '../errors.ts';
import { registry } from '../metrics.ts';
import { operation, routes } from './route.ts';

const state = (word: string) => v.strictObject({ status: v.literal(word) });

/** `ready`: false while the process starts or drains. */
export function healthRoutes(ready: () => boolean) {
  return routes()
    .get(
      '/healthz',
      operation({
        id: 'health',
        tag: 'System',
        summary: 'The process lives',
        scope: 'public',
        answers: { 200: state('ok') },
      }),
      (c) => c.json({ status: 'ok' }, 200),
    )
    .get(
      '/readyz',
      operation({
        id: 'readiness',
        tag: 'System',
        summary: 'The stores answer and requests may come',
        description: '503 while the process starts or stops.',
        scope: 'public',
        answers: { 200: state('ready') },
      }),
      async (c) => {
        const { ctx } = c.var;
        if (!ready())
          throw new AppError('unavailable', 'The process is starting or stopping.', { retryAfter: 1 });
        await Promise.all([ctx.sql`select 1 as one`, pinged(ctx.ch)]).catch((error: unknown) => {
          ctx.log.warn({ err: error }, 'not ready');
          throw new AppError('unavailable', 'A store does not answer.', { retryAfter: 1 });
        });
        return c.json({ status: 'ready' }, 200);
      },
    )
    .get(
      '/metrics',
      operation({
        id: 'metrics',
        tag: 'System',
        summary: 'Metrics for Prometheus',
        description: 'From the machine itself alone, or with METRICS_TOKEN as a bearer token.',
        scope: 'public',
        answers: { 200: { files: ['text/plain'] } },
        refusals: ['unauthenticated', 'forbidden'],
      }),
      async (c) => {
        const token = c.var.ctx.config.metricsToken;
        if (token !== null) {
          if (!equalInConstantTime(c.req.header('authorization') ?? '', `Bearer ${token}`)) {
            throw new AppError('unauthenticated', 'Give METRICS_TOKEN as a bearer token.');
          }
        } else if (!isLocal(c.var.address, c.req.raw.headers)) {
          throw new AppError('forbidden', 'Set METRICS_TOKEN to read metrics from another machine.');
        }
        return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
      },
    );
}

async function pinged(ch: Context['ch']): Promise<void> {
  if (!(await ch.ping())) throw new Error('ClickHouse does not answer');
}

function isLocal(address: string, headers: Headers): boolean {
  // A proxy on this machine makes the whole world look local.
  const forwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers.has(name));
  return !forwarded && /^(127\.|::1$|::ffff:127\.)/i.test(address);
}
