import { HTTPException } from 'hono/http-exception';
import * as v from 'valibot';
import { AppError, type ErrorCode, statusOf } from '../errors.ts';
import type { Log } from '../log.ts';

const titles: Record<ErrorCode, string> = {
  invalid: 'The input is not valid',
  malformed: 'The request cannot be read',
  unauthenticated: 'Sign in, or give an API key',
  forbidden: 'Not allowed',
  cross_site: 'The request came from another site',
  wrong_origin: 'This is not the address of this installation',
  registration_closed: 'Registration is closed',
  not_found: 'Not found',
  method_not_allowed: 'This address does not take this method',
  conflict: 'The request does not fit the present state',
  email_taken: 'This e-mail address is taken',
  already_connected: 'Already connected',
  publication_in_flight: 'A publication is being sent',
  wrong_state: 'Not possible in this state',
  media_in_use: 'This medium is in use',
  idempotency_in_progress: 'The first request with this key is still running',
  idempotency_mismatch: 'This key was used for another request',
  expired: 'Expired',
  too_large: 'The request is too large',
  unsupported_media_type: 'This content type is not taken here',
  range_not_satisfiable: 'The file has no such part',
  network_refused: 'The network refused',
  too_many_requests: 'Too many requests',
  internal: 'Something went wrong here',
  network_unreachable: 'The network cannot be reached',
  unavailable: 'Not available just now',
};

/** RFC 9457, the body of every refusal. */
export const Problem = v.pipe(
  v.strictObject({
    type: v.string(),
    title: v.string(),
    status: v.number(),
    detail: v.string(),
    code: v.picklist(Object.keys(statusOf) as [ErrorCode, ...ErrorCode[]]),
    request_id: v.string(),
    errors: v.optional(
      v.array(
        v.strictObject({
          path: v.pipe(
            v.string(),
            v.description('JSON Pointer into the body, or `query/name`, `params/name`, `headers/name`.'),
          ),
          message: v.string(),
        }),
      ),
    ),
  }),
  v.metadata({ ref: 'Problem' }),
);

const unavailableAfter = 5;

/**
 * Makes the one answer of a failure. What is not an {@link AppError} is logged and answered as `internal` or
 * `unavailable`: its message may hold SQL, paths or secrets, so nothing of it is shown.
 */
export function problemResponse(error: unknown, requestId: string, log: Log): Response {
  const known = appErrorOf(error);
  if (!known || known.code === 'internal') {
    log.error({ request_id: requestId, err: error }, 'request failed');
  } else if (known.cause !== undefined) {
    const { name, message } = known.cause instanceof Error ? known.cause : { name: 'unknown', message: '' };
    log.info({ request_id: requestId, code: known.code, cause: name, reason: message }, 'request refused');
  }
  const shown =
    known ?? new AppError('internal', 'The request failed. Its id leads to the reason in the log.');
  const status = statusOf[shown.code];
  const headers = new Headers({ 'Content-Type': 'application/problem+json' });
  if (shown.retryAfter !== undefined)
    headers.set('Retry-After', String(Math.max(1, Math.ceil(shown.retryAfter))));
  if (shown.code === 'unauthenticated') headers.set('WWW-Authenticate', 'Bearer');
  const body: v.InferOutput<typeof Problem> = {
    type: `urn:outpost:problem:${shown.code}`,
    title: titles[shown.code],
    status,
    detail: shown.message,
    code: shown.code,
    request_id: requestId,
    ...(shown.errors.length > 0 ? { errors: shown.errors } : {}),
  };
  return new Response(JSON.stringify(body), { status, headers });
}

function appErrorOf(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException && error.status === 400)
    return new AppError('malformed', 'The request cannot be read.', { cause: error });
  if (isConnectionLoss(error))
    return new AppError('unavailable', 'The database does not answer. Try again in a moment.', {
      retryAfter: unavailableAfter,
      cause: error,
    });
  return null;
}

const connectionCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
]);

/** True when the database went away, is starting, is shutting down or has no connection left. */
function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  // ENOENT is a missing file as well; on `connect` it is the socket of an embedded server that is gone.
  const socketGone = error.code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect';
  return socketGone || connectionCodes.has(error.code) || /^(08|57P0[123]|53300)/.test(error.code);
}
