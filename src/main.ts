import { readFileSync } from 'node:fs';
import { pepper } from './auth/pepper.ts';
import { type Config, readConfig } from './config.ts';
import type { Context } from './context.ts';
import { StartError } from './errors.ts';
import { createApp } from './http/app.ts';
import { startJobs } from './jobs.ts';
import { watchLaunchers } from './launcher.ts';
import { plainError } from './log.ts';
import { openContext } from './stores/open.ts';

export interface Outpost {
  ctx: Context;
  /** Where it listens. */
  url: string;
  /** Resolves when a store is gone for good and the process should end. */
  lost: Promise<void>;
  /** Takes no new work, lets what is on its way end (`durations.drain` at most), then closes the stores. */
  stop(): Promise<void>;
}

/** Starts the product: HTTP first (it answers 503 until ready), then stores, then the worker. Throws StartError. */
export async function start(config: Config, overrides: Partial<Context> = {}): Promise<Outpost> {
  let app: ReturnType<typeof createApp> | null = null;
  const server = listen(config, (request, server) => {
    if (app) return app.fetch(request, server);
    // The process lives from now on; it is ready later.
    if (new URL(request.url).pathname === '/healthz') return Response.json({ status: 'ok' });
    return Response.json({ status: 'starting' }, { status: 503, headers: { 'retry-after': '1' } });
  });
  let opened: Awaited<ReturnType<typeof openContext>> | null = null;
  try {
    opened = await openContext(config, overrides);
    const { ctx, close, lost } = opened;
    // With another master key than the database was made with, say so now and not at the first request.
    await pepper(ctx);
    const jobs = config.role === 'api' ? null : await startJobs(ctx);
    const draining = new AbortController();
    app = createApp(ctx, { ready: () => !draining.signal.aborted, closing: draining.signal });
    return {
      ctx,
      lost,
      url: `http://${config.host}:${server.port}`,
      async stop() {
        draining.abort();
        const until = Date.now() + config.durations.drain;
        // Requests that are being answered may finish; new connections are refused.
        const answered = server.stop();
        try {
          const left = (await jobs?.drain(config.durations.drain)) ?? 0;
          if (left > 0) ctx.log.warn({ left }, 'stopped before every send had an answer');
          await Promise.race([answered, Bun.sleep(Math.min(Math.max(until - Date.now(), 0), 5_000))]);
        } finally {
          server.stop(true);
          await close();
        }
      },
    };
  } catch (error) {
    server.stop(true);
    await opened?.close();
    throw error;
  }
}

function listen(
  config: Config,
  fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>,
): Bun.Server<undefined> {
  if (config.role === 'worker' && config.port === 0)
    return Bun.serve({ hostname: config.host, port: 0, fetch });
  try {
    return Bun.serve({
      hostname: config.host,
      port: config.port,
      fetch,
      idleTimeout: 60,
      // A backstop over the limits of the routes, which count the bytes themselves and leave the rest unread.
      maxRequestBodySize: config.mediaBytesMost + 1024 * 1024,
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    throw new StartError(
      code === 'EADDRINUSE'
        ? `Port ${config.port} is taken by another process: stop it, or set PORT to a free one.`
        : `Outpost cannot listen on ${config.host}:${config.port}: check HOST and PORT.`,
    );
  }
}

/** Ends the process after a drain at SIGTERM, Ctrl-C or when the launcher above it has vanished; twice: at once. */
export function stopOnSignals(outpost: Pick<Outpost, 'stop'>, say: (text: string) => void): void {
  let stopping = 0;
  const stop = (why: string) => {
    // One Ctrl-C arrives twice: from the terminal, and passed on by `bun run`.
    if (stopping && Date.now() - stopping < 1_000) return;
    if (stopping) {
      // The leases and the barrier make this safe; the next start takes over.
      process.exit(1);
    }
    stopping = Date.now();
    say(`${why}: finishing what is on its way.`);
    outpost.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', () => stop('Stopping'));
  process.on('SIGINT', () => stop('Stopping'));
  if (!ignoresHangUp()) process.on('SIGHUP', () => stop('The terminal was closed'));
  // Ctrl-C ends the launchers too: that is no second wish to stop.
  watchLaunchers(500, () => {
    if (!stopping) stop('The process that started Outpost is gone');
  });
}

/** Under `nohup` a closed terminal is no reason to stop; a handler would overrule it. */
function ignoresHangUp(): boolean {
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    return (BigInt(`0x${ignored}`) & 1n) === 1n;
  } catch {
    // Not Linux: left as the system has it.
    return true;
  }
}

if (import.meta.main) {
  try {
    const starting = start(readConfig(process.env));
    // Before it is up: a stop or a vanished launcher meanwhile must not leave the stores running.
    stopOnSignals({ stop: async () => (await starting).stop() }, (text) => console.log(text));
    const outpost = await starting;
    outpost.lost.then(() => {
      console.error('PostgreSQL ended and could not be started again: see postgres.log in DATA_DIR.');
      process.exit(1);
    });
    console.log(
      `Outpost is ready at ${outpost.ctx.config.publicUrl} (API reference: ${outpost.ctx.config.publicUrl}/docs)`,
    );
  } catch (error) {
    console.error(error instanceof StartError ? error.message : plainError(error));
    process.exit(1);
  }
}
