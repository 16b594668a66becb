import { type ClientResponse, hc } from 'hono/client';
import i18next from 'i18next';
import type { App } from '../src/http/app.ts';
import { inWords, said } from './i18n/said.ts';

const workspaceKey = 'outpost.workspace';

/** Which workspace a request is about, where a person has chosen one. */
export function workspaceHeaders(): Record<string, string> {
  const workspace = localStorage.getItem(workspaceKey);
  return workspace ? { 'Outpost-Workspace': workspace } : {};
}

/** The API, typed by the server that answers. `ask` unwraps its answers. */
export const client = hc<App>('/', { headers: workspaceHeaders });

/** A refusal of the API (RFC 9457), or `offline` when nothing answered. */
export class ApiError extends Error {
  constructor(
    /** 0: nothing answered. */
    readonly status: number,
    readonly code: string,
    detail: string,
    /** Of input: where, and what is wrong there. */
    readonly errors: readonly { path: string; message: string }[] = [],
    readonly requestId: string | null = null,
  ) {
    super(detail);
  }
}

/** The body of an answer, or throws {@link ApiError}. */
export async function ask<T>(call: Promise<ClientResponse<T, number, 'json'>>): Promise<T> {
  const answer = await reached(call);
  if (answer.ok) return inWords((answer.status === 204 ? null : await answer.json()) as T);
  throw await errorOf(answer);
}

/** For answers without a body, or with one that is not JSON. */
export async function send(call: Promise<Response | ClientResponse<unknown>>): Promise<Response> {
  const answer = (await reached(call as Promise<Response>)) as Response;
  if (!answer.ok) throw await errorOf(answer);
  return answer;
}

async function reached<R>(call: Promise<R>): Promise<R> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof TypeError) throw new ApiError(0, 'offline', i18next.t('error.offline'));
    throw error;
  }
}

async function errorOf(answer: { status: number; json(): Promise<unknown> }): Promise<ApiError> {
  return refusalOf(answer.status, await answer.json().catch(() => ({})));
}

/** What an answer with a problem document says. */
export function refusalOf(status: number, body: unknown): ApiError {
  const problem = (body ?? {}) as {
    code?: string;
    detail?: string;
    errors?: { path: string; message: string }[];
    request_id?: string;
  };
  const { code = 'internal', detail = `The server answered ${status}.` } = problem;
  return new ApiError(
    status,
    code,
    code === 'internal' ? i18next.t('error.internal') : worded(code, detail),
    (problem.errors ?? []).map(({ path, message }) => ({ path, message: worded('invalid', message) })),
    problem.request_id ?? null,
  );
}

/** In the language of the page; what has no words there says what kind of refusal it is, and the server's own beside. */
function worded(code: string, text: string): string {
  const known = `refusal.${code}`;
  return said(text) ?? (i18next.exists(known) ? `${i18next.t(known as 'refusal.invalid')} (${text})` : text);
}

/** A key for `Idempotency-Key`: made once per wish of a person, so that a repeated request is the same wish. */
export function wishKey(): string {
  return crypto.randomUUID();
}
