import { afterAll, beforeAll, expect, test } from 'bun:test';
import sharp from 'sharp';
import type { Account } from '../harness.ts';
import { type Dashboard, openDashboard } from './dashboard.ts';
import { payloads } from './payloads.ts';

let it: Dashboard;
/** Lists show a hundred at most: each person has half of the texts. */
let people: { account: Account; texts: readonly string[]; community: string; post: string }[] = [];

beforeAll(async () => {
  it = await openDashboard();
  const pixel = new Uint8Array(
    await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  const half = payloads.length / 2;
  people = await Promise.all(
    [payloads.slice(0, half), payloads.slice(half)].map(async (texts) => {
      const account = await it.test.register({ name: texts[0]?.slice(0, 100) ?? '', timezone: 'UTC' });
      const by = { cookie: account.cookie };
      const ids = texts.map(() => Bun.randomUUIDv7());
      await it.test.ctx.sql`
        insert into communities (id, workspace_id, network, external_id, title, handle, timezone, capabilities, details,
          status_reason, settings)
        select id::uuid, ${account.workspaceId}, 'telegram', '-100' || n, title, title, 'UTC', '{}', '{}', title, '{}'
        from unnest(${ids}::text[], ${texts as string[]}::text[]) with ordinality as t(id, title, n)`;
      let post = '';
      for (const [index, text] of texts.entries()) {
        const made = await it.test.request('POST', '/v1/posts', { ...by, body: { text } });
        post ||= made.body.id;
        // A plan that no worker runs here: the calendar shows it.
        await it.test.ctx.sql`
          update posts set scheduled_at = now() + ${index} * interval '5 minutes' where id = ${made.body.id}`;
        await it.test.request('POST', '/v1/api-keys', {
          ...by,
          body: { name: text.slice(0, 100), scopes: ['*'] },
        });
        if (index % 4 === 0) {
          const form = new FormData();
          form.set('alt', text);
          form.set('file', new File([pixel], `${text}.png`, { type: 'image/png' }));
          await it.test.request('POST', '/v1/media', { ...by, body: form });
        }
      }
      return { account, texts, community: ids[0] ?? '', post };
    }),
  );
}, 120_000);
afterAll(() => it?.close());

test('two hundred texts that try to become script stay texts on every page', async () => {
  expect(new Set(payloads).size).toBe(200);
  for (const { account, texts, community, post } of people) {
    const { page, context, complaints } = await it.visit('/', { as: account, timezone: 'UTC' });
    const hits: string[] = [];
    await context.exposeFunction('hit', (by: unknown) => hits.push(String(by)));
    page.on('dialog', async (dialog) => {
      hits.push(dialog.message());
      await dialog.dismiss();
    });
    for (const path of [
      '/',
      '/?view=list',
      '/?view=day',
      '/posts',
      `/posts/${post}`,
      `/posts/${post}/edit`,
      '/attention',
      '/communities',
      `/communities/${community}`,
      '/analytics',
      `/analytics/${community}`,
      '/media',
      '/settings',
      '/reports',
      '/sql',
    ]) {
      await page.goto(`${it.url}/app${path.replace(/^\/(?=\?|$)/, '')}`);
      await page.locator('main h1').waitFor();
      // Until what the page asked for is there, too.
      await page.waitForTimeout(400);
    }
    // They are there, and as they were written.
    await page.goto(`${it.url}/app/communities`);
    await page
      .getByText(texts[10] ?? '', { exact: true })
      .first()
      .waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('hit');
    await page.getByRole('option').first().waitFor();
    expect(hits).toEqual([]);
    // A breach of the policy would stand here, and so would a script that was tried.
    expect(complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
    await context.close();
  }
}, 90_000);

test('the page lets no inline script run, even if one got in', async () => {
  const { page, complaints } = await it.visit('/');
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    return 'ran' in window;
  });
  expect(ran).toBe(false);
  expect(complaints.join()).toContain('Content Security Policy');
  const policy = (await fetch(`${it.url}/app`)).headers.get('content-security-policy') ?? '';
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/unsafe-(inline|eval)/);
}, 30_000);
