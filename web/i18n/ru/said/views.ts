import type { Said } from '../../said.ts';

/** What the views of the SQL console hold. */
export const views: Said = {
  'Posts and what they are made of, the last state known; one row for each.':
    'Посты и из чего они состоят, последнее известное состояние; одна строка на пост.',
  'The community, as `GET /v1/communities` names it.': 'Сообщество, как его называет `GET /v1/communities`.',
  '`telegram` or `vk`.': '`telegram` или `vk`.',
  'The network’s id of the post within its community.': 'Номер поста в сообществе, который дала сеть.',
  'The publication of Outpost that it came from.': 'Публикация Outpost, из которой он вышел.',
  'not made by Outpost': 'вышел не из Outpost',
  'When the network published it, in UTC.': 'Когда сеть его опубликовала, в UTC.',
  '`text`, `image`, `album`, `video`, `animation`, `audio`, `voice`, `document` or `poll`.':
    '`text`, `image`, `album`, `video`, `animation`, `audio`, `voice`, `document` или `poll`.',
  'Length of the text in UTF-16 code units.': 'Длина текста в единицах UTF-16.',
  'Number of media.': 'Число вложений.',
  'Hashtags, without #.': 'Хештеги, без #.',
  'Number of links.': 'Число ссылок.',
  '`ours`: published by Outpost; `elsewhere`: seen in the community.':
    '`ours`: опубликовал Outpost; `elsewhere`: замечен в сообществе.',

  'What posts had at a moment; one row for each reading.':
    'Что было у постов в какой-то момент; одна строка на снимок.',
  'When it was read, in UTC.': 'Когда это прочитано, в UTC.',
  'Hours from `published_at` to `ts`.': 'Часы от `published_at` до `ts`.',
  'Of each figure of a post the last one that was told; one row for each post.':
    'Последнее известное значение каждого показателя; одна строка на пост.',
  'The last reading, in UTC.': 'Последний снимок, в UTC.',
  'the network does not tell it': 'сеть этого не сообщает',
  'Views of the post until then.': 'Просмотры поста к этому времени.',
  'People who saw it until then.': 'Сколько людей его увидели к этому времени.',
  'Likes and reactions until then.': 'Лайки и реакции к этому времени.',
  'Comments until then.': 'Комментарии к этому времени.',
  'Shares and forwards until then.': 'Репосты и пересылки к этому времени.',
  'Clicks on its links until then.': 'Переходы по его ссылкам к этому времени.',

  'What communities had at a moment; one row for each reading.':
    'Что было у сообществ в какой-то момент; одна строка на снимок.',
  'Of each figure of a community the last one told in each hour; kept longer than single readings.':
    'Последнее за час значение каждого показателя сообщества; хранится дольше отдельных снимков.',
  'When the hour begins, in UTC.': 'Начало часа, в UTC.',
  'The same for days on a clock. The last number of a day is that of the day; days add up, people who came on two of them count twice.':
    'То же по дням выбранного пояса. За день берётся последнее число; дни складываются, пришедшие в два разных дня считаются дважды.',
  'The day in `zone`.': 'День в `zone`.',
  '[[the last reading of the hour]]': 'последний снимок часа',
  '[[the last reading of the day]]': 'последний снимок дня',
  'Members, subscribers or followers at {{1}}.': 'Подписчики или участники на [[1]].',
  'People reached on the network’s day so far, at {{1}}.': 'Охват за сутки сети на [[1]].',
  'Visitors of its page on the network’s day so far, at {{1}}.':
    'Посетители страницы за сутки сети на [[1]].',
  'Views on the network’s day so far, at {{1}}.': 'Просмотры за сутки сети на [[1]].',
  'People who came on the network’s day so far, at {{1}}.': 'Пришло за сутки сети на [[1]].',
  'People who left on the network’s day so far, at {{1}}.': 'Ушло за сутки сети на [[1]].',

  'The delivery ledger: one row for each change of state of a publication of Outpost.':
    'Журнал доставки: одна строка на каждую смену состояния публикации Outpost.',
  'Its number; grows.': 'Номер события; растёт.',
  'When it happened, in UTC.': 'Когда это произошло, в UTC.',
  'The post of Outpost.': 'Пост в Outpost.',
  'The publication of it in this community.': 'Его публикация в этом сообществе.',
  'The state before; empty where there was none.': 'Состояние до этого; пусто, если его не было.',
  'What happened, e.g. `published`, `failed`.': 'Что произошло, например `published`, `failed`.',
  'When it was due, in UTC.': 'На какое время назначено, в UTC.',
  'Milliseconds from `due_at` to `ts`; negative before the due time.':
    'Миллисекунды от `due_at` до `ts`; до назначенного времени — отрицательные.',

  'What each post had at an age of 24 hours, one row for each figure; read on a straight line between the readings on both sides within 18 to 36 hours.':
    'Что было у каждого поста через 24 часа, одна строка на показатель; читается по прямой между снимками по обе стороны, от 18 до 36 часов.',
  '`views`, `reactions`, `comments` or `shares`.': '`views`, `reactions`, `comments` или `shares`.',
  'What it had.': 'Сколько было.',
  'not told, or no readings on both sides of the day': 'не сообщается, или нет снимков по обе стороны суток',
  'How far each post went over its community’s own baseline. Posts without all of `figures` are left out.':
    'Насколько каждый пост выше обычного для своего сообщества. Посты, у которых известны не все `figures`, пропущены.',
  'ln(1 + the sum of `figures` at an age of 24 hours).': 'ln(1 + сумма `figures` через 24 часа).',
  'Posts before it that it is compared with, 20 at most.':
    'С каким числом прежних постов он сравнивается, до 20.',
  'Median response of the 20 posts before it.': 'Медиана response 20 прежних постов.',
  'fewer than 5 posts before it': 'прежних постов меньше 5',
  'response − baseline: 0 is as usual, 0.69 twice as much (`exp(lift)` times).':
    'response − baseline: 0 — как обычно, 0,69 — вдвое больше (в `exp(lift)` раз).',
  'no baseline': 'нет baseline',
  'The hours of the week with posts: plain means of the lifts of their posts. What of that is worth believing `GET /v1/analytics/communities/{id}/best-times` tells.':
    'Часы недели, в которые были посты: простое среднее lift этих постов. Чему из этого можно верить, говорит `GET /v1/analytics/communities/{id}/best-times`.',
  '1 is Monday, 7 is Sunday, in `zone`.': '1 — понедельник, 7 — воскресенье, в `zone`.',
  '0 to 23, in `zone`.': 'От 0 до 23, в `zone`.',
  'Posts in this hour that have a lift.': 'Посты этого часа, у которых есть lift.',
  'Mean of their lifts: a difference of logarithms.': 'Среднее их lift: разность логарифмов.',
  'Standard deviation of their lifts.': 'Стандартное отклонение их lift.',
  'a single post': 'пост один',

  // What a view takes
  'One community.': 'Одно сообщество.',
  'Posts published at or after it.': 'Посты, вышедшие в это время или позже.',
  'Posts published before it.': 'Посты, вышедшие раньше этого времени.',
  'What a post is judged by: `views`, `reactions`, `comments`, `shares`; their sum.':
    'По чему судят о посте: `views`, `reactions`, `comments`, `shares`; их сумма.',
  'An IANA time zone, `Europe/Moscow`: its clock is used.':
    'Часовой пояс IANA, `Europe/Moscow`: дни — по нему.',
};
