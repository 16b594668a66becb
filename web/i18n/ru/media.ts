import type { media as en } from '../en/media.ts';
import type { Same } from '../same.ts';

export const media: Same<typeof en> = {
  lead: 'Картинки, видео и документы ваших постов. Файлы можно перетащить сюда. Файл старше трёх месяцев, которого нет ни в одном посте, удаляется.',
  upload: 'Загрузить файлы',
  none: 'Файлов пока нет',
  none_text: 'Перетащите сюда картинки, видео или документы или загрузите их кнопкой выше.',
  kind: {
    image: 'Картинка',
    video: 'Видео',
    animation: 'Анимация',
    audio: 'Аудио',
    voice: 'Голосовое сообщение',
    document: 'Документ',
  },
  seconds_one: '{{count}} секунда',
  seconds_few: '{{count}} секунды',
  seconds_many: '{{count}} секунд',
  seconds_other: '{{count}} секунды',
  alt: 'Описание',
  alt_hint: 'Для тех, кто этого не видит.',
  has_alt: 'Описано',
  used_in: 'Используется в постах',
  used_in_more: 'И в других.',
  no_text: 'Без текста',
  described: 'Описание сохранено.',
  deleted: 'Файл удалён.',
  ask_delete: 'Удалить этот файл?',
  ask_delete_text: 'У вышедших постов останется копия в сети. Это нельзя отменить.',
};
