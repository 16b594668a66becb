import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { createControl } from './control.ts';
import type { CallRecord, Core, GuidMode, Reply, Settings } from './core.ts';
import { note, text } from './core.ts';
import { deliver, plain, refusedReply, send } from './delivery.ts';
import type { FaultAction, FaultRule, ListedFault } from './faults.ts';
import { createFaultList } from './faults.ts';
import { fileReply } from './files.ts';
import type { LedgerRow, SandboxNetwork } from './ledger.ts';
import { openLedger, preciseNow } from './ledger.ts';
import type { PublicPlace } from './posts.ts';
import { publicPlaces } from './posts.ts';
import type { ParsedBody } from './request.ts';
import { BodyTooLarge, BodyUnreadable, discardFiles, readBody, readCall } from './request.ts';
import type { Setup } from './setup.ts';
import { createSetup } from './setup.ts';
import { openState } from './state.ts';
import type { TelegramActs } from './telegram/acts.ts';
import { createTelegramApi, telegramPagesOf } from './telegram/api.ts';
import type { VkActs } from './vk/acts.ts';
import { createVkApi } from './vk/api.ts';
import type { Dialect } from './vk/oauth.ts';
import { VK_SETTINGS } from './vk/settings.ts';
import { PAGE_HEADERS, pageFor } from './walls.ts';

const MEGABYTE = 1024 * 1024;
const BODY_LIMIT = 64 * MEGABYTE;
/** The Bot API's own limit counts the whole request. */
const TELEGRAM_BODY_LIMIT = 51 * MEGABYTE;
const TELEGRAM_LOCAL_BODY_LIMIT = 4000 * MEGABYTE;
/** Above the greatest document, so that its own refusal is the one that is seen. */
const UPLOAD_LIMIT = 2100 * MEGABYTE;
const CONTROL_BODY_LIMIT = 32 * MEGABYTE;

export interface SandboxOptions {
  /** 0 or nothing: any free port. */
  port?: number;
  host?: string;
  /** File that the ledger's rows are appended to, as JSON lines. */
  ledgerPath?: string;
  /** Folder that keeps bots, chats, posts and pictures over a restart. */
  stateDir?: string;
  /** Whether the networks' rate limits are enforced; yes unless told. */
  floodLimits?: boolean;
  /** Added to every call before it is handled, in ms. */
  latencyMs?: number;
  guidMode?: GuidMode;
  /** Plays a Bot API server of the owner's own, in local mode: files of 2000 MB, and by path; no unless told. */
  telegramLocal?: boolean;
}

/** Running stand-ins of the Telegram Bot API and the VK API on one port. */
export interface Sandbox extends Setup {
  /** `http://host:port`; open it in a browser to see the walls. */
  url: string;
  /** The `apiRoot` of grammY. */
  telegramRoot: string;
  /** Stands for `https://t.me`: `/s/<name>` is the public page of a channel. */
  telegramPages: string;
  /** What people do in Telegram behind the Bot API's back. */
  telegram: TelegramActs;
  /** The `apiBaseUrl` of vk-io. */
  vkRoot: string;
  /** Stands for `https://id.vk.com`: `/authorize`, `/oauth2/auth`, `/oauth2/user_info`, `/oauth2/revoke`. */
  vkIdRoot: string;
  /** Stands for `https://oauth.vk.com`: `/authorize` and `/access_token` for tokens of communities. */
  vkOauthRoot: string;
  /** What people do in VK behind the API's back. */
  vk: VkActs;
  /** Adds a rule; rules are used up in the order of their adding. Returns its id. */
  fault(rule: FaultRule): number;
  faults(): ListedFault[];
  clearFaults(): void;
  /** Rows with a greater `seq` than `afterSeq`. */
  ledger(afterSeq?: number): LedgerRow[];
  /** What visitors of every channel and community see now. */
  posts(): PublicPlace[];
  configure(settings: Partial<Settings>): Settings;
  /** Forgets everything but settings; the file of the ledger is kept. */
  reset(): void;
  stop(): Promise<void>;
}

interface ApiCall {
  network: SandboxNetwork;
  method: string;
  /** Known before the body is read; empty if not. */
  tokenId: string;
  query: string;
  answer(body: ParsedBody, record: CallRecord): Promise<Reply>;
  /** Says who calls, once parameters are known. */
  identify?(body: ParsedBody): string;
}

