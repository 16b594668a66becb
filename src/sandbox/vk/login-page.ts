import type { Reply } from '../core.ts';
import type { VkApp, VkPerson } from '../state.ts';
import { escapeHtml, PAGE_HEADERS } from '../walls.ts';

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:420px;margin:12vh auto;padding:0 16px}a{display:block;padding:12px 16px;margin:8px 0;border:1px solid #8884;border-radius:12px;color:inherit;text-decoration:none}a:hover{background:#8882}.dim{opacity:.65;font-size:14px}';

/** Asks which of the sandbox's people logs in. */
export function choicePage(app: VkApp, people: VkPerson[], query: string, groups: number[]): Reply {
  const at = (name: string, value: string) => `?${escapeHtml(`${query}&${name}=${value}`)}`;
  const rows = people.map(
    ({ id, first_name, last_name }) =>
      `<a href="${at('user', String(id))}">Continue as ${escapeHtml(`${first_name} ${last_name}`)}</a>`,
  );
  const about = groups.length > 0 ? `to the communities ${groups.join(', ')}` : 'to your account';
  const nobody = '<p class="dim">Nobody can log in yet: add a person to the sandbox.</p>';
  return html(
    200,
    `<h1>VK sandbox</h1><p>${escapeHtml(app.name)} asks for access ${about}.</p>${rows.join('') || nobody}<a href="${at('deny', '1')}">Deny</a>`,
  );
}

export function errorPage(message: string): Reply {
  return html(400, `<h1>VK sandbox</h1><p>${escapeHtml(message)}</p>`);
}

/** Sends the browser back to the app. */
export function redirect(target: string, values: Record<string, string>): Reply {
  const location = new URL(target);
  for (const [name, value] of Object.entries(values))
    if (value !== '') location.searchParams.set(name, value);
  const headers = { location: location.href, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return { status: 302, type: 'text/plain', body: '', outcome: '302', headers };
}

function html(status: number, body: string): Reply {
  const { 'content-type': type, ...headers } = PAGE_HEADERS;
  return {
    status,
    type,
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>VK sandbox</title><style>${STYLE}</style></head><body>${body}</body></html>`,
    outcome: String(status),
    headers,
  };
}
