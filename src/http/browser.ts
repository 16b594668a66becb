import type { Config } from '../config.ts';

const permissions = [
  'accelerometer',
  'autoplay',
  'browsing-topics',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'usb',
]
  .map((name) => `${name}=()`)
  .join(', ');

const closedPolicy = "default-src 'none'; frame-ancestors 'none'";
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Sets what every answer carries, errors included. A route may set its own Content-Security-Policy, Cache-Control
 * or Cross-Origin-Resource-Policy, and these stand.
 */
export function setSecurityHeaders(headers: Headers, path: string, config: Pick<Config, 'publicUrl'>): void {
  const html = headers.get('content-type')?.startsWith('text/html') ?? false;
  const own = (name: string, value: string) => {
    if (!headers.has(name)) headers.set(name, value);
  };
  own('Content-Security-Policy', html ? pagePolicy : closedPolicy);
  own('Cross-Origin-Resource-Policy', 'same-origin');
  if (path.startsWith('/v1/')) own('Cache-Control', 'no-store');
  headers.set('X-Content-Type-Options', 'nosniff');
  headers.set('Referrer-Policy', 'no-referrer');
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Permissions-Policy', permissions);
  if (config.publicUrl.startsWith('https:')) headers.set('Strict-Transport-Security', 'max-age=31536000');
}

/** GET, HEAD and OPTIONS change nothing. */
export function isUnsafe(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

/**
 * Where a browser says that the request came from: `own` (this installation, or no browser at all), `origin` (a page
 * at another address) or `site` (Fetch metadata say so). Independent of the content type: a form can send text/plain.
 */
export function origin(headers: Headers, config: Pick<Config, 'publicUrl'>): 'own' | 'origin' | 'site' {
  const from = headers.get('origin');
  if (from !== null && from !== new URL(config.publicUrl).origin) return 'origin';
  const site = headers.get('sec-fetch-site');
  // `none` is a person's own doing (address bar), and only same-origin pages may act with the session.
  return site === null || site === 'same-origin' || site === 'none' ? 'own' : 'site';
}
