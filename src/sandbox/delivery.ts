import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Reply } from './core.ts';
import type { FaultAction } from './faults.ts';
import { Refusal, refusalReply } from './telegram/call.ts';
import { VkRefusal, vkRefusalReply } from './vk/call.ts';

/** Long enough for the written half to leave, short beside any deadline. */
const FLUSH_MS = 20;
const HTML =
  '<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** The answer of a fault that refuses the call, or nothing when the call is to be carried out. */
export function refusedReply(
  fault: FaultAction,
  about: { network: 'telegram' | 'vk'; method: string; params: Record<string, unknown> },
): Reply | undefined {
  switch (fault.kind) {
    case 'status_500':
      return plain(fault.status ?? 500, 'Internal Server Error');
    case 'html_502':
      return html(502);
    case 'redirect_302':
      return { ...plain(302, ''), headers: { location: `/${about.network}/redirected` } };
    case 'telegram_429': {
      const { retry_after } = fault;
      const parameters = retry_after === undefined ? undefined : { retry_after };
      const reply = refusalReply(
        new Refusal(429, `Too Many Requests: retry after ${retry_after ?? ''}`.trim(), parameters),
      );
      return fault.header === undefined ? reply : { ...reply, headers: { 'retry-after': fault.header } };
    }
    case 'telegram_error':
      return refusalReply(new Refusal(fault.error_code, fault.description, fault.parameters));
    case 'vk_error': {
      const captcha =
        fault.error_code === 14
          ? { captcha_sid: '1', captcha_img: 'https://api.vk.ru/captcha.php?sid=1' }
          : {};
      const refusal = new VkRefusal(fault.error_code, undefined, { ...captcha, ...fault.extra });
      if (fault.error_msg !== undefined) refusal.message = fault.error_msg;
      return vkRefusalReply(refusal, about.method, about.params);
    }
    default:
      return undefined;
  }
}

/** Sends the answer, spoiled as the fault wants. Resolves when all that will be sent was handed over. */
export async function deliver(
  req: IncomingMessage,
  res: ServerResponse,
  reply: Reply,
  fault: FaultAction | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case 'drop_after':
      req.socket.destroy();
      return;
    case 'delay_after':
      await Bun.sleep(fault.ms);
      break;
    case 'truncated_json': {
      const body = Buffer.from(reply.body);
      res.writeHead(reply.status, { 'content-type': reply.type, 'content-length': String(body.length) });
      res.write(body.subarray(0, Math.floor(body.length / 2)));
      await Bun.sleep(FLUSH_MS);
      req.socket.destroy();
      return;
    }
    case 'slow_answer': {
      const body = Buffer.from(reply.body);
      res.writeHead(reply.status, { 'content-type': reply.type, 'content-length': String(body.length) });
      for (let i = 0; i < body.length && !req.socket.destroyed; i++) {
        res.write(body.subarray(i, i + 1));
        await Bun.sleep(fault.ms);
      }
      res.end();
      return;
    }
    case 'status_500_after':
      send(res, plain(fault.status ?? 500, 'Internal Server Error'));
      return;
    case 'html_502_after':
      send(res, html(502));
      return;
    case 'html_200':
      send(res, html(200));
      return;
    case 'empty_200':
      send(res, { ...reply, status: 200, body: '' });
      return;
    case 'malformed_json':
      send(res, { ...reply, body: '{"ok":true,"result":{"message_id"' });
      return;
    case 'wrong_shape':
      send(res, { ...reply, status: 200, body: '{"ok":true,"result":{},"response":{}}' });
      return;
  }
  send(res, reply);
}

export function send(res: ServerResponse, reply: Reply): void {
  res.writeHead(reply.status, {
    'content-type': reply.type,
    'content-length': String(Buffer.byteLength(reply.body)),
    ...reply.headers,
  });
  res.end(reply.body);
}

export function plain(status: number, body: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body, outcome: String(status) };
}

function html(status: number): Reply {
  return { status, type: 'text/html', body: HTML, outcome: String(status) };
}
