import { expect, test } from 'bun:test';
import { networksPage } from '../docs/networks.ts';

test('docs/networks.md says what the code declares', async () => {
  const page = await Bun.file(new URL('../docs/networks.md', import.meta.url)).text();
  expect(page).toBe(networksPage());
  // Sanity of the generator itself: figures that the networks publish.
  expect(page).toContain('| Text beside media | 1024 | 15895 |');
  expect(page).toContain('| `buttons` | ');
});
