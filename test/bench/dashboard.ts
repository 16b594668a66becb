import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { folderOf, sourcesHash } from '../../web/manifest.ts';
import { type Dashboard, openDashboard } from '../e2e/dashboard.ts';

/** What the dashboard costs in a browser: a calendar of 500 posts, going from page to page, dragging. */

const posts = 500;
const month = new Date();
month.setUTCMonth(month.getUTCMonth() + 1, 1);
month.setUTCHours(0, 0, 0, 0);
const address = `/?view=month&day=${month.toISOString().slice(0, 10)}`;
const goals = { interactive: 2_000, script: 250_000, step: 100, frames: 50 };

const it = await openDashboard();
try {
  await plan(it);
  const { page } = await it.visit(address);
  const rows = [
    [
      'calendar with 500 posts, cold, until its posts can be clicked',
      await cold(it),
      goals.interactive,
      'ms',
    ],
    ['JavaScript of the first page, compressed', await scripts(it), goals.script, 'bytes'],
    ['going to another page that was pointed at, p95 of 20', await steps(page), goals.step, 'ms'],
    ['frames while a post is dragged over the month', await drag(page), goals.frames, 'per s'],
  ] as const;
  for (const [what, measured, goal, unit] of rows) {
    const good = unit === 'per s' ? measured >= goal : measured <= goal;
    console.log(
      `${what.padEnd(64)} ${measured.toFixed(0).padStart(8)} ${unit.padEnd(6)} goal ${goal} ${good ? 'yes' : 'NO'}`,
    );
  }
} finally {
  await it.close();
}

/** Spread over the next month. */
async function plan({ ask, telegram, vk }: Dashboard): Promise<void> {
  const communities = [(await telegram()).id, (await vk()).id];
  const plan = Array.from({ length: posts }, (_, n) => ({
    text: `Post number ${n} of a busy month`,
    community_ids: communities,
    scheduled_at: new Date(month.getTime() + n * 86 * 60_000).toISOString(),
  }));
  const { status } = await ask('POST', '/v1/posts/import', { posts: plan });
  if (status !== 200) throw new Error(`the plan was refused with ${status}`);
}

/** A browser that has never been here. */
async function cold({ visit }: Dashboard): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const began = await visit(address);
    await began.page
      .getByRole('button', { name: /Post number/ })
      .first()
      .click({ trial: true });
    times.push(await began.page.evaluate(() => performance.now()));
    await began.context.close();
  }
  return median(times);
}

async function scripts({ visit }: Dashboard): Promise<number> {
  const { page, context } = await visit(address);
  await page
    .getByRole('button', { name: /Post number/ })
    .first()
    .waitFor();
  const names = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .flatMap(({ name }) => name.match(/\/assets\/(.+\.js)$/)?.[1] ?? []),
  );
  await context.close();
  // What comes by the service worker is told in its unpacked size.
  const folder = folderOf(sourcesHash());
  return names.reduce((sum, name) => sum + Bun.file(join(folder, `${name}.br`)).size, 0);
}

/** From the click to the next page's heading. */
async function steps(page: Page): Promise<number> {
  const menu = page.getByRole('navigation', { name: 'Main' });
  const times: number[] = [];
  for (let round = 0; round < 21; round++) {
    const name = ['Posts', 'Communities', 'Media'][round % 3] ?? 'Posts';
    const link = menu.getByRole('link', { name, exact: true });
    await link.hover();
    await page.waitForTimeout(200);
    times.push(
      await link.evaluate(
        (element, title) =>
          new Promise<number>((resolve) => {
            const began = performance.now();
            const look = () => {
              if (document.querySelector('main h1')?.textContent === title)
                resolve(performance.now() - began);
              else requestAnimationFrame(look);
            };
            (element as HTMLElement).click();
            requestAnimationFrame(look);
          }),
        name,
      ),
    );
  }
  // The first one loads what the others find.
  return times.slice(1).sort((a, b) => a - b)[18] ?? 0;
}

async function drag(page: Page): Promise<number> {
  await page.goBack();
  while (!page.url().includes('view=month')) await page.goBack();
  const chip = page.getByRole('button', { name: /Post number/ }).first();
  await chip.waitFor();
  const box = await chip.boundingBox();
  if (!box) throw new Error('the post is not on the page');
  await page.mouse.move(box.x + 20, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 40, box.y + 30, { steps: 4 });
  const counting = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let frames = 0;
        const began = performance.now();
        const count = () => {
          frames += 1;
          const passed = performance.now() - began;
          if (passed > 2_000) resolve(frames / (passed / 1_000));
          else requestAnimationFrame(count);
        };
        requestAnimationFrame(count);
      }),
  );
  for (let step = 0; step < 120; step++) {
    await page.mouse.move(300 + ((step * 37) % 900), 250 + ((step * 13) % 500));
    await page.waitForTimeout(12);
  }
  const frames = await counting;
  await page.mouse.up();
  return frames;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
