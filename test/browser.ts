import { existsSync } from 'node:fs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The program of a Chromium or Google Chrome that is installed here; null when there is none. */
export function findBrowser(): string | null {
  for (const name of names) {
    const found = Bun.which(name);
    if (found) return found;
  }
  return places.find((place) => existsSync(place)) ?? null;
}

/** Finds a browser, or installs Debian's as root. Answers why it could not, or null. */
export async function ensureBrowser(): Promise<string | null> {
  if (findBrowser()) return null;
  const install = 'install Chromium or Google Chrome, then run the tests again';
  if (process.getuid?.() !== 0 || !Bun.which('apt-get')) return `No browser is installed here: ${install}.`;
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium'],
  ]) {
    const apt = Bun.spawn(['apt-get', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
      timeout: 10 * 60_000,
      killSignal: 'SIGKILL',
    });
    const heard = new Response(apt.stderr).text();
    const code = await apt.exited;
    // A service that a package started may hold the pipe open.
    const said = await Promise.race([heard, Bun.sleep(5_000).then(() => `it ended with ${code}`)]);
    if (code !== 0) {
      return `No browser is installed here and apt-get ${args[0]} failed (${said.trim().split('\n').at(-1)}): ${install}.`;
    }
  }
  return findBrowser() ? null : `The package chromium brought no browser: ${install}.`;
}
