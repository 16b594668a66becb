import { expect } from 'bun:test';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../browser.ts';
import type { Account, TestOverrides } from '../harness.ts';
import { freePort, project } from '../process.ts';
import { openPublishing, type Publishing } from '../publishing.ts';

export const artefacts = join(project, 'test', 'artefacts');

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Errors, refused requests, breaches of the Content-Security-Policy; expected to stay empty. */
  complaints: string[];
}

/** The dashboard as people meet it: the product with its sandboxes behind a port, and a browser before it. */
export interface Dashboard extends Publishing {
  url: string;
  browser: Browser;
  /** Closes the port with all that is connected to it, and opens it again: a restart, as it looks from outside. */
  down(): Promise<void>;
  up(): void;
  /** A browser of one person, signed in as the owner unless told otherwise (null: nobody), at an address under /app. */
  visit(
    path: string,
    options?: {
      as?: Account | null;
      language?: 'en-US' | 'ru-RU';
      dark?: boolean;
      phone?: boolean;
      timezone?: string;
    },
  ): Promise<Visit>;
}

export async function openDashboard(overrides: TestOverrides = {}): Promise<Dashboard> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error('No browser is installed here: install Chromium or Google Chrome.');
  mkdirSync(artefacts, { recursive: true });
  const port = freePort();
  const url = `http://localhost:${port}`;
  const [publishing, browser] = await Promise.all([
    openPublishing({ port, publicUrl: url, ...overrides }),
    // Makes a profile of its own, and removes it.
    chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    }),
  ]);
  const serve = () =>
    Bun.serve({
      hostname: 'localhost',
      port,
      idleTimeout: 60,
      fetch: (request, server) => publishing.test.app.fetch(request, server),
    });
  let server = serve();
  const close = async () => {
    await browser.close();
    await server.stop(true);
    await publishing.close();
  };
  return {
    ...publishing,
    url,
    browser,
    down: () => server.stop(true),
    up() {
      server = serve();
    },
    async visit(path, options = {}) {
      const { as = publishing.owner, language = 'en-US', dark, phone, timezone = 'Europe/Moscow' } = options;
      const context = await browser.newContext({
        locale: language,
        timezoneId: timezone,
        colorScheme: dark ? 'dark' : 'light',
        viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 },
        hasTouch: phone ?? false,
        // Colours half-way between two have no contrast to measure.
        reducedMotion: 'reduce',
      });
      if (as) {
        const [name = '', value = ''] = as.cookie.split('=');
        await context.addCookies([{ name, value, url }]);
      }
      // Less than a test may take: Bun ends the browser with a test that times out.
      context.setDefaultTimeout(12_000);
      // The first page of a run may have to be bundled.
      context.setDefaultNavigationTimeout(25_000);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${url}/app${path.replace(/^\/(?=\?|$)/, '')}`);
      return { page, context, complaints };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A picture for people to look at; nothing may stick out at the side. */
export async function photograph(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(artefacts, `${name}.png`) });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over, `${name} is wider than its screen`).toBeLessThanOrEqual(0);
}

const axe = readFileSync(join(project, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

/** Fails on violations that axe-core calls serious or critical, and names them. */
export async function expectAccessible(page: Page): Promise<void> {
  // Through the debugger: the page's policy lets no script of others in.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    // What turns for ever never ends.
    const ending = document
      .getAnimations()
      .filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime));
    await Promise.all(ending.map(({ finished }) => finished.catch(() => {})));
    const { axe } = window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`,
      );
  });
  expect(found).toEqual([]);
}
