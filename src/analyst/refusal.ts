/** A refusal in ClickHouse's terms: its codes are what clients tell failures apart by. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    /** ClickHouse's number of it. */
    readonly code: number,
    /** ClickHouse's name of it, e.g. `SYNTAX_ERROR`. */
    readonly type: string,
    /** Shown to the analyst. */
    message: string,
    readonly status: 400 | 404 | 429 | 500 = 400,
    /** Seconds, sent as `Retry-After`. */
    readonly retryAfter?: number,
    /** Whose words the message is. */
    readonly by: 'outpost' | 'clickhouse' = 'outpost',
  ) {
    super(message);
  }
}

const made =
  (code: number, type: string, status?: Refusal['status']) =>
  (message: string, retryAfter?: number): Refusal =>
    new Refusal(code, type, message, status, retryAfter);

/** One for each kind that we refuse by ourselves. */
export const refusals = {
  syntax: made(62, 'SYNTAX_ERROR'),
  denied: made(497, 'ACCESS_DENIED'),
  unknownFunction: made(46, 'UNKNOWN_FUNCTION'),
  unknownTable: made(60, 'UNKNOWN_TABLE', 404),
  unknownDatabase: made(81, 'UNKNOWN_DATABASE', 404),
  unknownFormat: made(73, 'UNKNOWN_FORMAT'),
  unknownSetting: made(115, 'UNKNOWN_SETTING'),
  settingLimits: made(452, 'SETTING_CONSTRAINT_VIOLATION'),
  badParameter: made(457, 'BAD_QUERY_PARAMETER'),
  tooLong: made(307, 'TOO_MANY_BYTES'),
  tooDeep: made(306, 'TOO_DEEP_RECURSION'),
  tooBig: made(168, 'TOO_BIG_AST'),
  unsupported: made(48, 'NOT_IMPLEMENTED'),
  cancelled: made(394, 'QUERY_WAS_CANCELLED'),
  tooMany: made(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 429),
  quota: made(201, 'QUOTA_EXCEEDED', 429),
};
