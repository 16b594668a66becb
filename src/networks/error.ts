/** Code of a `rejected` whose cause is a handle that the network takes no more: the bytes are sent instead. */
export const staleHandle = 'handle_refused';

export type NetworkErrorKind = 'not_sent' | 'rejected' | 'limited' | 'auth' | 'unknown';

export interface NetworkErrorOptions {
  /** The network's own code (`403`, `vk:15`, `ECONNRESET`). */
  code: string;
  /** Plain words for a person: no token, no URL, no content. */
  message: string;
  /** What the person should do; null: nothing. */
  nextStep?: string | null;
  httpStatus?: number | null;
  /** Milliseconds, only with `limited`, where the network told it. */
  retryAfter?: number | null;
  /** `limited` only: which bucket the network holds. */
  scope?: 'credential' | 'place';
  /** `rejected` only: the network says that this content is there already. */
  duplicate?: boolean;
  /** `rejected` only: the place moved, the new id (Telegram group → supergroup). */
  movedTo?: string | null;
}

/**
 * How a call to a network ended when it did not end well. `kind` decides everything that follows:
 * - `not_sent`: provably no byte left; may be tried again at once
 * - `rejected`: the network definitely refused; nothing was made public
 * - `limited`: definitely refused for now; wait
 * - `auth`: definitely refused, the credential is dead
 * - `unknown`: nobody can tell; only reads may follow
 */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: string;
  readonly nextStep: string | null;
  readonly httpStatus: number | null;
  readonly retryAfter: number | null;
  readonly scope: 'credential' | 'place';
  readonly duplicate: boolean;
  readonly movedTo: string | null;

  constructor(
    readonly kind: NetworkErrorKind,
    options: NetworkErrorOptions,
  ) {
    super(options.message);
    this.code = options.code;
    this.nextStep = options.nextStep ?? null;
    this.httpStatus = options.httpStatus ?? null;
    this.retryAfter = options.retryAfter ?? null;
    this.scope = options.scope ?? 'credential';
    this.duplicate = options.duplicate ?? false;
    this.movedTo = options.movedTo ?? null;
  }
}
