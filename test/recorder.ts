import type { Sandbox } from '../src/sandbox/server.ts';

interface Composed {
  method: string;
  params: Record<string, unknown>;
}

/** One call that makes something public, as it left. */
export interface RecordedSend {
  method: string;
  params: Record<string, unknown>;
  /** Whether this is the call that a preview's request announced. */
  belongsTo(request: Composed, publicationId: string): boolean;
  /** In the words of the preview: media as `{ $media }`, the publication's id as `{ $client_key }`. */
  as(request: Composed, publicationId: string): Composed;
}

export interface Recorder {
  /** Roots of a proxy that hands everything on to the sandbox and keeps what went by. */
  before(sandbox: Sandbox): Record<string, string>;
  sends(): RecordedSend[];
  clear(): void;
  stop(): void;
}

const sending = /^(send|wall\.post$)/;

/** Stands between Outpost and the sandbox: its ledger keeps texts and places, this keeps every parameter. */
export function recordRequests(): Recorder {
  let target = '';
  let kept: RecordedSend[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body = request.method === 'GET' ? null : new Uint8Array(await request.arrayBuffer());
      const headers = new Headers(request.headers);
      const method = pathname.split('/').at(-1) ?? '';
      if (sending.test(method) && body) kept.push(recorded(method, await parameters(headers, body)));
      for (const name of ['host', 'connection', 'content-length', 'transfer-encoding']) headers.delete(name);
      const answer = await fetch(`${target}${pathname}${search}`, { method: request.method, headers, body });
      return new Response(await answer.arrayBuffer(), {
        status: answer.status,
        headers: { 'content-type': answer.headers.get('content-type') ?? 'application/json' },
      });
    },
  });
  return {
    before(sandbox) {
      target = sandbox.url;
      return Object.fromEntries(
        Object.entries({ telegram: sandbox.telegramRoot, vk: sandbox.vkRoot }).map(([name, root]) => [
          name,
          root.replace(sandbox.url, `http://127.0.0.1:${server.port}`),
        ]),
      );
    },
    sends: () => kept,
    clear() {
      kept = [];
    },
    stop: () => server.stop(true),
  };
}

async function parameters(headers: Headers, body: Uint8Array): Promise<Record<string, unknown>> {
  const type = headers.get('content-type') ?? '';
  const request = new Request('http://localhost/', {
    method: 'POST',
    headers: { 'content-type': type },
    body: new Uint8Array(body),
  });
  if (type.startsWith('application/json')) return (await request.json()) as Record<string, unknown>;
  return Object.fromEntries((await request.formData()).entries());
}

function recorded(method: string, params: Record<string, unknown>): RecordedSend {
  return {
    method,
    params,
    belongsTo(request, publicationId) {
      if (method !== request.method) return false;
      if ('guid' in request.params) return params.guid === publicationId;
      return String(params.chat_id) === String(request.params.chat_id);
    },
    as(request, publicationId) {
      const said = { ...params };
      delete said.access_token;
      delete said.v;
      const entries = Object.entries(said).flatMap(([name, value]) => {
        // The parts of a multipart body that attach:// leads to.
        if (value instanceof Blob && !(name in request.params)) return [];
        return [[name, alike(value, request.params[name], publicationId, said)]];
      });
      return { method, params: Object.fromEntries(entries) };
    },
  };
}

/** A form knows texts alone: reads a value back as what the preview shows in its place. */
function alike(value: unknown, shown: unknown, publicationId: string, all: Record<string, unknown>): unknown {
  if (Array.isArray(shown)) {
    const list: unknown[] =
      typeof value !== 'string' ? [value] : value.startsWith('[') ? JSON.parse(value) : value.split(',');
    return list.map((entry, index) => alike(entry, shown[index], publicationId, all));
  }
  if (typeof shown === 'number') return Number(value);
  if (typeof shown !== 'object' || shown === null) return value;
  if ('$client_key' in shown) return value === publicationId ? shown : value;
  if ('$media' in shown) {
    const part = typeof value === 'string' && value.startsWith('attach://') ? all[value.slice(9)] : value;
    // VK's attachments; Telegram's file_id of a file that went up before.
    const handle = typeof part === 'string' && /^((photo|doc|video)-?\d+_\d+|[0-9a-f]{32}-)/.test(part);
    return handle || (part instanceof Blob && part.size > 0) ? shown : value;
  }
  const given = (typeof value === 'string' ? JSON.parse(value) : value) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(given).map(([name, inner]) => [
      name,
      alike(inner, (shown as Record<string, unknown>)[name], publicationId, all),
    ]),
  );
}
