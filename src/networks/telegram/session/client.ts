import {
  BaseTelegramClient,
  type ICorePlatform,
  MemoryStorage,
  TcpTransport,
  TelegramClient,
} from '@mtcute/bun';
import { type BasicDcOption, readStringSession } from '@mtcute/bun/utils.js';

/** Telegram's own servers, by the number that a session names. */
const servers: Readonly<Record<number, string>> = {
  1: '149.154.175.50',
  2: '149.154.167.51',
  3: '149.154.175.100',
  4: '149.154.167.91',
  5: '149.154.171.5',
};

/**
 * It must neither write to the console nor listen for signals: with the library's own a SIGTERM would end the process
 * in the middle of a drain.
 */
const platform: ICorePlatform = {
  beforeExit: () => () => {},
  log: () => {},
  getDefaultLogLevel: () => 0,
  getDeviceModel: () => 'Outpost',
};

/** What a session is called in the list of devices of its account. */
const named = { deviceModel: 'Outpost', systemVersion: 'Bun', appVersion: '1', langCode: 'en' } as const;

/** What a client needs beside its session. `server`: `host:port` in place of Telegram's own. */
export interface Application {
  id: number;
  /** For signing in alone; empty otherwise. */
  hash: string;
  server: string | null;
}

function optionsOf({ id, hash, server }: Application) {
  const main = dcOf(2, server);
  return {
    apiId: id,
    apiHash: hash,
    storage: new MemoryStorage(),
    platform,
    logLevel: 0,
    disableUpdates: true,
    initConnectionOptions: named,
    transport: server === null ? new TcpTransport() : towards(server),
    ...(main ? { defaultDcs: { main, media: main } } : {}),
  };
}

/** A client without a session, for signing in. */
export function newClient(app: Application): TelegramClient {
  return new TelegramClient(optionsOf(app));
}

/**
 * A client of a session: it keeps nothing on disk, hears no updates, and tries nothing again by itself. null: the text
 * is no session, or one of Telegram's test servers.
 */
export async function clientOf(app: Application, session: string): Promise<BaseTelegramClient | null> {
  const kept = parsed(session);
  if (kept === null || kept.primaryDcs.main.testMode) return null;
  // The addresses in the text are whatever its writer liked: only Telegram's own are gone to.
  const main = dcOf(kept.primaryDcs.main.id, app.server);
  if (main === null) return null;
  const client = new BaseTelegramClient({ ...optionsOf(app), network: { middlewares: [] } });
  await client.importSession({
    primaryDcs: { main, media: main },
    self: kept.self ?? null,
    authKey: kept.authKey,
  });
  return client;
}

function parsed(session: string): ReturnType<typeof readStringSession> | null {
  try {
    const read = readStringSession(session);
    return read.authKey.length === 256 ? read : null;
  } catch {
    return null;
  }
}

function dcOf(id: number, server: string | null): BasicDcOption | null {
  if (server !== null) {
    const [ipAddress = '', port] = server.split(':');
    return { id, ipAddress, port: Number(port) };
  }
  const ipAddress = servers[id];
  return ipAddress === undefined ? null : { id, ipAddress, port: 443 };
}

/** Whatever address it is told of, also by the server. */
function towards(server: string): TcpTransport {
  const transport = new TcpTransport();
  const connect = transport.connect.bind(transport);
  transport.connect = (dc) => connect({ ...dc, ...dcOf(dc.id, server) });
  return transport;
}
