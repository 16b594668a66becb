import type { Said } from '../../said.ts';

/** Signing in, the API's own door, connecting, files, reports. */
export const doors: Said = {
  // The demo
  'Telegram channel of the demo': 'Канал Telegram',
  'VK community of the demo': 'Сообщество VK',

  // Signing in, people, keys
  'This is not an e-mail address.': 'Это не адрес почты.',
  'An e-mail address has 254 characters at most.': 'В адресе почты не больше 254 знаков.',
  'A password has at least 8 characters.': 'В пароле не меньше 8 знаков.',
  'A password has 256 characters at most.': 'В пароле не больше 256 знаков.',
  'Give a name.': 'Укажите имя.',
  'A name has 100 characters at most.': 'В имени не больше 100 знаков.',
  'Somebody is registered with this e-mail address: sign in instead.':
    'С этой почтой уже зарегистрированы: войдите.',
  'Registration is closed on this installation.': 'Регистрация в этой установке закрыта.',
  'The password was changed meanwhile: sign in again.': 'Пароль тем временем изменили: войдите снова.',
  'The e-mail address or the password is wrong.': 'Неверная почта или пароль.',
  'Sign in again.': 'Войдите снова.',
  'This is not your password.': 'Это не ваш пароль.',
  'Nobody is registered with {{1}}.': 'С почтой {{1}} никто не зарегистрирован.',
  'Too many tries. Wait {{1}} min.': 'Слишком много попыток. Подождите {{1}} мин.',
  'Give the key a name.': 'Дайте ключу название.',
  'Give at least one scope.': 'Выберите хотя бы одно право.',
  'This is not an RFC 3339 time.': 'Это не время по RFC 3339.',
  'The expiry must lie in the future.': 'Срок должен быть в будущем.',
  'This key has expired: make a new one.': 'Срок ключа истёк: создайте новый.',
  'A key cannot give the scope {{1}}, which it lacks itself.':
    'Ключ не может дать право {{1}}, которого у него самого нет.',
  'There is no such API key.': 'Такого ключа API нет.',
  'A key has no session: revoke it instead.': 'У ключа нет сеанса: отзовите ключ.',
  'This API key is not valid, has expired or was revoked.': 'Ключ API неверен, истёк или отозван.',
  'There is no such workspace.': 'Такого рабочего пространства нет.',
  'Give whole days.': 'Укажите целое число дней.',
  'Figures are kept for a day at least.': 'Показатели хранятся не меньше дня.',
  'Figures are kept for 3650 days at most.': 'Показатели хранятся не больше 3650 дней.',
  'Only whoever runs this installation can see this.': 'Это видит только тот, кто ведёт эту установку.',

  // The door of the API
  'The input is not valid.': 'Данные не подходят.',
  'This address takes {{1}}.': 'Этот адрес принимает {{1}}.',
  'There is nothing at this address.': 'По этому адресу ничего нет.',
  'Give this field once.': 'Укажите это поле один раз.',
  'The form has no file.': 'В форме нет файла.',
  'The body may have {{1}} bytes at most.': 'Запрос может занимать не больше {{1}} [[1|байта|байт|байт]].',
  'Send the body as multipart/form-data.': 'Запрос должен быть в виде multipart/form-data.',
  'Send the body as application/json.': 'Запрос должен быть в виде application/json.',
  'This text is too long.': 'Текст слишком длинный.',
  'The form has too many fields.': 'В форме слишком много полей.',
  'The body ended too early.': 'Запрос оборвался. Попробуйте ещё раз.',
  'The body is not readable multipart/form-data.': 'Запрос не читается как multipart/form-data.',
  'The body is not text in UTF-8.': 'Запрос — не текст в UTF-8.',
  'The body is not JSON in UTF-8.': 'Запрос — не JSON в UTF-8.',
  'The process is starting or stopping.': 'Сервер запускается или останавливается.',
  'A store does not answer.': 'Хранилище не отвечает.',
  'Give METRICS_TOKEN as a bearer token.': 'Укажите METRICS_TOKEN как bearer-токен.',
  'Set METRICS_TOKEN to read metrics from another machine.':
    'Чтобы читать метрики с другой машины, задайте METRICS_TOKEN.',
  'A key has 1 to 255 printable ASCII characters.': 'В ключе от 1 до 255 печатных знаков ASCII.',
  'This Idempotency-Key was used for another request: take a new one.':
    'Этот Idempotency-Key уже был у другого запроса: возьмите новый.',
  'The first request with this Idempotency-Key is still running.':
    'Первый такой запрос ещё выполняется. Подождите немного.',
  'Expected an object.': 'Ожидался объект.',
  'Expected {{1}}.': 'Ожидается: {{1}}.',
  'something else': 'другое значение',
  'The text holds a NUL or half a character.': 'В тексте есть NUL или половина знака.',
  'A name holds a NUL or half a character.': 'В имени есть NUL или половина знака.',
  'The body is nested deeper than {{1}} levels.': 'Запрос вложен глубже {{1}} уровней.',
  'Give {{1}} items at most.': 'Не больше {{1}} элементов.',
  'This is not an id.': 'Это не идентификатор.',
  'must be an id': 'должно быть идентификатором',
  'This field is not known here.': 'Этого поля здесь нет.',
  'This field is required.': 'Заполните это поле.',
  'This value is not valid.': 'Это значение не подходит.',
  'The request failed. Its id leads to the reason in the log.':
    'Запрос не удался. Причину в журнале можно найти по номеру запроса.',
  'The request cannot be read.': 'Запрос не читается.',
  'The database does not answer. Try again in a moment.': 'База данных не отвечает. Попробуйте через минуту.',
  'This installation is at {{1}}: open it there.': 'Эта установка живёт по адресу {{1}}: откройте её там.',
  'Sign in, or give an API key as a bearer token.': 'Войдите или укажите ключ API как bearer-токен.',
  'Requests with a session must come from {{1}}.': 'Запросы с сеансом принимаются только с адреса {{1}}.',
  'This key lacks the scope {{1}}.': 'У этого ключа нет права {{1}}.',
  'limit is a whole number from 1 to 100.': 'limit — целое число от 1 до 100.',
  'limit is a whole number from 1 to 50.': 'limit — целое число от 1 до 50.',
  'days is a whole number from 1 to 30.': 'days — целое число от 1 до 30.',
  'This cursor is not one that a list gave.': 'Такого курсора список не давал.',
  'must be one of: {{1}}': 'должно быть одним из: {{1}}',
  'must be true or false': 'должно быть true или false',
  'must be csv or json': 'должно быть csv или json',
  'must be an address': 'должно быть адресом',
  'must be a whole number': 'должно быть целым числом',
  'must be at least 1': 'должно быть не меньше 1',
  'must be {{1}} at most': 'должно быть не больше {{1}}',
  'This is not an IANA time zone name, such as Europe/Moscow.':
    'Это не название часового пояса, как Europe/Moscow.',

  // Connecting
  'This account is being read with just now.': 'Этот аккаунт сейчас занят чтением показателей.',
  '{{1}} Nothing was changed: try again in a while.': '{{1}} Ничего не изменилось: попробуйте чуть позже.',
  'This network has no such setting: GET /v1/networks tells those that there are.':
    'У этой сети нет такой настройки.',
  'Not checked yet.': 'Ещё не проверено.',
  'Check the connection: POST /v1/communities/{id}/check.': 'Проверьте подключение.',
  'The community got new credentials meanwhile: check it again.':
    'Тем временем сообществу дали новый доступ: проверьте его снова.',
  'The community got new credentials meanwhile: try again.':
    'Тем временем сообществу дали новый доступ: попробуйте снова.',
  'The access ends in {{1}}: give the community new credentials before.':
    'Доступ кончится через [[1]]: дайте сообществу новый до этого.',
  'What happens here is also sent to {{1}}, which is not this installation: comments and reactions do not arrive here. If that is not yours, the token was stolen: replace it.':
    'О событиях здесь сообщают адресу {{1}}, а это не эта установка: комментарии и реакции сюда не приходят. Если это не ваше, токен украден: замените его.',
  'another address': 'другому адресу',
  'the network gave no answer': 'сеть не ответила',
  'The access could not be renewed: {{1}} Outpost goes on trying.':
    'Доступ не удалось продлить: {{1}} Outpost продолжает попытки.',
  'The access was renewed {{1}} days ago, which is long: sign in again before it ends.':
    'Доступ продлевали {{1}} [[1|день|дня|дней]] назад, это давно: войдите снова, пока он не кончился.',
  'Give whole hours.': 'Укажите целое число часов.',
  'Figures are read every hour at most.': 'Показатели собираются не чаще раза в час.',
  'Figures are read once a day at least.': 'Показатели собираются не реже раза в день.',
  'Give the community a title.': 'Дайте сообществу название.',
  'A title may have 200 characters at most.': 'В названии не больше 200 знаков.',
  'Give the credentials as an object: GET /v1/networks tells its fields.': 'Укажите доступ объектом.',
  'Give the settings as an object: GET /v1/networks tells its fields.': 'Укажите настройки объектом.',
  'Say which channel, group or community it is.': 'Укажите канал, группу или сообщество.',
  'A post is on its way to this community at this moment: disconnect it, and erase it when that is decided.':
    'Прямо сейчас сюда отправляется пост: отключите сообщество, а сотрите его, когда станет ясен исход.',
  'There is no such image.': 'Такой картинки нет.',
  'There is no such community.': 'Такого сообщества нет.',
  'Give credentials, or the connection_id of a connection that you made: POST /v1/connections.':
    'Укажите доступ или своё подключение.',
  'These credentials lead to another place: connect that as a community of its own.':
    'Этот доступ ведёт в другое место: подключите его отдельным сообществом.',
  'The person who proved this connection': 'Тот, кто подтвердил это подключение,',
  '{{1}} is not an administrator of {{2}}.': '{{1}} не администратор в «{{2}}».',
  'An administrator of it must open the link of a connection.':
    'Ссылку подключения должен открыть администратор.',
  'must be the number of a community': 'должно быть номером сообщества',
  'There is no such connection.': 'Такого подключения нет.',
  'There is no such connection of this network.': 'Такого подключения у этой сети нет.',
  'This connection is over: make a new one.': 'Это подключение закончилось: начните новое.',
  'Nobody has proved this connection yet: follow its steps first.':
    'Это подключение ещё никто не подтвердил: сначала сделайте его шаги.',
  'There are 50 open connections: delete some, or let them expire.':
    'Открыто 50 подключений: удалите лишние или подождите, пока они истекут.',
  'Say how to sign in: {{1}}.': 'Укажите способ входа: {{1}}.',
  'This cannot be given by hand: sign in with POST /v1/connections, and give its connection_id.':
    'Это нельзя ввести вручную: войдите через сеть.',
  'There is a field here that this network does not know: GET /v1/networks tells its fields.':
    'Здесь есть поле, которого эта сеть не знает.',
  'This value does not have the right form.': 'Значение не того вида: проверьте, что скопировано целиком.',
  'This sign-in is over: sign in again.': 'Этот вход закончился: войдите снова.',
  'This community is not connected any more: connect it again.':
    'Сообщество больше не подключено: подключите его снова.',
  'The kept credential of community {{1}} cannot be opened: it is damaged, or was copied here from elsewhere. Give it again.':
    'Сохранённый доступ сообщества {{1}} не открывается: он повреждён или скопирован сюда из другого места. Введите его снова.',
  '{{1}} is connected by signing in, or by giving its tokens to POST /v1/communities.':
    '[[1]]: подключение входом или токенами.',
  'The second account is not there any more.': 'Второго аккаунта больше нет.',
  'The kept access cannot be opened.': 'Сохранённый доступ не открывается.',
  'The renewal ended in an error of Outpost.': 'Продление кончилось ошибкой самого Outpost.',
  'An earlier renewal was sent and its answer was lost, so the refresh token was used up.':
    'Ответ на прошлое продление потерялся, и токен обновления израсходован.',
  '{{1}} Sign in again.': '{{1}} Войдите снова.',
  'The access ended and cannot be renewed.': 'Доступ кончился, и продлить его нельзя.',
  'The access ended and could not be renewed yet{{1}}':
    'Доступ кончился, и продлить его пока не удалось{{1}}',
  'purge is true or false.': 'purge — true или false.',
  'There is no signing in to {{1}}: give credentials.': 'Вход через [[1]] невозможен: введите доступ.',
  'Say for which communities.': 'Укажите, для каких сообществ.',
  'This kind of sign-in takes no communities.': 'Такой вход не требует сообществ.',
  'Signing in to {{1}} is not set up here: the operator of this installation sets {{2}}, with the redirect address {{3}}. Giving the tokens to POST /v1/communities works without it.':
    'Вход через [[1]] здесь не настроен: тот, кто ведёт установку, задаёт {{2}} с адресом возврата {{3}}. Токенами можно подключить и без этого.',
  '{{1}} is connected to this workspace already.': '{{1}} уже подключено к этому пространству.',
  'This community is disconnected: connect it again.': 'Сообщество отключено: подключите его снова.',
  'The access ends on {{1}} and cannot be renewed: sign in again before.':
    'Доступ кончится {{1}}, и продлить его нельзя: войдите снова до этого.',
  '{{1}}: no longer possible.': '{{1}}: больше невозможно.',
  'Changing published posts': 'Правка опубликованного',
  'Removing published posts': 'Удаление опубликованного',
  'Pinning posts': 'Закрепление постов',
  'Commenting as the community': 'Комментарии от сообщества',
  'Finding out whether a post went out': 'Проверка, вышел ли пост',
  'Hearing what happens there': 'События сообщества',

  // Files
  'This address has expired: ask for the file again to get a new one.':
    'Срок этого адреса истёк: обновите страницу, чтобы получить новый.',
  'There is no such file.': 'Такого файла нет.',
  'The file has {{1}} bytes, and none of the part asked for.': 'В файле {{1}} байт, такой части в нём нет.',
  'The file came too slowly, or stopped coming: send it again.':
    'Файл шёл слишком медленно или перестал идти: отправьте его снова.',
  'The file is empty.': 'Файл пустой.',
  'The file is not an image that can be published: upload a JPEG, PNG, WebP or GIF.':
    'Такую картинку опубликовать нельзя: нужна JPEG, PNG, WebP или GIF.',
  'The image has {{1}} megapixels ({{2}} × {{3}}); at most {{4}} are possible.':
    'В картинке {{1}} Мп ({{2}} × {{3}}), а можно не больше {{4}}.',
  'The animation has {{1}} frames of {{2}} × {{3}}, {{4}} megapixels together; at most {{5}} frames and {{6}} megapixels are possible: make it smaller, or an MP4.':
    'В анимации {{1}} кадров {{2}} × {{3}}, вместе {{4}} Мп; можно не больше {{5}} кадров и {{6}} Мп: уменьшите её или сделайте MP4.',
  'The image takes too long to read: save it anew, smaller or in another format.':
    'Картинка читается слишком долго: сохраните её заново, меньше или в другом формате.',
  'The image becomes too large when it is converted: make it smaller first.':
    'После преобразования картинка слишком велика: сначала уменьшите её.',
  'The image is damaged or cut off: it cannot be read to its end. Save it anew and upload that.':
    'Картинка повреждена или обрезана: она не читается до конца. Сохраните её заново.',
  'Of animated images only GIF can be published: save it as GIF or MP4, or upload a still one.':
    'Из анимаций можно опубликовать только GIF: сохраните её как GIF или MP4 или загрузите неподвижную.',
  'A description may have 1,000 characters at most.': 'В описании не больше 1000 знаков.',
  'A post uses this file: remove it from the post first.':
    'Этот файл стоит в посте: сначала уберите его оттуда.',
  'There is no file with this id: upload it first.': 'Файла с таким номером нет: сначала загрузите его.',
  'The file is damaged, cut off or in a form that cannot be read: save it anew as MP4, WebM, MP3, M4A or OGG, or send it with as=document.':
    'Файл повреждён, обрезан или не читается: сохраните его заново как MP4, WebM, MP3, M4A или OGG либо отправьте документом.',
  'The file has neither picture nor sound.': 'В файле нет ни картинки, ни звука.',
  'One of {{1}}.': 'Одно из: {{1}}.',
  'Give a file.': 'Выберите файл.',
  'This kind of file is not taken: send pictures, videos, audio, PDF, Office, text, or a ZIP of anything else.':
    'Такие файлы не принимаются: подойдут картинки, видео, аудио, PDF, Office, текст или ZIP с чем угодно.',
  'This kind of file is not known: send pictures, videos, audio, PDF, Office, text, or a ZIP of anything else.':
    'Такой вид файлов неизвестен: подойдут картинки, видео, аудио, PDF, Office, текст или ZIP с чем угодно.',
  'Scripts and playlists are not taken: put it into a ZIP.':
    'Скрипты и плейлисты не принимаются: положите в ZIP.',
  'This picture does not move: send it without `as`.': 'Эта картинка неподвижна: загрузите её как картинку.',
  'This picture moves: send it as an animation, without `as`.':
    'Эта картинка движется: загрузите её как анимацию.',
  'A picture cannot go as {{1}}.': 'Картинку нельзя отправить как [[1]].',
  'A video cannot go as {{1}}.': 'Видео нельзя отправить как [[1]].',
  'An animation is a GIF or an MP4 without sound.': 'Анимация — это GIF или MP4 без звука.',
  'A voice message is OGG with Opus, MP3 or M4A.': 'Голосовое сообщение — это OGG с Opus, MP3 или M4A.',
  'A sound cannot go as {{1}}.': 'Звук нельзя отправить как [[1]].',
  'Networks do not show {{1}}: save it as JPEG, PNG, WebP, GIF, MP4, WebM, MP3, M4A or OGG, or send it with as=document.':
    'Сети не показывают {{1}}: сохраните как JPEG, PNG, WebP, GIF, MP4, WebM, MP3, M4A или OGG либо отправьте документом.',
  'A file of this kind ({{1}}) cannot go as {{2}}, only as document.':
    'Такой файл ({{1}}) нельзя отправить как [[2]], только документом.',
  'The file is larger than {{1}} MB.': 'Файл больше {{1}} МБ.',
  'Web pages, SVG and other markup are not taken, since they can carry programs: put it into a ZIP.':
    'Веб-страницы, SVG и другая разметка не принимаются: в них бывают программы. Положите в ZIP.',
  'Many images are being uploaded at this moment: try again shortly.':
    'Сейчас загружается много картинок: попробуйте чуть позже.',
  'This installation keeps media in a folder, which takes no direct uploads: send the file to POST /v1/media.':
    'Эта установка хранит файлы в папке: прямая загрузка невозможна.',
  'Nothing has arrived yet: send the file to `upload_url` by PUT first.':
    'Файл ещё не пришёл: отправьте его снова.',
  'The file has {{1}} bytes, but {{2}} were announced: announce it anew.':
    'В файле {{1}} байт, а объявлено {{2}}: загрузите его заново.',
  'There is no such upload.': 'Такой загрузки нет.',

  // Reports
  'names more than 500 communities': 'названо больше 500 сообществ',
  'names a community twice': 'сообщество названо дважды',
  'Give a title, or leave it out.': 'Укажите название или не указывайте никакого.',
  'must be a time with an offset, as 2026-03-01T00:00:00Z':
    'должно быть временем со смещением, как 2026-03-01T00:00:00Z',
  'must not be before the year 2000': 'должно быть не раньше 2000 года',
  'must not be after the year 2099': 'должно быть не позже 2099 года',
  'Give days, or from and to.': 'Укажите число дней либо начало и конец.',
  'from must be before to, and not in the future.': 'Начало должно быть раньше конца и не в будущем.',
  'A report may be about {{1}} days at most.': 'Отчёт может охватывать не больше {{1}} [[1|дня|дней|дней]].',
  'It was deleted before it was made.': 'Его удалили раньше, чем он был готов.',
  'It was interrupted again and again, and is given up.': 'Его прерывали снова и снова, попытки прекращены.',
  'It was deleted while it was being made.': 'Его удалили, пока он составлялся.',
  'None of its communities is there any more.': 'Ни одного из его сообществ больше нет.',
  '{{1}} reports are being made: wait for them.': 'Уже составляется отчётов: {{1}}. Подождите их.',
  'There is no such {{1}}.': 'Такого нет.',
  'There is no such schedule.': 'Такого расписания нет.',
};
