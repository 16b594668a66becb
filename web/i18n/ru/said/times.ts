import type { Said } from '../../said.ts';

/** Series, slots and the choice of a time. */
export const times: Said = {
  'nothing ran at its time: only the last one missed is caught up':
    'в это время ничего не работало: навёрстывается только последний пропущенный',
  'no post of the set is {{1}} days away from its last time':
    'ни один пост серии не выходил так давно, как нужно ({{1}} [[1|день|дня|дней]])',
  'Outpost itself failed at it: see its log.': 'Ошибка самого Outpost: она в его журнале.',
  'Give the series a name.': 'Дайте серии название.',
  'A name may have 200 characters at most.': 'В названии не больше 200 знаков.',
  'A rule may have 500 characters at most.': 'В правиле не больше 500 знаков.',
  'must be a local time, as 2026-11-23T09:00': 'должно быть местным временем, как 2026-11-23T09:00',
  'must be a date, as 2027-01-31': 'должно быть датой, как 2027-01-31',
  'has more than 366 dates': 'больше 366 дат',
  'must be a whole number of days': 'должно быть целым числом дней',
  'must be a whole number of days, 1 or more': 'должно быть целым числом дней, не меньше 1',
  'must be ten years at most': 'должно быть не больше десяти лет',
  'Give at least one post.': 'Нужен хотя бы один пост.',
  'has more than {{1}} posts': 'больше {{1}} постов',
  'names a post twice': 'пост назван дважды',
  'HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY': 'HOURLY, DAILY, WEEKLY, MONTHLY или YEARLY',
  'a whole number from 1 to 1000': 'целое число от 1 до 1000',
  'a whole number from 1 to 5000': 'целое число от 1 до 5000',
  'a time, as 20261231T235959Z': 'время, как 20261231T235959Z',
  'weekdays, as MO,WE or -1FR': 'дни недели, как MO,WE или -1FR',
  'months from 1 to 12': 'месяцы от 1 до 12',
  'days from 1 to 31, or -31 to -1': 'дни от 1 до 31 или от -31 до -1',
  'days from 1 to 366, or -366 to -1': 'дни от 1 до 366 или от -366 до -1',
  'weeks from 1 to 53, or -53 to -1': 'недели от 1 до 53 или от -53 до -1',
  'hours from 0 to 23': 'часы от 0 до 23',
  'a minute from 0 to 59': 'минута от 0 до 59',
  'positions from 1 to 366, or -366 to -1': 'места от 1 до 366 или от -366 до -1',
  'a weekday, as MO': 'день недели, как MO',
  'Start between the year 2000 and ten years from now.':
    'Начало должно быть не раньше 2000 года и не дальше чем через десять лет.',
  'This rule never fires from now on: check its parts, and where it starts and ends.':
    'По этому правилу больше ничего не выйдет: проверьте его части, начало и конец.',
  'It is too rare or too intricate to be planned': 'Правило слишком редкое или слишком запутанное',
  'This rule cannot be read': 'Это правило не читается',
  'A rule is parts as NAME=VALUE with ; between them: FREQ=WEEKLY;BYDAY=MO,WE.':
    'Правило — это части ИМЯ=ЗНАЧЕНИЕ через точку с запятой: FREQ=WEEKLY;BYDAY=MO,WE.',
  '{{1}} stands twice in this rule.': '{{1}} стоит в правиле дважды.',
  '{{1}} is no part of a rule: use {{2}}.': '{{1}} — не часть правила: есть {{2}}.',
  '{{1}} must be {{2}}.': '{{1}} — это {{2}}.',
  'A rule needs FREQ: FREQ=WEEKLY;BYDAY=MO,WE.': 'Правилу нужно FREQ: FREQ=WEEKLY;BYDAY=MO,WE.',
  'Give UNTIL or COUNT, not both.': 'Укажите UNTIL или COUNT, но не оба.',
  'BYWEEKNO and {{1}} contradict each other: give one of them.':
    'BYWEEKNO и {{1}} противоречат друг другу: оставьте одно.',
  'A series fires once an hour at most: use FREQ=HOURLY or longer, and one BYMINUTE.':
    'Серия выходит не чаще раза в час: возьмите FREQ=HOURLY или реже и один BYMINUTE.',
  'There is no such series.': 'Такой серии нет.',
  'The post of this occurrence was changed, or is on its way: cancel that post.':
    'Пост этой даты изменён или уже отправляется: отмените сам пост.',
  'skipped by a person': 'пропустил человек',
  'This occurrence is not skipped.': 'Эта дата не пропущена.',
  'This is no coming occurrence of the series: see its `next`.': 'Такой даты у серии впереди нет.',
  'There is no such post in this series.': 'Такого поста в серии нет.',

  'Choose at least one community: the time is one of its own.':
    'Выберите хотя бы одно сообщество: время зависит от него.',
  'An hour that is hardly tested, to find out what it is worth.':
    'Час, который почти не проверен: чтобы узнать, чего он стоит.',
  'posts do {{1}} % better than the average one': 'посты идут на {{1}} % лучше среднего',
  'In this hour {{1}}.': 'В этот час {{1}}.',
  'Over its communities {{1}} at this time.': 'По всем сообществам {{1}} в это время.',
  'the community': 'сообществу',
  'each community': 'каждому сообществу',
  '{{1}} Choose a time, give {{2}} slots at PUT /v1/communities/{id}/slots, or use at: experiment.':
    '{{1}} Выберите время или дайте {{2}} слоты.',
  '{{1}} It is the next free slot.': '{{1}} Это ближайший свободный слот.',
  'No hour that was hardly tried is free in the next {{1}} days: there is nothing to find out in this way. Choose a time, or use at: best.':
    'За {{1}} [[1|день|дня|дней]] вперёд нет свободных почти не проверенных часов. Выберите время сами или возьмите лучшее.',
  'The communities of this post have just changed: try again.':
    'Сообщества этого поста только что изменились: попробуйте снова.',
  'Which hours work cannot be told just now: ClickHouse does not answer. Choose a time, use at: next_slot, or try again in a moment.':
    'Сейчас нельзя сказать, какие часы лучше: аналитика не отвечает. Выберите время или слот либо попробуйте позже.',
  '{{1}} {{2}} no slots: give some at PUT /v1/communities/{id}/slots, or choose a time.':
    'Нет слотов: {{1}}. Задайте их на странице сообщества или выберите время.',
  'Every slot of the next {{1}} days is taken: give the community more of them, or choose a time.':
    'Все слоты на {{1}} [[1|день|дня|дней]] вперёд заняты: добавьте сообществу слотов или выберите время.',
  'These communities share no free slot in the next {{1}} days: give each a slot at the same moment, make a post for each, or choose a time.':
    'Общего свободного слота у этих сообществ на {{1}} [[1|день|дня|дней]] вперёд нет: дайте каждому слот в одно время, сделайте отдельные посты или выберите время.',
  'No free moment of the next {{1}} days stands out.':
    'Среди свободного времени на {{1}} [[1|день|дня|дней]] вперёд ничто не выделяется.',
  'Which hours work cannot be told just now.': 'Сейчас нельзя сказать, какие часы лучше.',
  'No hour of the week makes a reliable difference.': 'Ни один час недели не лучше других достоверно.',
  'No hour stands out yet: {{1}} more {{2}} with figures {{3}} needed.':
    'Ни один час пока не выделяется: нужно ещё постов с показателями: {{1}}.',
  'must be a time of day, as 09:30': 'укажите часы и минуты, как 09:30',
  'has more than 200 slots': 'больше 200 слотов',
  'has a slot twice': 'слот повторяется',
  'must be next, best or experiment': 'должно быть next, best или experiment',
  'No hour that was hardly tried is free in the next {{1}} days.':
    'За {{1}} [[1|день|дня|дней]] вперёд нет свободных почти не проверенных часов.',
  'It has no free slots and no hours at which it usually publishes: choose a time, or ask by=experiment.':
    'Здесь нет ни свободных слотов, ни привычных часов: выберите время сами.',
  'These are its next free slots: nothing says that they do better.':
    'Это ближайшие свободные слоты: ничто не говорит, что они лучше.',
  'These are the hours at which it usually publishes: nothing says that they do better.':
    'Это привычные часы: ничто не говорит, что они лучше.',
};
