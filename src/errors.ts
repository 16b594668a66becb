/** Closed list of error codes and the HTTP status each one answers with (RFC 9457 `code`). */
export const statusOf = {
  invalid: 422,
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  cross_site: 403,
  wrong_origin: 403,
  registration_closed: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  email_taken: 409,
  already_connected: 409,
  publication_in_flight: 409,
  wrong_state: 409,
  media_in_use: 409,
  idempotency_in_progress: 409,
  idempotency_mismatch: 422,
  expired: 410,
  too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  network_refused: 422,
  too_many_requests: 429,
  internal: 500,
  network_unreachable: 502,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof statusOf;

/** One fault of an input: `path` is a JSON Pointer into the body, or `query/name`, `params/name`, `headers/name`. */
export interface InputFault {
  path: string;
  message: string;
}

export interface AppErrorOptions {
  /** Input faults, shown as `errors` in the problem document. */
  errors?: InputFault[];
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number;
  /** Kept for the log only; never shown. */
  cause?: unknown;
}

/** The one error that use cases throw. `message` is shown to the caller: plain words, no secrets, no SQL. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly errors: InputFault[];
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter;
  }
}

/** `invalid` with one or more faults; the first message stands in `detail`. */
export function invalid(faults: InputFault | InputFault[]): AppError {
  const errors = Array.isArray(faults) ? faults : [faults];
  return new AppError('invalid', errors[0]?.message ?? 'The input is not valid.', { errors });
}

/** Said at start-up, in one plain sentence, before exit code 1: for the operator, not for a developer. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
