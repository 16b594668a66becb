import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxAt } from '../src/sandbox/client.ts';
import { sha256 } from '../src/sandbox/ledger.ts';
import type { Sandbox } from '../src/sandbox/server.ts';
import { startSandbox } from '../src/sandbox/server.ts';
import type { Answer } from './telegram-box.ts';
import { box, call, channel, done, refused, send, updatesOf, useBox, witness } from './telegram-box.ts';

useBox();

describe('the public page', () => {
  const page = async (path: string) => {
    const answer = await fetch(`${box.telegramPages}/${path}`, { redirect: 'manual' });
    return { status: answer.status, location: answer.headers.get('location'), html: await answer.text() };
  };

  test('shows the newest posts of a public channel, older ones below an id, and can be turned off', async () => {
    for (let index = 1; index <= 23; index += 1) await send(`Post ${index} <b> #tag`);
    const bold = [{ type: 'bold', offset: 0, length: 4 }];
    await done('editMessageText', {
      chat_id: channel.id,
      message_id: 23,
      text: 'Last\nline',
      entities: bold,
    });
    box.telegram.setViews({ chat: channel.id, message_id: 23, views: 1234 });
    const { html } = await page('s/news');
    const ids = (text: string) =>
      [...text.matchAll(/data-post="news\/(\d+)"/g)].map((match) => Number(match[1]));
    expect(ids(html)).toEqual(Array.from({ length: 20 }, (_, index) => index + 4));
    expect(html).toContain('<b>Last</b><br/>line</div>');
    expect(html).toContain('<span class="tgme_widget_message_views">1.2K</span>');
    expect(html).toMatch(/<time datetime="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"/);
    expect(html).toContain('&lt;b&gt; <a href="?q=%23tag"');
    expect(ids((await page('s/news?before=4')).html)).toEqual([1, 2, 3]);
    box.telegram.setChat({ chat: channel.id, preview: false });
    expect(await page('s/news')).toMatchObject({ status: 302, location: '/t.me/news' });
    expect((await page('s/nobody')).status).toBe(302);
    expect((await page('news')).status).toBe(200);
    box.fault({ network: 'telegram', method: 'page', action: { kind: 'status_500' } });
    expect((await page('s/news')).status).toBe(500);
  });

  test('a cut text is cut everywhere, and nobody is told', async () => {
    const post = await send('A long text', { entities: [{ type: 'bold', offset: 2, length: 4 }] });
    await updatesOf(witness);
    box.telegram.truncatePost({ chat: channel.id, message_id: post.message_id, length: 4 });
    expect(await updatesOf(witness)).toEqual([]);
    expect(box.telegram.readPost({ chat: channel.id, message_id: 1 })).toMatchObject({
      text: 'A lo',
      entities: [{ type: 'bold', offset: 2, length: 2 }],
      edited: false,
    });
    expect((await page('s/news')).html).toContain('A <b>lo</b></div>');
  });
});

test('what waits for a bot, and how far its numbers are, outlives a restart', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'sandbox-telegram-'));
  const updates = async (sandbox: Sandbox, token: string, offset = 0) => {
    const answer = await fetch(`${sandbox.telegramRoot}/bot${token}/getUpdates?offset=${offset}`);
    return ((await answer.json()) as Answer).result.map((update: Answer) => update.update_id);
  };
  try {
    const first = await startSandbox({ stateDir });
    const { token, id } = first.addBot();
    const source = first.addChat({ title: 'Source', admins: [{ bot: id }] });
    for (const text of ['a', 'b', 'c']) await first.telegram.personPosts({ chat: source.id, text });
    expect(await updates(first, token, 1002)).toEqual([1002, 1003]);
    await first.stop();
    const second = await startSandbox({ stateDir });
    await second.telegram.personPosts({ chat: source.id, text: 'd' });
    expect(await updates(second, token)).toEqual([1002, 1003, 1004]);
    await second.stop();
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});

