import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Image, Languages, Moon, PenLine, Plus, Sun } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ask, client } from '../api.ts';
import { changeLanguage, type Language, languages } from '../i18n/i18n.ts';
import { NetworkMark } from '../parts/network.tsx';
import { StateIcon } from '../parts/state.tsx';
import { pages } from './pages.tsx';
import { useMe } from './session.tsx';
import { setTheme } from './theme.ts';

const item =
  'flex cursor-pointer items-center gap-3 rounded-lg px-3 py-2 data-[selected=true]:bg-sunken [&_svg]:size-4';
const heading =
  '[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-3 [&_[cmdk-group-heading]]:pb-1 ' +
  '[&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-ink-soft';

/** Search everywhere (Ctrl-K): posts by their text, communities, files, pages, and what is done most often. */
export function Palette({ onClose }: { onClose(): void }) {
  const { t, i18n } = useTranslation();
  const isDark = document.documentElement.dataset.theme === 'dark';
  const { user } = useMe();
  const [, go] = useLocation();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), 150);
    return () => clearTimeout(timer);
  }, [text]);
  const posts = useQuery({
    queryKey: ['posts', 'search', asked],
    queryFn: () => ask(client.v1.posts.$get({ query: { q: asked, limit: '8' } })),
    enabled: asked.length > 1,
    placeholderData: keepPreviousData,
  });
  const media = useQuery({
    queryKey: ['media', 'search', asked],
    queryFn: () => ask(client.v1.media.$get({ query: { q: asked, limit: '5' } })),
    enabled: asked.length > 1,
    placeholderData: keepPreviousData,
  });
  const communities = useQuery({
    queryKey: ['communities'],
    queryFn: () => ask(client.v1.communities.$get({ query: { limit: '100' } })),
  });
  const wanted = text.trim().toLowerCase();
  const isSearching = wanted.length > 1;
  // What is not what was typed last is not shown as its answer.
  const isBehind = isSearching && (asked.toLowerCase() !== wanted || posts.isFetching || media.isFetching);
  const fits = (words: string) => words.toLowerCase().includes(wanted);
  const places = communities.data?.data.filter(({ title, handle }) => fits(`${title} ${handle ?? ''}`)) ?? [];
  const known = pages.filter(
    ({ nav, operator }) => nav && (!operator || user.is_operator) && fits(t(`nav.${nav}`)),
  );
  const openAddress = (address: string) => {
    onClose();
    go(address);
  };
  const acts: { title: string; icon: ReactNode; act(): void }[] = [
    { title: t('nav.new_post'), icon: <PenLine aria-hidden />, act: () => openAddress('/posts/new') },
    {
      title: t('frame.connect'),
      icon: <Plus aria-hidden />,
      act: () => openAddress('/communities/new'),
    },
    {
      title: isDark ? t('frame.to_light') : t('frame.to_dark'),
      icon: isDark ? <Sun aria-hidden /> : <Moon aria-hidden />,
      act: () => {
        setTheme(isDark ? 'light' : 'dark');
        onClose();
      },
    },
    ...Object.entries(languages)
      .filter(([language]) => language !== i18n.language)
      .map(([language, title]) => ({
        title,
        icon: <Languages aria-hidden />,
        act: () => {
          void changeLanguage(language as Language);
          onClose();
        },
      })),
  ].filter(({ title }) => fits(title));
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-shade" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[min(94vw,38rem)] -translate-x-1/2 overflow-hidden rounded-2xl border border-line bg-panel text-ink shadow-xl"
        >
          <Dialog.Title className="sr-only">{t('frame.search')}</Dialog.Title>
          <Command shouldFilter={false} label={t('frame.search')}>
            <Command.Input
              value={text}
              onValueChange={setText}
              placeholder={t('frame.search_hint')}
              className="w-full border-b border-line bg-transparent px-4 py-3.5 text-base outline-none"
            />
            <Command.List className="max-h-[60vh] overflow-y-auto p-2">
              <Command.Empty className="px-3 py-6 text-center text-ink-soft">
                {isBehind ? t('state.loading') : t('frame.nothing_found')}
              </Command.Empty>
              {isSearching && (posts.data?.data.length ?? 0) > 0 && (
                <Command.Group heading={t('nav.posts')} className={heading}>
                  {posts.data?.data.map((post) => (
                    <Command.Item
                      key={post.id}
                      value={post.id}
                      className={item}
                      onSelect={() => openAddress(`/posts/${post.id}`)}
                    >
                      <StateIcon state={post.status} />
                      <span className="truncate">{post.text || '…'}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {places.length > 0 && (
                <Command.Group heading={t('nav.communities')} className={heading}>
                  {places.slice(0, isSearching ? 8 : 4).map(({ id, title, network }) => (
                    <Command.Item
                      key={id}
                      value={id}
                      className={item}
                      onSelect={() => openAddress(`/communities/${id}`)}
                    >
                      <NetworkMark network={network} />
                      <span className="truncate">{title}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {isSearching && (media.data?.data.length ?? 0) > 0 && (
                <Command.Group heading={t('nav.media')} className={heading}>
                  {media.data?.data.map(({ id, name, alt }) => (
                    <Command.Item
                      key={id}
                      value={id}
                      className={item}
                      onSelect={() => openAddress(`/media?file=${id}`)}
                    >
                      <Image aria-hidden />
                      <span className="truncate">{[name, alt].filter(Boolean).join(' · ') || id}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {acts.length > 0 && (
                <Command.Group heading={t('frame.acts')} className={heading}>
                  {acts.map(({ title, icon, act }) => (
                    <Command.Item key={title} value={title} className={item} onSelect={act}>
                      {icon}
                      {title}
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {known.length > 0 && (
                <Command.Group heading={t('frame.pages')} className={heading}>
                  {known.map(({ path, nav, icon: Icon }) => (
                    <Command.Item key={path} value={path} className={item} onSelect={() => openAddress(path)}>
                      {Icon && <Icon aria-hidden />}
                      {nav && t(`nav.${nav}`)}
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
