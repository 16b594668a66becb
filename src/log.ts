import pino, { type Logger } from 'pino';

export type Log = Logger;

/** What a secret looks like, wherever it turns up: bot tokens, API keys, VK tokens, token parameters. */
const secretPatterns: readonly [RegExp, string][] = [
  [/\/bot\d+:[^/\s"\\]+/g, '/bot[redacted]'],
  [/\b\d{6,12}:[A-Za-z0-9_-]{30,}\b/g, '[redacted]'],
  [/\bsk_(main|sandbox)_[0-9A-Za-z]{32}\b/g, 'sk_$1_[redacted]'],
  // A session of Telegram; nothing else that is logged is so long without a blank.
  [/\b[A-Za-z0-9_-]{350,}={0,2}/g, '[redacted]'],
  [/\bvk[12]\.a\.[A-Za-z0-9_.-]+/g, '[redacted]'],
  [
    /\b((?:access|refresh|bot|community|user)_token|user_session|api_hash|authorization|cookie|password)("?\s*[=:]\s*"?)[^\s"&,}\\]+/gi,
    '$1$2[redacted]',
  ],
];

/** Replaces everything that looks like a secret. The last wall: callers must not pass secrets in the first place. */
export function redact(text: string): string {
  return secretPatterns.reduce((clean, [pattern, by]) => clean.replace(pattern, by), text);
}

/**
 * One JSON line per event on standard output. Errors are written by name, code, message and stack alone: their other
 * fields may hold a request with its token (grammY) or the text of a post (VK).
 */
export function openLog(
  level: string,
  write: (line: string) => void = (line) => process.stdout.write(line),
): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: plainError },
    },
    { write: (line: string) => write(redact(line)) },
  );
}

/** An error as it may be logged: `{ name, code?, message, stack, cause? }`. */
export function plainError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: 'NotAnError', message: String(error) };
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? error.code
      : undefined;
  return {
    name: error.name,
    code,
    message: error.message,
    stack: error.stack,
    cause: error.cause === undefined ? undefined : plainError(error.cause),
  };
}
