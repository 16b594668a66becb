import { Check, LogOut, Menu, Plus, Search } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { useInstallation } from '../account/installation.ts';
import { useAttentionCount } from '../attention/count.ts';
import { changeLanguage, type Language, languages } from '../i18n/i18n.ts';
import { said } from '../i18n/said.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { dialogPart } from '../parts/part.tsx';
import { LiveSign } from './live.tsx';
import { pages, preload } from './pages.tsx';
import { useMe, useSignOut, useWorkspace } from './session.tsx';
import { setTheme, themes, useTheme } from './theme.ts';

const Palette = dialogPart(async () => (await import('./palette.tsx')).Palette);

/** The frame of every page: menu at the left (at the bottom of a phone), search and account at the top. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const attention = useAttentionCount();
  const [searching, setSearching] = useState(false);
  const [path, go] = useLocation();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setSearching((open) => !open);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <div className="grid h-full grid-rows-[auto_1fr_auto] md:grid-cols-[15rem_1fr] md:grid-rows-[auto_1fr]">
      <a
        href="#content"
        className="sr-only z-50 rounded-lg bg-accent p-3 text-accent-ink focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        {t('frame.skip')}
      </a>
      <Sidebar attention={attention} />
      <header className="flex items-center gap-2 border-b border-line bg-panel px-3 py-2 md:px-5">
        <Link href="/" className="flex items-center gap-2 font-semibold md:hidden">
          <img src="/icon.svg" alt="" className="size-7" />
          <span className="sr-only">Outpost</span>
        </Link>
        <button
          type="button"
          onClick={() => setSearching(true)}
          className="flex h-9 min-w-0 grow items-center gap-2 rounded-lg border border-line bg-ground px-3 text-ink-soft hover:border-line-strong md:max-w-md"
        >
          <Search className="size-4 shrink-0" aria-hidden />
          <span className="truncate">{t('frame.search')}</span>
          <kbd className="ml-auto hidden rounded border border-line px-1.5 text-xs sm:block">Ctrl K</kbd>
        </button>
        <div className="ml-auto flex items-center gap-2">
          <LiveSign />
          <Button
            look="primary"
            small
            icon={Plus}
            onClick={() => go('/posts/new')}
            onPointerEnter={() => preload('/posts/new')}
          >
            <span className="max-sm:sr-only">{t('nav.new_post')}</span>
          </Button>
          <AccountMenu />
        </div>
      </header>
      {/* Focusable, so that the keys scroll it and the skip link lands in it. */}
      <main
        id="content"
        tabIndex={-1}
        key={path.split('/')[1]}
        // What is placed absolutely within scrolls with it: a hidden input would scroll the frame away.
        className="relative min-h-0 overflow-y-auto outline-none"
      >
        {children}
      </main>
      <BottomBar attention={attention} />
      {searching && <Palette onClose={() => setSearching(false)} />}
    </div>
  );
}

function useMenu() {
  const { user } = useMe();
  return pages.filter(({ nav, operator }) => nav && (!operator || user.is_operator));
}

function useIsHere() {
  const [path] = useLocation();
  return (address: string) =>
    address === '/' ? path === '/' : path === address || path.startsWith(`${address}/`);
}

function Sidebar({ attention }: { attention: number }) {
  const { t } = useTranslation();
  const workspace = useWorkspace();
  const menu = useMenu();
  const isHere = useIsHere();
  return (
    <nav
      aria-label={t('nav.main')}
      className="row-span-2 hidden flex-col gap-0.5 overflow-y-auto border-r border-line bg-panel p-3 md:flex"
    >
      <Link href="/" className="mb-3 flex items-center gap-2.5 px-2 py-1">
        <img src="/icon.svg" alt="" className="size-8" />
        <span className="min-w-0">
          <span className="block font-semibold">Outpost</span>
          <span className="block truncate text-xs text-ink-soft">{workspace.name}</span>
        </span>
      </Link>
      {menu.map(({ path, nav, icon: Icon }) => {
        const here = isHere(path);
        return (
          <Link
            key={path}
            href={path}
            aria-current={here ? 'page' : undefined}
            onPointerEnter={() => preload(path)}
            onFocus={() => preload(path)}
            className={cx(
              'flex items-center gap-3 rounded-lg px-3 py-2 font-medium text-ink-soft hover:bg-sunken hover:text-ink',
              here && 'bg-accent-soft text-ink',
            )}
          >
            {Icon && <Icon className={cx('size-4.5', here && 'text-accent')} aria-hidden />}
            {nav && t(`nav.${nav}`)}
            {nav === 'attention' && attention > 0 && <Count value={attention} />}
          </Link>
        );
      })}
      <Walls />
    </nav>
  );
}

