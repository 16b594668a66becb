import './app.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { setNonce } from 'get-nonce';
import i18next from 'i18next';
import { lazy, type ReactNode, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { Route, Router, Switch, useLocation } from 'wouter';
import { ApiError } from './api.ts';
import { Boundary } from './frame/boundary.tsx';
import { NotFound } from './frame/not-found.tsx';
import { pages } from './frame/pages.tsx';
import { SessionGate } from './frame/session.tsx';
import { Shell } from './frame/shell.tsx';
import { startI18n } from './i18n/i18n.ts';
import { ConfirmProvider } from './parts/dialog.tsx';
import { Loading } from './parts/page.tsx';
import { ToastProvider } from './parts/toast.tsx';

// Some parts make style elements; the page's policy lets pass those that carry this.
setNonce(document.querySelector<HTMLMetaElement>('meta[name=style-nonce]')?.content ?? '');

const LoginPage = lazy(async () => ({ default: (await import('./account/door.tsx')).LoginPage }));
const RegisterPage = lazy(async () => ({ default: (await import('./account/door.tsx')).RegisterPage }));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // Asked even where the browser believes to be offline: Outpost may run on this very computer, and what fails says so.
      networkMode: 'always',
      refetchOnReconnect: true,
      retry: (count, error) =>
        count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
    // What was pressed without a connection fails now; it is not done hours later, when nobody expects it.
    mutations: { networkMode: 'always' },
  },
});

function App() {
  return (
    <QueryClientProvider client={queries}>
      <Router base="/app">
        <ToastProvider>
          <ConfirmProvider>
            <Guarded>
              <Suspense>
                <Switch>
                  <Route path="/login" component={LoginPage} />
                  <Route path="/register" component={RegisterPage} />
                  <Route>
                    <SessionGate>
                      <Shell>
                        <Guarded>
                          <Suspense fallback={<Loading className="p-6" />}>
                            <Switch>
                              {pages.map(({ path, match, Component }) => (
                                <Route key={path} path={match ?? path} component={Component} />
                              ))}
                              <Route component={NotFound} />
                            </Switch>
                          </Suspense>
                        </Guarded>
                      </Shell>
                    </SessionGate>
                  </Route>
                </Switch>
              </Suspense>
            </Guarded>
          </ConfirmProvider>
        </ToastProvider>
      </Router>
    </QueryClientProvider>
  );
}

function Guarded({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  return <Boundary at={path}>{children}</Boundary>;
}

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
// What the server said was put into the words of the language before.
i18next.on('languageChanged', () => queries.invalidateQueries());
startI18n().then(() =>
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  ),
);
// What the worker keeps is not loaded before what the page shows.
if ('serviceWorker' in navigator && isSecureContext) {
  const register = () => navigator.serviceWorker.register('/service-worker.js').catch(() => {});
  if (document.readyState === 'complete') register();
  else addEventListener('load', register, { once: true });
}
