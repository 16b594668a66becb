import { cx } from './class.ts';

/** A network by its letters and colour; its name is told to those who do not see them. */
const looks: Record<string, { letters: string; title: string; colour: string }> = {
  telegram: { letters: 'TG', title: 'Telegram', colour: 'bg-[#14608c] text-white' },
  vk: { letters: 'VK', title: 'VK', colour: 'bg-[#0b63d6] text-white' },
};

export function NetworkMark({ network, className }: { network: string; className?: string }) {
  const look = looks[network] ?? {
    letters: network.slice(0, 2),
    title: network,
    colour: 'bg-ink text-panel',
  };
  return (
    <span
      role="img"
      aria-label={look.title}
      className={cx(
        'inline-flex size-5 shrink-0 items-center justify-center rounded text-[10px] font-bold uppercase',
        look.colour,
        className,
      )}
    >
      {look.letters}
    </span>
  );
}

export function networkTitle(network: string): string {
  return looks[network]?.title ?? network;
}
