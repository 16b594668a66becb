import './app.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { setNonce } from 'get-nonce';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { Route, Router, Switch } from 'wouter';
import { ApiError } from './api.ts';
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
      retry: (count, error) =>
        count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
  },
});

function App() {
  return (
    <QueryClientProvider client={queries}>
      <Router base="/app">
        <ToastProvider>
          <ConfirmProvider>
            <Suspense>
              <Switch>
                <Route path="/login" component={LoginPage} />
                <Route path="/register" component={RegisterPage} />
                <Route>
                  <SessionGate>
                    <Shell>
                      <Suspense fallback={<Loading className="p-6" />}>
                        <Switch>
                          {pages.map(({ path, match, Component }) => (
                            <Route key={path} path={match ?? path} component={Component} />
                          ))}
                          <Route component={NotFound} />
                        </Switch>
                      </Suspense>
                    </Shell>
                  </SessionGate>
                </Route>
              </Switch>
            </Suspense>
          </ConfirmProvider>
        </ToastProvider>
      </Router>
    </QueryClientProvider>
  );
}

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
startI18n().then(() =>
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  ),
);
if ('serviceWorker' in navigator && isSecureContext) navigator.serviceWorker.register('/service-worker.js');
