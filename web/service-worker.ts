// Keeps the dashboard itself, not its data: what is shown always comes from the server, or says that it cannot.

/** The files of the bundle that this worker belongs to; put in when it is built. */
declare const KEPT_FILES: readonly string[];

/** What is used of a worker's scope: its types and a page's cannot stand in one project. */
interface Worker {
  location: Location;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate' | 'fetch', listener: (event: WorkerEvent) => void): void;
}
interface WorkerEvent {
  request: Request;
  waitUntil(done: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}
const worker = self as unknown as Worker;

const shelf = 'outpost-pages-v1';
const assets = KEPT_FILES.map((name) => `/assets/${name}`);
/** Not of the bundle: asked for each time, and kept for when nothing answers. */
const others = ['/icon.svg', '/icon-192.png', '/manifest.webmanifest'];

worker.addEventListener('install', (event) => {
  event.waitUntil(fill().then(() => worker.skipWaiting()));
});
worker.addEventListener('activate', (event) => {
  event.waitUntil(tidy().then(() => worker.clients.claim()));
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  // The names of assets carry their hash: one that is here is the right one.
  if (url.pathname.startsWith('/assets/')) event.respondWith(kept(request));
  else if (others.includes(url.pathname)) event.respondWith(fresh(request, url.pathname));
  // The page is the same for every address: without a network the last one opens, and says that it is offline.
  else if (request.mode === 'navigate' && (url.pathname === '/' || /^\/app(\/|$)/.test(url.pathname))) {
    event.respondWith(fresh(request, '/app'));
  }
});

/** Everything that any page needs, so that none is missing when the network or the server is away. */
async function fill(): Promise<void> {
  const cache = await caches.open(shelf);
  // What does not come now comes when it is asked for.
  await Promise.allSettled(
    ['/app', ...others, ...assets].map(async (address) => {
      if (assets.includes(address) && (await cache.match(address))) return;
      const answer = await fetch(address);
      // Not what somebody else answers in our place, as a proxy that wants a login.
      if (answer.ok && !answer.redirected) await cache.put(address, answer);
    }),
  );
}

/** Forgets the files of earlier bundles. */
async function tidy(): Promise<void> {
  const cache = await caches.open(shelf);
  const wanted = new Set(['/app', ...others, ...assets]);
  const found = await cache.keys();
  await Promise.all(
    found
      .filter((request) => !wanted.has(new URL(request.url).pathname))
      .map((request) => cache.delete(request)),
  );
}

async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(shelf);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && !answer.redirected) await cache.put(request, answer.clone());
  return answer;
}

async function fresh(request: Request, name: string): Promise<Response> {
  const cache = await caches.open(shelf);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await cache.put(name, answer.clone());
    return answer;
  } catch (error) {
    const found = await cache.match(name);
    if (found) return found;
    throw error;
  }
}