/** Starts the sandboxes and resolves when they listen. Rejects when the port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  const core: Core = {
    state: openState(options.stateDir),
    ledger: openLedger(options.ledgerPath),
    faults: createFaultList(),
    settings: {
      floodLimits: options.floodLimits ?? true,
      latencyMs: options.latencyMs ?? 0,
      guidMode: options.guidMode ?? 'same_post_id',
      ...VK_SETTINGS,
    },
    url: '',
    telegramLocal: options.telegramLocal ?? false,
  };
  const telegram = createTelegramApi(core);
  const vk = createVkApi(core);
  const setup = createSetup({ core, updates: telegram.updates }, telegram.acts, vk.acts);

  function configure(settings: Partial<Settings>): Settings {
    return Object.assign(core.settings, settings);
  }

  function reset(): void {
    core.state.reset();
    core.ledger.clear();
    core.faults.clear();
    telegram.reset();
    vk.reset();
  }

  const control = createControl({ core, setup, telegram: telegram.acts, vk: vk.acts, reset, configure });
  const connections = new WeakMap<Socket, number>();
  const sockets = new Set<Socket>();
  let lastConnection = 0;

  function connectionOf(socket: Socket): number {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    lastConnection += 1;
    connections.set(socket, lastConnection);
    return lastConnection;
  }

  function route(path: string, query: string, req: IncomingMessage): ApiCall | undefined {
    const [, first, second, third, ...rest] = path.split('/');
    if (first === 'telegram' && second === 'file' && third?.startsWith('bot')) {
      const token = decoded(third.slice(3));
      const answer = async () => telegram.download(token, rest.join('/'));
      return { network: 'telegram', method: 'file', tokenId: botIdOf(token), query, answer };
    }
    if (first === 'telegram' && second?.startsWith('bot') && third !== undefined) {
      const token = decoded(second.slice(3));
      return {
        network: 'telegram',
        method: third,
        tokenId: botIdOf(token),
        query,
        answer: (body, record) => telegram.answer(token, third, body, record),
      };
    }
    if (first === 't.me') {
      const answer = async () => telegram.page(decoded(path.slice('/t.me/'.length)), query);
      return { network: 'telegram', method: 'page', tokenId: '', query: '', answer };
    }
    if (first === 'vk' && second === 'method' && third !== undefined) {
      const authorization = req.headers.authorization ?? '';
      return {
        network: 'vk',
        method: third,
        tokenId: '',
        query,
        answer: (body, record) => vk.answer(third, body, authorization, record),
        identify: (body) => vk.labelOf(body, authorization),
      };
    }
    if (first === 'vk' && second === 'upload' && third !== undefined) {
      const hash = new URLSearchParams(query).get('hash') ?? '';
      const answer = (body: ParsedBody) => vk.upload(third, hash, body);
      return { network: 'vk', method: `upload.${third}`, tokenId: '', query, answer };
    }
    if (first === 'vk' && second === 'longpoll' && third !== undefined) {
      const answer = (body: ParsedBody) => vk.longPoll(third, body);
      return { network: 'vk', method: 'longpoll', tokenId: '', query, answer };
    }
    if (first === 'vk' && (second === 'id' || second === 'oauth') && third !== undefined)
      return loginCall(second, [third, ...rest].join('/'), query, req);
    // Where a redirect leads: a client that followed it shows in the ledger.
    if ((first === 'telegram' || first === 'vk') && second === 'redirected')
      return {
        network: first,
        method: 'redirected',
        tokenId: '',
        query,
        answer: async () => plain(404, 'Not Found'),
      };
    return undefined;
  }

  function loginCall(dialect: Dialect, path: string, query: string, req: IncomingMessage): ApiCall {
    const method = req.method ?? 'GET';
    const answer = async ({ params }: ParsedBody) => vk.login(dialect, path, { method, query, params });
    return { network: 'vk', method: `${dialect}.${path}`, tokenId: '', query, answer };
  }

  async function serveCall(
    call: ApiCall,
    req: IncomingMessage,
    res: ServerResponse,
    at: number,
  ): Promise<void> {
    const record: CallRecord = {
      at,
      connection: connectionOf(req.socket),
      network: call.network,
      method: call.method,
      token_id: call.tokenId,
      place: '',
      text: '',
      media: [],
      remote_id: '',
    };
    const fault = core.faults.takeUnread(call.network, call.method);
    if (fault?.kind === 'drop_before') {
      note(core, record, 'request', 'fault drop_before');
      req.socket.destroy();
      return;
    }
    let body: ParsedBody;
    try {
      body = await readCall(req, call.query, {
        json: call.network === 'telegram',
        limit: bodyLimit(call),
        scratch: core.state.scratch,
      });
    } catch (error) {
      const reply = unreadable(error, call.network);
      // A body that came whole and says nothing readable has a reason; one that broke off has none.
      const wrong = error instanceof BodyUnreadable ? error.message : '';
      if (wrong) note(core, record, 'schema_violation', wrong);
      note(
        core,
        record,
        'request',
        error instanceof BodyUnreadable && !wrong ? 'client gone' : reply.outcome,
      );
      send(res, reply);
      return;
    }
    try {
      await answerCall(call, body, record, fault, req, res);
    } finally {
      discardFiles(body);
    }
  }

  async function answerCall(
    call: ApiCall,
    body: ParsedBody,
    record: CallRecord,
    taken: FaultAction | undefined,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> {
    const fault = taken ?? core.faults.take(call.network, call.method, body.params);
    if (core.settings.latencyMs > 0) await Bun.sleep(core.settings.latencyMs);
    if (fault) describe(record, call, body);
    if (fault?.kind === 'drop_before') {
      note(core, record, 'request', 'fault drop_before');
      req.socket.destroy();
      return;
    }
    if (fault?.kind === 'delay') await Bun.sleep(fault.ms);
    const refused = fault && refusedReply(fault, { ...call, params: body.params });
    const reply = refused ?? (await call.answer(body, record));
    // VK's own error codes say more than the 200 around them.
    const outcome = fault ? `fault ${fault.kind}${refused ? '' : `, ${reply.outcome}`}` : reply.outcome;
    await deliver(req, res, reply, fault);
    note(core, record, 'request', outcome);
  }

  function bodyLimit({ network, method }: ApiCall): number {
    if (network === 'telegram') return core.telegramLocal ? TELEGRAM_LOCAL_BODY_LIMIT : TELEGRAM_BODY_LIMIT;
    return method.startsWith('upload.') ? UPLOAD_LIMIT : BODY_LIMIT;
  }

  async function servePage(path: string, res: ServerResponse): Promise<void> {
    if (path.startsWith('/files/')) return send(res, await fileReply(core, path.slice('/files/'.length)));
    const page = pageFor(core, path);
    if (page === undefined) return send(res, plain(404, 'Not Found'));
    res.writeHead(200, PAGE_HEADERS);
    res.end(page);
  }

  async function serveControl(
    path: string,
    query: string,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> {
    const body = await readBody(req, CONTROL_BODY_LIMIT);
    send(res, await control(req.method ?? 'GET', path, query, req.headers['content-type'] ?? '', body));
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const at = preciseNow();
    const [path = '/', query = ''] = (req.url ?? '/').split('?', 2);
    if (path.startsWith('/_sandbox/')) return serveControl(path, query, req, res);
    const call = route(path, query, req);
    return call ? serveCall(call, req, res, at) : servePage(path, res);
  }

  const server = createServer((req, res) => {
    serve(req, res).catch((error: unknown) => {
      // A fault of the sandbox itself must not look like one of the network.
      process.stderr.write(`sandbox failure: ${error instanceof Error ? error.stack : String(error)}\n`);
      if (!res.headersSent) send(res, plain(500, 'sandbox failure'));
      else req.socket.destroy();
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : (options.port ?? 0);
  core.url = `http://${host}:${port}`;
  telegram.updates.resume();

  return {
    ...setup,
    url: core.url,
    telegramRoot: `${core.url}/telegram`,
    telegramPages: telegramPagesOf(core),
    telegram: telegram.acts,
    vkRoot: `${core.url}/vk/method`,
    vkIdRoot: `${core.url}/vk/id`,
    vkOauthRoot: `${core.url}/vk/oauth`,
    vk: vk.acts,
    fault: (rule) => core.faults.add(rule),
    faults: () => core.faults.list(),
    clearFaults: () => core.faults.clear(),
    ledger: (afterSeq) => core.ledger.rows(afterSeq),
    posts: () => publicPlaces(core),
    configure,
    reset,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      telegram.reset();
      vk.reset();
      await closed;
      core.ledger.close();
      core.state.close();
    },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function botIdOf(token: string): string {
  return /^(\d{5,16}):/.exec(token)?.[1] ?? '';
}

/** A faulty call may never reach its handler, so what is known of it is noted beforehand. */
function describe(record: CallRecord, call: ApiCall, { params, ...rest }: ParsedBody): void {
  record.token_id ||= call.identify?.({ params, ...rest }) ?? '';
  record.place = String(params.chat_id ?? params.owner_id ?? '');
  record.text = text(params.text ?? params.caption ?? params.message);
  if (typeof params.guid === 'string') record.guid = params.guid;
}

function unreadable(error: unknown, network: SandboxNetwork): Reply {
  if (!(error instanceof BodyTooLarge) && !(error instanceof BodyUnreadable)) throw error;
  const status = error instanceof BodyTooLarge ? 413 : 400;
  if (network === 'vk') return plain(status, status === 413 ? 'Request Entity Too Large' : 'Bad Request');
  const description =
    status === 413 ? 'Request Entity Too Large' : `Bad Request: ${error.message || 'connection lost'}`;
  return {
    status,
    type: 'application/json',
    body: JSON.stringify({ ok: false, error_code: status, description }),
    outcome: String(status),
  };
}
