// Keeps the dashboard itself, not its data: what is shown always comes from the server, or says that it cannot.

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

worker.addEventListener('install', (event) => {
  event.waitUntil(worker.skipWaiting());
});
worker.addEventListener('activate', (event) => {
  event.waitUntil(worker.clients.claim());
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  // The names of assets carry their hash: one that is here is the right one.
  if (url.pathname.startsWith('/assets/')) event.respondWith(kept(request));
  else if (request.mode === 'navigate' && (url.pathname === '/' || url.pathname.startsWith('/app'))) {
    event.respondWith(page(request));
  }
});

async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(shelf);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** The page is the same for every address: without a network the last one opens, and says that it is offline. */
async function page(request: Request): Promise<Response> {
  const cache = await caches.open(shelf);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await cache.put('/app', answer.clone());
    return answer;
  } catch (error) {
    const found = await cache.match('/app');
    if (found) return found;
    throw error;
  }
}
