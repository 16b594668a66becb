import type { communities as en } from '../en/communities.ts';
import type { Same } from '../same.ts';

export const communities: Same<typeof en> = {
  title: 'Сообщества',
  connect: 'Подключить сообщество',
  empty: 'Пока нет подключённых сообществ',
  empty_text: 'Подключите канал Telegram или сообщество VK, чтобы публиковать там.',
  members_one: '{{shown}} участник',
  members_few: '{{shown}} участника',
  members_many: '{{shown}} участников',
  members_other: '{{shown}} участника',
  warnings_one: '{{count}} предупреждение',
  warnings_few: '{{count}} предупреждения',
  warnings_many: '{{count}} предупреждений',
  warnings_other: '{{count}} предупреждения',
  status: { active: 'Подключено', needs_reauth: 'Нужен новый вход', disconnected: 'Отключено' },
};
