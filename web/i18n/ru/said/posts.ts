import type { Said } from '../../said.ts';

/** Posts, their publications and acts, series and slots. */
export const posts: Said = {
  // What is wrong with a post
  'is longer than 100,000 characters, more than any network takes':
    'длиннее 100 000 знаков, столько не принимает ни одна сеть',
  'has more than twenty files, more than one message can carry: take some out':
    'больше двадцати файлов, столько в одно сообщение не войдёт: уберите лишние',
  'names a file twice': 'файл назван дважды',
  'Ask something.': 'Напишите вопрос.',
  'is an empty answer': 'пустой ответ',
  'needs an answer to choose': 'нужен хотя бы один ответ',
  'has more than twenty answers': 'больше двадцати ответов',
  'has an answer twice': 'ответ повторяется',
  'names an answer that is not there: the first is 0': 'такого ответа нет: первый — 0',
  'has more than 1,000 entities': 'больше 1000 мест с оформлением',
  'must be plain, markdown or html': 'должно быть plain, markdown или html',
  'has more than 25 further parts': 'больше 25 продолжений',
  'must be a time with an offset, as 2026-11-20T18:00:00Z':
    'должно быть временем со смещением, как 2026-11-20T18:00:00Z',
  'is not a time that exists': 'такого времени не бывает',
  'must be a local time, as 2026-11-20T18:00': 'должно быть местным временем, как 2026-11-20T18:00',
  'must be next_slot, best or experiment': 'должно быть next_slot, best или experiment',
  'must be the id of a community or one of these networks: {{1}}':
    'должно быть номером сообщества или одной из сетей: {{1}}',
  'Give entities or format {{1}}, not both.': 'Укажите entities или format {{1}}, но не то и другое.',
  'There is no such post.': 'Такого поста нет.',
  'Choose at least one community to publish to.': 'Выберите хотя бы одно сообщество для публикации.',
  'Choose at least one community.': 'Выберите хотя бы одно сообщество.',
  'It is not connected: connect it again or leave it out.':
    'Сообщество не подключено: подключите его снова или уберите.',
  'The network cannot fetch the picture from here: set PUBLIC_URL to a public https address, or choose another long_caption.':
    'Сеть не может забрать картинку отсюда: задайте в PUBLIC_URL публичный адрес https или выберите другой вид длинной подписи.',
  'The first comment is left out here. {{1}}': 'Первого комментария здесь не будет. {{1}}',
  'Give one time: scheduled_at, local_time, at or publish_now.': 'Укажите одно время.',
  'A time zone alone says nothing: give local_time with it.': 'Одного часового пояса мало: укажите и время.',
  'Such a time is in the time zone of its community: leave this out.':
    'Такое время считается по часам сообщества: часовой пояс не нужен.',
  'This date or time does not exist.': 'Такой даты или времени не бывает.',
  'This time is in the past: choose a later one, or publish_now.':
    'Это время уже прошло: выберите другое или опубликуйте сейчас.',
  'This is more than {{1}} days ahead, the farthest that can be planned.':
    'Это дальше чем через {{1}} [[1|день|дня|дней]]: так далеко планировать нельзя.',
  '{{1}} does not exist on {{2}} in {{3}}, the clocks skip it: moved to {{4}}.':
    'Времени {{1}} {{2}} в {{3}} нет, часы его перескакивают: перенесено на {{4}}.',
  '{{1}} comes twice on {{2}} in {{3}}: the first one ({{4}}) is taken.':
    'Время {{1}} {{2}} в {{3}} наступает дважды: взято первое ({{4}}).',
  'The same text {{1}} to this community on {{2}}.':
    'Такой же текст выходит или вышел в этом сообществе {{2}}.',
  'The access to this community {{1}} on {{2}}, before the post is due, and the last try to renew it failed.':
    'Доступ к сообществу кончается {{2}}, раньше, чем выйдет пост, а продлить его не удалось.',
  'Connect the community again.': 'Подключите сообщество снова.',
  '{{1}} takes {{2}} a day here, and {{3}} ({{4}}) has {{5}} already. Choose another day, or raise {{6}} in the settings of the community if {{7}} takes more.':
    '[[1]] принимает здесь в день [[2]], а на {{3}} ({{4}}) уже запланировано {{5}}. Выберите другой день или увеличьте «Постов в день» в настройках сообщества, если [[7]] принимает больше.',
  '{{1}} measures {{2}} × {{3}} pixels: {{4}} will show it small or blurred. Take one with {{5}} pixels or more on its shorter side.':
    '[[1]]: размер {{2}} × {{3}}, [[4]] покажет её мелко или нечётко. Возьмите картинку не меньше {{5}} точек по короткой стороне.',
  '{{1}} is {{2}} pixels wide: for the card of a link {{3}} wants {{4}}. Take a wider one.':
    '[[1]]: ширина {{2}}, а для карточки ссылки [[3]] нужно {{4}}. Возьмите шире.',
  'This link leads to a private address: readers cannot open it either.':
    'Ссылка ведёт на внутренний адрес: читатели её тоже не откроют.',
  'This link was not looked at. {{1}}': 'Ссылку не проверяли. {{1}}',
  'This link could not be opened. {{1}} Check the address.': 'Ссылка не открывается. {{1}} Проверьте адрес.',
  'This link leads to a page that is not there ({{1}}). Check the address.':
    'По ссылке нет страницы ({{1}}). Проверьте адрес.',
  'The page of this link answers with an error ({{1}}): {{2}} may get no card of it either. Open it and see.':
    'Страница по ссылке отвечает ошибкой ({{1}}): карточки у [[2]] может не быть. Откройте её и посмотрите.',
  'The page of this link has no title: {{1}} will show no card of it.':
    'У страницы по ссылке нет заголовка: [[1]] не покажет её карточку.',
  'The page of this link names no image (og:image): {{1}} makes no card of a link without one.':
    'У страницы по ссылке нет картинки (og:image): без неё [[1]] карточку не сделает.',
  'The image of this link’s page is {{1}} pixels wide: {{2}} wants {{3}} for a card.':
    'Картинка страницы по ссылке шириной {{1}}, а [[2]] для карточки нужно {{3}}.',

  // Of every network
  'Write a text or add an image or another file.': 'Напишите текст или добавьте картинку или другой файл.',
  '{{1}} takes {{2}} characters here, the text has {{3}}. {{4}}':
    '[[1]] принимает здесь {{2}} [[2|знак|знака|знаков]], в тексте {{3}}. {{4}}',
  'The text holds half of a character, as when an emoji was cut in two. Type that place again.':
    'В тексте половина знака, как от разрезанного эмодзи. Напишите это место заново.',
  '{{1}} takes no {{2}} here. Take them out.': '[[1]] не принимает здесь [[2]]. Уберите.',
  '{{1}} takes {{2}} here, the post has {{3}}. {{4}}': '[[1]] принимает здесь [[2]], в посте {{3}}. {{4}}',
  '{{1}} is {{2}}; {{3}} takes {{4}}. {{5}}': '[[1]]: [[2]]; [[3]] принимает {{4}}. {{5}}',
  '{{1}} has {{2}} MB; {{3}} takes {{4}} MB.': '[[1]]: {{2}} МБ, [[3]] принимает не больше {{4}} МБ.',
  'Save it as one of these.': 'Сохраните его в одном из них.',
  '{{1}} measures {{2}} × {{3}}; {{4}} takes at most {{5}} pixels for width and height together.':
    '[[1]]: размер {{2}} × {{3}}; [[4]] принимает не больше {{5}} точек в сумме ширины и высоты.',
  '{{1}} is too narrow: one side may be at most {{2}} times the other for {{3}}.':
    '[[1]]: слишком узко, для [[3]] одна сторона может быть длиннее другой не больше чем в {{2}} [[2|раз|раза|раз]].',
  '{{1}} has no polls. Take the poll out for it.': '[[1]]: опросов нет. Уберите опрос для этой сети.',
  '{{1}} is empty: write it.': '[[1]]: пусто, напишите.',
  '{{1}} has {{2}} characters; {{3}} takes {{4}}. Shorten it.':
    '[[1]]: {{2}} [[2|знак|знака|знаков]], [[3]] принимает {{4}}. Сократите.',
  '{{1}} holds half of a character, as when an emoji was cut in two. Type that place again.':
    '[[1]]: половина знака, как от разрезанного эмодзи. Напишите это место заново.',
  '{{1}} takes {{2}} to {{3}} answers, the poll has {{4}}.':
    '[[1]] принимает от {{2}} до {{3}} ответов, в опросе {{4}}.',
  'The right answer of the quiz is none of its answers. The first is 0.':
    'Верного ответа нет среди ответов викторины. Первый — 0.',
  '{{1}} has no such option: GET /v1/networks tells those that there are.': '[[1]]: такой настройки нет.',
  'This option {{1}}.': 'Эта настройка: {{1}}.',
  'A file of this post cannot be read from the storage.': 'Файл этого поста не читается из хранилища.',
  'Upload the file again and put it into the post.': 'Загрузите файл снова и поставьте его в пост.',
  'The network answered with far more than expected.': 'Сеть ответила чем-то слишком большим.',
  'The address of the network could not be found.': 'Адрес сети не находится.',
  'No safe connection to the network could be made: its certificate or TLS answer is wrong.':
    'Безопасно соединиться с сетью не удалось: её сертификат или ответ TLS неверен.',
  'No connection to the network could be made.': 'Соединиться с сетью не удалось.',
  'The network did not answer in time.': 'Сеть не ответила вовремя.',
  'The connection to the network broke before an answer came.': 'Связь с сетью оборвалась до ответа.',

  // Changing, cancelling, deciding
  'This post is cancelled: duplicate it to use it again.':
    'Пост отменён: сделайте копию, чтобы использовать его снова.',
  'This post is public already in at least one community: its time and its communities are fixed. Its content can be edited, or duplicate it.':
    'Пост уже вышел хотя бы в одном сообществе: его время и сообщества не меняются. Содержание можно править или сделать копию.',
  'This post is not at any network any more: duplicate it to use it again.':
    'Этого поста больше нет ни в одной сети: сделайте копию, чтобы использовать его снова.',
  'This post was changed meanwhile: look at it again.':
    'Пост тем временем изменили: посмотрите на него снова.',
  'This series was changed meanwhile: look at it again.':
    'Серию тем временем изменили: посмотрите на неё снова.',
  'This post is on its way and cannot be {{1}} any more.': 'Пост уже отправляется: это больше невозможно.',
  'This post is {{1}}: there is nothing to cancel.': 'Отменять уже нечего.',
  'This post is public: its history stays.': 'Пост опубликован: его история остаётся.',
  'This post is planned: cancel it first.': 'Пост запланирован: сначала отмените его.',
  'A send of this post had an unknown outcome: its history stays.':
    'Исход одной из отправок этого поста неизвестен: его история остаётся.',
  'A poll that is public cannot be changed any more.': 'Опубликованный опрос уже не изменить.',
  'A part that is public already cannot be left out: delete it at the network first.':
    'Опубликованное продолжение нельзя просто убрать: сначала удалите его в сети.',
  'It is public, but the network gave no id of it: edit it there.':
    'Пост вышел, но сеть не сказала его номер: правьте его там.',
  '{{1}} does not let a published post be edited.': '[[1]] не позволяет править опубликованное.',
  'The post is public: no part can be added any more.': 'Пост вышел: продолжений уже не добавить.',
  'The post is public: no poll can be added any more.': 'Пост вышел: опрос уже не добавить.',
  'There is no such publication.': 'Такой публикации нет.',
  'This publication is {{1}}: wait for its outcome.': 'Исход ещё не известен: подождите.',
  'This publication is {{1}}: there is nothing at the network yet.': 'В сети ещё ничего нет.',
  'tried again': 'повторена',
  'sent again': 'отправлена снова',
  'A publication that is {{1}} cannot be {{2}}.': 'В этом состоянии так нельзя: обновите страницу.',
  'This publication is held for another reason. Once that is mended it goes out at its time, or asks when that has passed.':
    'Пост задержан по другой причине. Когда она уйдёт, он выйдет в своё время или спросит, если оно прошло.',
  'This is not the address of a post in this community.': 'Это не адрес поста в этом сообществе.',
  'Further parts of this post go under it as comments, which needs its address: give it, or discard these parts first.':
    'Продолжения выходят комментариями под постом, и нужен его адрес: укажите его или сначала откажитесь от продолжений.',
  'Another publication has this address already.': 'Этот адрес уже есть у другой публикации.',
  'Write what the comment says.': 'Напишите комментарий.',
  'The post is not at the network any more.': 'Поста в сети больше нет.',
  'The network gave no id of this post: do it there.': 'Сеть не сказала номер поста: сделайте это там.',
  '{{1}} does not allow this.': '[[1]] этого не позволяет.',
  'There is no such act.': 'Такого действия нет.',
  'An act that is {{1}} cannot be answered with {{2}}.': 'В этом состоянии так нельзя: обновите страницу.',
  'It is being done this very moment.': 'Это делается прямо сейчас.',
  'The same is planned already.': 'То же самое уже запланировано.',

  // What became of it
  'cancelled by a person': 'отменил человек',
  'tried again by a person': 'человек попробовал снова',
  'released by a person': 'человек разрешил',
  'discarded by a person': 'человек отказался',
  'a person looked: it is there': 'человек посмотрел: пост там',
  'a person looked: it is there{{1}}': 'человек посмотрел: пост там{{1}}',
  'a person looked: not there': 'человек посмотрел: поста там нет',
  '; left out, since no address was given: {{1}}': '; пропущено, так как адрес не указан: [[1]]',
  'a person': 'человек',
  'it was gone already': 'его уже не было',
  'The post is not at the network any more, or the network gave no id of it.':
    'Поста в сети больше нет, или сеть не сказала его номер.',
  'The community is not connected.': 'Сообщество не подключено.',
  'Connect it again, then try this again.': 'Подключите его снова и повторите.',
  'waits for the community to be connected again': 'ждёт, пока сообщество снова подключат',
  'Edit the post again.': 'Исправьте пост ещё раз.',
  'Edit the post and try again.': 'Исправьте пост и попробуйте снова.',
  'The worker was stopped between barrier and send.': 'Отправку остановили перед самым запросом.',
  'found at the network': 'найдено в сети',
  'the earlier one had no effect': 'прежнее действия не имело',
  'the network asked to wait {{1}} s': 'сеть просит подождать {{1}} с',
  'the kept file handle is spent': 'сохранённый файл сеть больше не узнаёт',
  'the network did not answer; trying again': 'сеть не ответила, пробуем снова',
  'the access is being renewed': 'доступ продлевается',
  'the access was renewed': 'доступ продлён',
  'The kept credential of this community cannot be opened.': 'Сохранённый доступ сообщества не открывается.',
  'the first comment is left out: this connection cannot comment':
    'первого комментария не будет: этот доступ не позволяет комментировать',
  'The send ended in an error of Outpost itself.': 'Отправка кончилась ошибкой самого Outpost.',
  'no send is on record': 'отправок не записано',
  '{{1}} new posts look like this one': 'похожих новых постов: {{1}}',
  '{{1}} posts on the wall look like this one': 'похожих постов на стене: {{1}}',
  'the network cannot be read with what is kept of this community': 'с этим доступом сеть не прочитать',
  'another post of ours says the same and is not settled either':
    'другой наш пост с тем же текстом тоже ещё не решён',
  'the updates of the network': 'по сообщениям сети',
  'two sends were lost without a trace': 'две отправки пропали без следа',
  'the network was read several times and gave no clear answer':
    'сеть читали несколько раз, ясного ответа нет',
  'not found, which proves nothing here: {{1}}': 'не найден, но это здесь ничего не доказывает: {{1}}',
  'a look at the network': 'по тому, что видно в сети',
  'found by {{1}}': 'найден: {{1}}',
  'Look whether the post is there, then answer: confirm (it is there), absent (send again) or discard.':
    'Посмотрите, вышел ли пост, и ответьте: «Да, вышло», «Нет, отправить снова» или «Не отправлять».',
  'accepted; the network gave no usable id': 'принято, но номера сеть не сказала',
  'the network could not be reached; trying again': 'сеть недоступна, пробуем снова',
  'Wait a while, then try again.': 'Подождите немного и попробуйте снова.',
  'the community was disconnected': 'сообщество отключили',
  'the community needs to be connected again': 'сообщество нужно подключить снова',
  'Connect the community under its new id.': 'Подключите сообщество под его новым номером.',
  'the community moved to a new id': 'у сообщества новый номер',
  'a later occurrence of its series is due: only the last one missed is caught up':
    'уже пора следующему посту серии: навёрстывается только последний пропущенный',
  'its series was deleted': 'его серию удалили',

  // A plan that is imported
  'has more than 1,000 posts': 'больше 1000 постов',
  'Give the plan as csv or as posts, one of them.': 'План — это CSV или список постов, что-то одно.',
  'This value is not valid here.': 'Это значение здесь не подходит.',
  'There is no connected community «{{1}}»: give its @name, title or id.':
    'Подключённого сообщества «{{1}}» нет: укажите его @имя, название или номер.',
  '«{{1}}» is the name of several communities: give network:name, as telegram:my_channel, or the id.':
    'Сообществ «{{1}}» несколько: укажите сеть и имя, как telegram:my_channel, или номер.',
  'left out: {{1}} (format=json holds it)': 'пропущено: [[1]] (есть в format=json)',
  'Line {{1}} is not readable CSV: {{2}}': 'Строка {{1}} не читается как CSV: {{2}}',
  'There is no column «{{1}}»: use {{2}}, or an option as telegram.silent.':
    'Столбца «{{1}}» нет: есть {{2}} и настройки вроде telegram.silent.',
  'A column stands there twice.': 'Столбец стоит дважды.',
  'The column communities is missing.': 'Нет столбца communities.',
  'There is no line below the header.': 'Под заголовком нет ни одной строки.',
  'A plan may have {{1}} lines at most.': 'В плане может быть не больше {{1}} строк.',
  'must lie after from, {{1}} days at most':
    'должно быть позже начала, не больше чем на {{1}} [[1|день|дня|дней]]',
};