test('the wall draws polls, buttons, files and marks', async () => {
  const options = [{ text: 'Tea' }, { text: 'Coffee' }];
  const poll = await done('sendPoll', { chat_id: channel.id, question: 'What?', options });
  box.telegram.setVotes({ chat: channel.id, message_id: poll.message_id, votes: [1, 3] });
  const files = { video: { name: 'clip.mp4', bytes: Buffer.from('clip') } };
  const caption = { caption: 'Clip', caption_entities: [{ type: 'blockquote', offset: 0, length: 4 }] };
  const clip = await done('sendVideo', { chat_id: channel.id, duration: 9, ...caption }, { files });
  await done('pinChatMessage', { chat_id: channel.id, message_id: clip.message_id });
  await box.telegram.personPosts({
    chat: channel.id,
    text: 'Look at https://a.example/x',
    signature: 'Ann',
    silent: true,
  });
  const page = await (await fetch(`${box.url}/t/news`)).text();
  for (const piece of [
    '<b>What?</b>',
    '--share: 75%',
    'clip.mp4</a> <span class="dim">video, 4 bytes, 9 s</span>',
    '<blockquote>Clip</blockquote>',
    '<span class="mark">pinned</span>',
    '<span class="mark">signed Ann</span>',
    '<span class="mark">silent</span>',
    '<b>a.example</b>',
  ])
    expect(page).toContain(piece);
});

describe('a server in local mode, as a process', () => {
  test('takes files of hundreds of megabytes without holding them, and is steered from outside', async () => {
    const command = ['bun', 'src/sandbox/main.ts', '--telegram-local', '--no-limits'];
    const child = Bun.spawn(command, { cwd: join(import.meta.dir, '..'), stdout: 'pipe' });
    const { value } = await child.stdout.getReader().read();
    const remote = sandboxAt(JSON.parse(new TextDecoder().decode(value)).url);
    const path = join(tmpdir(), `sandbox-video-${process.pid}.mp4`);
    try {
      const own = await remote.addBot();
      const place = await remote.addChat({ title: 'Films', admins: [{ bot: own.id }] });
      const piece = Buffer.alloc(1024 * 1024, 7);
      const writer = Bun.file(path).writer();
      const hash = new Bun.CryptoHasher('sha256');
      for (let index = 0; index < 200; index += 1) {
        hash.update(piece);
        writer.write(piece);
        await writer.flush();
      }
      await writer.end();
      const form = new FormData();
      form.set('chat_id', String(place.id));
      form.set('video', Bun.file(path), 'film.mp4');
      const root = `${remote.telegramRoot}/bot${own.token}`;
      const answer = (await (
        await fetch(`${root}/sendVideo`, { method: 'POST', body: form })
      ).json()) as Answer;
      expect(answer.result.video.file_size).toBe(200 * piece.length);
      const digest = hash.digest('hex');
      const post = await remote.telegram.readPost({ chat: place.id, message_id: 1 });
      expect(post?.files).toMatchObject([{ sha256: digest, size: 200 * piece.length }]);
      const status = await Bun.file(`/proc/${child.pid}/status`).text();
      expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(300 * 1024);
      const byPath = new URLSearchParams({
        chat_id: String(place.id),
        document: `file://${path}`,
        disable_content_type_detection: 'true',
      });
      const local = (await (
        await fetch(`${root}/sendDocument`, { method: 'POST', body: byPath })
      ).json()) as Answer;
      expect(local.result.document.file_size).toBe(200 * piece.length);
      const written = await remote.telegram.personPosts({ chat: place.id, media: [{ kind: 'photo' }] });
      expect((await remote.telegram.readChat({ chat: place.id })).map((one) => one.message_id)).toEqual([
        1,
        2,
        ...written.message_ids,
      ]);
    } finally {
      await Bun.file(path).delete();
      child.kill('SIGTERM');
      await child.exited;
    }
  });

  test('the cloud refuses them with 413', async () => {
    const big = { name: 'big.mp4', bytes: new Uint8Array(52 * 1024 * 1024) };
    const answer = await call('sendVideo', { chat_id: channel.id }, { files: { video: big } });
    expect(answer).toMatchObject({ error_code: 413, description: 'Request Entity Too Large' });
    const kept = { name: 'kept.pdf', bytes: new Uint8Array(30 * 1024 * 1024).fill(5) };
    const document = await done('sendDocument', { chat_id: channel.id }, { files: { document: kept } });
    expect(
      box.telegram.readPost({ chat: channel.id, message_id: document.message_id })?.files[0]?.sha256,
    ).toBe(sha256(kept.bytes));
    expect(await refused('getFile', { file_id: document.document.file_id })).toContain('file is too big');
  });
});