/** In the demo: where its networks can be looked at. */
function Walls() {
  const { t } = useTranslation();
  const { data } = useInstallation();
  if (!data?.demo) return null;
  return (
    <section
      aria-label={t('frame.demo')}
      className="mt-auto flex flex-col gap-1.5 rounded-lg bg-sunken p-3 text-[13px]"
    >
      <h2 className="font-medium">{t('frame.demo')}</h2>
      {data.demo.walls.map(({ title, url }) => (
        <a
          key={url}
          href={url}
          target="_blank"
          rel="noreferrer"
          className="text-accent underline underline-offset-4"
        >
          {said(title) ?? title}
        </a>
      ))}
    </section>
  );
}

function Count({ value }: { value: number }) {
  return (
    <span className="ml-auto rounded-full bg-warn px-1.5 text-xs leading-5 font-semibold text-panel">
      {value > 99 ? '99+' : value}
    </span>
  );
}

/** The first four pages on a phone; the others behind «more». */
function BottomBar({ attention }: { attention: number }) {
  const { t } = useTranslation();
  const menu = useMenu();
  const isHere = useIsHere();
  const [, go] = useLocation();
  const tab =
    'relative flex min-w-0 grow basis-0 flex-col items-center gap-0.5 px-1 py-2 text-[11px] text-ink-soft';
  return (
    <nav aria-label={t('nav.main')} className="flex border-t border-line bg-panel md:hidden">
      {menu.slice(0, 4).map(({ path, nav, icon: Icon }) => {
        return (
          <Link
            key={path}
            href={path}
            aria-current={isHere(path) ? 'page' : undefined}
            onPointerEnter={() => preload(path)}
            className={cx(tab, isHere(path) && 'text-accent')}
          >
            {Icon && <Icon className="size-5" aria-hidden />}
            <span className="max-w-full truncate" aria-hidden={nav === 'attention'}>
              {nav && t(nav === 'attention' ? 'nav.attention_short' : `nav.${nav}`)}
            </span>
            {nav === 'attention' && <span className="sr-only">{t('nav.attention')}</span>}
            {nav === 'attention' && attention > 0 && (
              <span className="absolute top-1 left-1/2 ml-2">
                <Count value={attention} />
              </span>
            )}
          </Link>
        );
      })}
      <DropdownMenu.Root>
        <DropdownMenu.Trigger className={tab}>
          <Menu className="size-5" aria-hidden />
          {t('nav.more')}
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className={menuLook} align="end" sideOffset={8}>
            {menu.slice(4).map(({ path, nav, icon: Icon }) => (
              <DropdownMenu.Item key={path} className={itemLook} onSelect={() => go(path)}>
                {Icon && <Icon className="size-4" aria-hidden />}
                {nav && t(`nav.${nav}`)}
              </DropdownMenu.Item>
            ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </nav>
  );
}

export const menuLook = 'z-50 min-w-48 rounded-xl border border-line bg-panel p-1.5 text-ink shadow-xl';
export const itemLook =
  'flex cursor-pointer items-center gap-2.5 rounded-lg px-2.5 py-2 outline-none data-[highlighted]:bg-sunken ' +
  'data-[state=checked]:font-semibold';

function Chosen() {
  return (
    <DropdownMenu.ItemIndicator className="ml-auto">
      <Check className="size-4 text-accent" aria-hidden />
    </DropdownMenu.ItemIndicator>
  );
}

function AccountMenu() {
  const { t, i18n } = useTranslation();
  const { user } = useMe();
  const theme = useTheme();
  const signOut = useSignOut();
  const label = 'px-2.5 pt-2 pb-1 text-xs font-medium text-ink-soft';
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger
        aria-label={t('frame.account')}
        className="flex size-9 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent uppercase"
      >
        {user.name.slice(0, 1)}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menuLook} align="end" sideOffset={6}>
          <p className="px-2.5 py-1.5">
            <span className="block font-medium">{user.name}</span>
            <span className="block text-xs text-ink-soft">{user.email}</span>
          </p>
          <DropdownMenu.Separator className="my-1 h-px bg-line" />
          <DropdownMenu.RadioGroup
            value={i18n.language}
            onValueChange={(language) => changeLanguage(language as Language)}
          >
            <DropdownMenu.Label className={label}>{t('frame.language')}</DropdownMenu.Label>
            {Object.entries(languages).map(([language, title]) => (
              <DropdownMenu.RadioItem key={language} value={language} className={itemLook} lang={language}>
                {title}
                <Chosen />
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.RadioGroup value={theme} onValueChange={(next) => setTheme(next as typeof theme)}>
            <DropdownMenu.Label className={label}>{t('frame.theme')}</DropdownMenu.Label>
            {themes.map((one) => (
              <DropdownMenu.RadioItem key={one} value={one} className={itemLook}>
                {t(`frame.theme_${one}`)}
                <Chosen />
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="my-1 h-px bg-line" />
          <DropdownMenu.Item className={itemLook} onSelect={signOut}>
            <LogOut className="size-4" aria-hidden />
            {t('frame.sign_out')}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
