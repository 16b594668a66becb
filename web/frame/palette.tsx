import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Dialog } from 'radix-ui';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ask, client } from '../api.ts';
import { NetworkMark } from '../parts/network.tsx';
import { StateIcon } from '../parts/state.tsx';
import { pages } from './pages.tsx';
import { useMe } from './session.tsx';

const item =
  'flex cursor-pointer items-center gap-3 rounded-lg px-3 py-2 data-[selected=true]:bg-sunken [&_svg]:size-4';
const heading =
  '[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-3 [&_[cmdk-group-heading]]:pb-1 ' +
  '[&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-ink-soft';

/** Search everywhere (Ctrl-K): pages, posts by their text, communities by their name. */
export function Palette({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
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
  const communities = useQuery({
    queryKey: ['communities'],
    queryFn: () => ask(client.v1.communities.$get({ query: { limit: '100' } })),
  });
  const wanted = text.trim().toLowerCase();
  const fits = (words: string) => words.toLowerCase().includes(wanted);
  const openAddress = (address: string) => {
    onClose();
    go(address);
  };
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
                {t('frame.nothing_found')}
              </Command.Empty>
              {wanted.length > 1 && posts.data && posts.data.data.length > 0 && (
                <Command.Group heading={t('nav.posts')} className={heading}>
                  {posts.data.data.map((post) => (
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
              <Command.Group heading={t('nav.communities')} className={heading}>
                {communities.data?.data
                  .filter(({ title, handle }) => fits(`${title} ${handle ?? ''}`))
                  .slice(0, 8)
                  .map(({ id, title, network }) => (
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
              <Command.Group heading={t('nav.main')} className={heading}>
                {pages.map(({ path, nav, icon: Icon, operator }) =>
                  nav && (!operator || user.is_operator) && fits(t(`nav.${nav}`)) ? (
                    <Command.Item key={path} value={path} className={item} onSelect={() => openAddress(path)}>
                      {Icon && <Icon aria-hidden />}
                      {t(`nav.${nav}`)}
                    </Command.Item>
                  ) : null,
                )}
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
