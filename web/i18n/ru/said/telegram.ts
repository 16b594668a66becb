import type { Said } from '../../said.ts';

export const telegram: Said = {
  // Connecting
  'This is not an address of a Telegram channel or group.': 'Это не адрес канала или группы Telegram.',
  'Enter its @name, its t.me link or its numeric id. An invitation link does not name a channel: use the numeric id.':
    'Введите @имя, ссылку t.me или номер. Ссылка-приглашение канал не называет: возьмите номер.',
  'This is a private chat.': 'Это личный чат.',
  'Enter the address of a channel or a group.': 'Введите адрес канала или группы.',
  'The bot @{{1}} is an administrator of this channel, but may not post messages.':
    'Бот @{{1}} — администратор этого канала, но публиковать сообщения ему нельзя.',
  'The bot @{{1}} is not an administrator of this channel.': 'Бот @{{1}} не администратор этого канала.',
  'Open the channel in Telegram, go to Administrators, add the bot and allow “Post messages”. Then connect again.':
    'Откройте канал в Telegram, зайдите в «Администраторы», добавьте бота и разрешите «Публикация сообщений». Потом подключите снова.',
  'The bot @{{1}} is not in this group.': 'Бота @{{1}} в этой группе нет.',
  'Add the bot to the group, then connect again.': 'Добавьте бота в группу и подключите снова.',
  'Members of this group may not send messages, and the bot is one of them.':
    'Участникам этой группы нельзя писать, а бот — один из них.',
  'Make the bot an administrator of the group, then connect again.':
    'Сделайте бота администратором группы и подключите снова.',
  'The service_chat must be another chat than this one.': 'Служебный чат должен быть другим чатом.',
  'The service_chat is not found: add the bot there, or set another one.':
    'Служебный чат не найден: добавьте туда бота или укажите другой.',
  'The service_chat is public: everybody would see what is uploaded. Set a private one.':
    'Служебный чат публичный: все увидят загруженное. Укажите закрытый.',
  'The bot may not write in the service_chat: make it an administrator there.':
    'Боту нельзя писать в служебный чат: сделайте его там администратором.',
  'Telegram does not accept the token of the second bot: give its current one.':
    'Telegram не принимает токен второго бота: введите действующий.',
  'The second bot is the same as the first: it hears nothing of itself.':
    'Второй бот — тот же, что первый: сам себя он не слышит.',
  'In a group bots do not hear each other: a second bot does not help.':
    'В группе боты не слышат друг друга: второй бот не поможет.',
  'The second bot @{{1}} hears nothing: make it an administrator of the channel.':
    'Второй бот @{{1}} ничего не слышит: сделайте его администратором канала.',
  'must be a bot token as @BotFather shows it: digits, a colon, letters':
    'должно быть токеном бота, как его показывает @BotFather: цифры, двоеточие, буквы',
  'must be the numeric id of a chat': 'должно быть номером чата',
  'Open the link “add to channel” (or “add to group”), choose the place and leave the rights on that Telegram suggests: @{{1}} becomes an administrator there. Do this for as many places as you like.':
    'Откройте ссылку «добавить в канал» (или «добавить в группу»), выберите место и оставьте права, которые предлагает Telegram: @{{1}} станет там администратором. Так можно сделать сколько угодно раз.',
  'Open the link “prove” and press Start in the chat with @{{1}}, so that Outpost knows who you are.':
    'Откройте ссылку «подтвердить» и нажмите «Старт» в чате с @{{1}}: так Outpost узнает, кто вы.',
  'Come back: the channels and groups are listed, and those that you administer can be connected.':
    'Вернитесь сюда: появится список каналов и групп, и те, где вы администратор, можно подключить.',

  // What it can do
  'Texts of up to 4096 characters, with formatting and buttons.':
    'Тексты до 4096 знаков с оформлением и кнопками.',
  'One image, or an album of up to 10, with up to 1024 characters of text.':
    'Одна картинка или альбом до 10, с текстом до 1024 знаков.',
  'Videos as MP4, also in albums with images, and animations as GIF or MP4.':
    'Видео MP4, в том числе в альбомах с картинками, и анимации GIF или MP4.',
  'Videos as MP4, also in albums with images. Animations are not allowed to members of this group.':
    'Видео MP4, в том числе в альбомах с картинками. Анимации участникам группы запрещены.',
  'Animations as GIF or MP4. Videos are not allowed to members of this group.':
    'Анимации GIF или MP4. Видео участникам группы запрещены.',
  'Files of any type, alone or up to 10 together.': 'Любые файлы, по одному или до 10 вместе.',
  'Music as MP3 or M4A, up to 10 together, and voice messages.':
    'Музыка MP3 или M4A, до 10 вместе, и голосовые сообщения.',
  'Music as MP3 or M4A. Voice messages are not allowed to members of this group.':
    'Музыка MP3 или M4A. Голосовые сообщения участникам группы запрещены.',
  'Voice messages. Audio files are not allowed to members of this group.':
    'Голосовые сообщения. Аудиофайлы участникам группы запрещены.',
  'Anonymous polls and quizzes of up to 12 answers.': 'Анонимные опросы и викторины до 12 ответов.',
  'Polls and quizzes of up to 12 answers.': 'Опросы и викторины до 12 ответов.',
  'Text, formatting, buttons and files of published messages. Polls stay as they are, and an album keeps its number of files.':
    'Текст, оформление, кнопки и файлы опубликованного. Опросы не меняются, и число файлов в альбоме тоже.',
  'Published messages can be deleted; later than 48 hours after the send Telegram may refuse it.':
    'Опубликованное можно удалить; позже 48 часов Telegram может отказать.',
  'Published messages can be deleted for 48 hours. For later ones give the bot the right “Delete messages” in this {{1}}.':
    'Опубликованное можно удалить в течение 48 часов. Чтобы удалять позже, дайте боту право «Удаление сообщений».',
  'Published messages can be pinned and unpinned.': 'Опубликованное можно закрепить и открепить.',
  'The bot may not pin messages here.': 'Боту нельзя закреплять здесь сообщения.',
  'Everything else works; you can pin messages yourself in Telegram.':
    'Остальное работает; закрепить можно самому в Telegram.',
  'The bot hears new messages, reactions and changes of its rights in this {{1}}.':
    'Бот узнаёт о новых сообщениях, реакциях и об изменениях своих прав.',
  'The bot hears answers to its messages and changes of its rights. As an administrator it would hear every message and reaction.':
    'Бот узнаёт об ответах на свои сообщения и об изменениях своих прав. Администратором он узнавал бы обо всех сообщениях и реакциях.',
  'Members each day, and reactions as they come.': 'Подписчики каждый день и реакции по мере появления.',
  'Members each day. Reactions are told to administrators alone.':
    'Подписчики каждый день. О реакциях узнают только администраторы.',
  '{{1}} Telegram tells bots no views and no forwards{{2}}{{3}}.':
    '{{1}} Просмотров и пересылок Telegram ботам не сообщает{{2}}{{3}}.',
  '; views are read from the public page t.me/s/{{1}}':
    '; просмотры читаются с публичной страницы t.me/s/{{1}}',
  '. With preview_statistics views are read from the public page of this channel':
    '. Если разрешить, просмотры читаются с публичной страницы канала',
  ', and the posts from before it was connected': ', и посты до подключения',
  '. Views, forwards, reactions and comments{{1}} are read with the user session of {{2}}: {{3}}':
    '. Просмотры, пересылки, реакции и комментарии{{1}} читаются сеансом аккаунта {{2}}: {{3}}',
  '. With the user session of a member (credentials.user_session) they are read, also of a private {{1}}: {{2}}':
    '. С сеансом аккаунта участника они читаются и в закрытых: {{2}}',
  'it gives Outpost that whole account, and Telegram may lock accounts that programs use':
    'он отдаёт Outpost весь этот аккаунт, а Telegram может заблокировать аккаунт, которым пользуется программа',
  'must be a session as `bun run telegram-session` prints it':
    'должно быть сеансом, как его печатает `bun run telegram-session`',
  'Open the channel in Telegram, go to Administrators and allow the bot “Edit messages”: that right pins, too.':
    'Откройте канал в Telegram, зайдите в «Администраторы» и разрешите боту «Изменение сообщений»: это право и закрепляет.',
  'Open the group in Telegram, go to Administrators and allow the bot “Pin messages”.':
    'Откройте группу в Telegram, зайдите в «Администраторы» и разрешите боту «Закрепление сообщений».',
  'Members of this group may not send {{1}}, and the bot is one of them.':
    'Участникам этой группы нельзя отправлять [[1]], а бот — один из них.',
  'Texts and whatever else is allowed go out all the same.':
    'Тексты и всё остальное разрешённое выходит как обычно.',
  'Make the bot an administrator of the group, or allow {{1}} in its permissions.':
    'Сделайте бота администратором группы или разрешите [[1]] участникам.',
  'A comment is an answer to the message in the group.': 'Комментарий — это ответ на сообщение в группе.',
  'Posts go out without a first comment.': 'Посты выходят без первого комментария.',
  'This channel has no discussion group, so nobody can comment.':
    'У канала нет группы обсуждений: комментировать негде.',
  'Link a discussion group in the settings of the channel, add the bot to it, then check the connection.':
    'Привяжите группу обсуждений в настройках канала, добавьте туда бота и проверьте подключение.',
  'Comments in the linked group “{{1}}” are turned off here.':
    'Комментарии в группе «{{1}}» здесь выключены.',
  'Turn comments in the linked group on in the settings of this channel.':
    'Включите комментарии в настройках этого канала.',
  'The bot comments in the linked group “{{1}}”.': 'Бот комментирует в группе «{{1}}».',
  'The bot may not write in the linked group “{{1}}”.': 'Боту нельзя писать в группу «{{1}}».',
  'Add the bot to the linked group and let it write there, then check the connection.':
    'Добавьте бота в эту группу, разрешите ему писать и проверьте подключение.',
  'reads the public page t.me/s/{{1}} (its newest posts; leaves no trace)':
    'читает публичную страницу t.me/s/{{1}} (последние посты; следов не остаётся)',
  'Turn on preview_page: the page of a public channel shows its newest posts.':
    'Включите чтение публичной страницы канала: на ней видны последние посты.',
  'asks the second bot, which hears what is posted here (leaves no trace)':
    'спрашивает второго бота, который слышит всё вышедшее (следов не остаётся)',
  'Messages here are protected from being forwarded, so copies cannot be made.':
    'Сообщения здесь защищены от пересылки: копий не сделать.',
  'In a basic group numbers of messages differ for each account, so copies cannot be made.':
    'В обычной группе номера сообщений у всех разные: копий не сделать.',
  'The forward probe needs a service_chat: set one.':
    'Для проверки пересылкой нужен служебный чат: укажите его.',
  'forwards the newest messages into the service chat (raises their forward counters by one; the copies are deleted at once)':
    'пересылает последние сообщения в служебный чат (их счётчик пересылок вырастет на один, копии сразу удаляются)',
  'Set a service_chat and turn on forward_probe: then the newest messages are forwarded there to look at them, which raises their forward counters by one.':
    'Укажите служебный чат и включите проверку пересылкой: последние сообщения пересылаются туда, чтобы на них посмотреть, и их счётчик пересылок растёт на один.',
  'A post that is found nowhere is sent again.': 'Пост, которого нигде нет, отправляется снова.',
  'If that does not tell, it asks you.': 'Если это не поможет, он спросит вас.',
  'If the answer to a send is lost, Outpost {{1}}. {{2}} {{3}}':
    'Если ответ на отправку потеряется, Outpost {{1}}. {{2}} {{3}}',
  'Telegram does not let a bot read what it posted. If it stays unknown whether a post went out, Outpost asks you.':
    'Telegram не даёт боту читать опубликованное. Если неясно, вышел ли пост, Outpost спросит вас.',
  'Posts go out all the same; only an unclear outcome waits for your answer.':
    'Посты выходят как обычно; вашего ответа ждёт только неясный исход.',

  // A post for Telegram
  'Shorten it, or put the rest into a further part.': 'Сократите его или вынесите остальное в продолжение.',
  'Shorten it: a text without files may have {{1}}.': 'Сократите его: без файлов в тексте может быть {{1}}.',
  'A large preview shows exactly one image. Shorten the text, or set long_caption to “separate”: the files first, then the text as a message of its own.':
    'Большой предпросмотр показывает ровно одну картинку. Сократите текст или отправьте сначала файлы, потом текст.',
  'Shorten it, or choose what to do with long_caption: “separate” sends the files first and the text as a message of its own (up to {{1}}), “preview” shows one image as the large link preview of the text.':
    'Сократите его или выберите, что делать с длинным текстом: сначала файлы, потом текст (до {{1}}) либо одна картинка как большой предпросмотр.',
  'A poll stands alone here: send the text and the files before it.':
    'Опрос здесь идёт отдельно: текст и файлы отправьте перед ним.',
  'Polls in a channel are anonymous. Make it anonymous, or post it in a group.':
    'В канале опросы только анонимные. Сделайте его анонимным или опубликуйте в группе.',
  'A quiz has one right answer: turn off several answers.':
    'В викторине один верный ответ: выключите выбор нескольких.',
  'The explanation has {{1}} characters; Telegram takes {{2}}. Shorten it.':
    'В пояснении {{1}} [[1|знак|знака|знаков]], Telegram принимает {{2}}. Сократите.',
  'Telegram takes three lines of explanation: join some of them.':
    'Telegram принимает три строки пояснения: объедините некоторые.',
  'An album takes no buttons. Post one file, or put the buttons under a text: with long_caption “separate” a long text stands by itself.':
    'У альбома нет кнопок. Оставьте один файл или поставьте кнопки под отдельный текст.',
  'There are no topics here: leave the topic out for it.': 'Здесь нет тем: уберите номер темы.',
  'This is not a message of this channel or group. Take the link of one that is there.':
    'Это сообщение не из этого канала или группы. Возьмите ссылку на сообщение отсюда.',
  'After {{1}} hours Telegram lets the bot delete a post only with the right to delete messages, and not always then.':
    'Через {{1}} [[1|час|часа|часов]] Telegram позволяет боту удалить пост только с правом удаления, и то не всегда.',
  'This shows only with images and videos.': 'Это видно только с картинками и видео.',
  'Only a text without files and poll has a link preview.':
    'Предпросмотр ссылки есть только у текста без файлов и опроса.',
  'Telegram changes the size only of a link that is named in `url`.':
    'Telegram меняет размер только у ссылки, указанной явно.',
  'Telegram links no mail addresses: the link is left out, its text stays.':
    'Почтовые адреса Telegram не связывает: ссылка пропадёт, текст останется.',
  'Telegram shows custom emoji only of bots with a bought username; else the ordinary emoji is seen.':
    'Особые эмодзи Telegram показывает только у ботов с купленным именем; иначе видны обычные.',
  'Telegram keeps {{1}} pieces of formatting, the text has {{2}}: the last ones are dropped.':
    'Telegram хранит {{1}} мест с оформлением, в тексте {{2}}: последние пропадут.',
  'Make it smaller. More, up to 2000 MB, goes only through a Bot API server of your own.':
    'Уменьшите файл. Больше, до 2000 МБ, можно только через свой сервер Bot API.',
  'Make it smaller.': 'Уменьшите файл.',
  'Remove some.': 'Уберите лишние.',
  'Make it smaller, or attach it as a document.': 'Уменьшите файл или приложите его документом.',
  'Save it as MP4 (H.264 with AAC), or attach it as a document: then readers download it instead of playing it.':
    'Сохраните его как MP4 (H.264 с AAC) или приложите документом: тогда его скачивают, а не смотрят.',
  'Save it as MP3 or M4A, or attach it as a document.':
    'Сохраните его как MP3 или M4A или приложите документом.',
  'Save it as OGG with Opus, MP3 or M4A, or attach it as a document.':
    'Сохраните его как OGG с Opus, MP3 или M4A или приложите документом.',
  "The bot may not send a file of this kind here ({{1}}). Make it an administrator of the group, or allow it in the group's permissions.":
    'Боту нельзя отправить сюда [[1]]. Сделайте его администратором группы или разрешите это участникам.',
  'Telegram takes no {{1}} into an album. Post it by itself, or as a further part.':
    'Telegram не принимает в альбом [[1]]. Отправьте отдельно или продолжением.',
  'Telegram puts images and videos together in an album, documents only with documents, audio only with audio. Post the others as a further part.':
    'В альбоме Telegram картинки стоят с видео, документы только с документами, аудио только с аудио. Остальное отправьте продолжением.',
  'needs a text': 'нужен текст',
  'is longer than 64 characters': 'длиннее 64 знаков',
  'is longer than 2048 characters': 'длиннее 2048 знаков',
  'holds half of a character': 'половина знака',
  'must be an address that starts with https://, http:// or tg://':
    'должно быть адресом, который начинается с https://, http:// или tg://',
  'must be an address that starts with https:// or http://':
    'должно быть адресом, который начинается с https:// или http://',
  'must be the number of a topic': 'должно быть номером темы',
  'must be the number or the t.me link of a message': 'должно быть номером или ссылкой t.me на сообщение',
  'must be true, false or "silent"': 'должно быть true, false или "silent"',
  'must be more than 0 and at most 8760 hours': 'должно быть больше 0 и не больше 8760 часов',
  'has no button': 'нет ни одной кнопки',
  'has more than eight buttons': 'больше восьми кнопок',
  'Telegram takes at most {{1}} buttons in all': 'Telegram принимает не больше {{1}} кнопок всего',

  // What Telegram answered
  'A poll cannot be changed at Telegram. Delete it and publish a new one.':
    'Опрос в Telegram не меняется. Удалите его и опубликуйте новый.',
  'A published message cannot become a poll. Publish the poll as a post of its own.':
    'Опубликованное не станет опросом. Опубликуйте опрос отдельным постом.',
  'A published text can get one file, not an album. Delete it and publish a new post.':
    'К опубликованному тексту можно добавить один файл, не альбом. Удалите его и опубликуйте новый пост.',
  'A published message cannot become a voice message.': 'Опубликованное не станет голосовым сообщением.',
  'A published file cannot become a text alone: keep a file, or delete the post and publish a new one.':
    'Опубликованный файл не станет одним текстом: оставьте файл или удалите пост и опубликуйте новый.',
  'A published album keeps its {{1}} files: each can be replaced, none added or taken out.':
    'В опубликованном альбоме остаётся {{1}} [[1|файл|файла|файлов]]: их можно заменить, но не добавить и не убрать.',
  'A published file can be replaced by one other, not by an album.':
    'Опубликованный файл можно заменить одним другим, но не альбомом.',
  'In an album a file can only be replaced by one of its kind: images and videos by each other, documents by documents, audio by audio.':
    'В альбоме файл заменяется только своим видом: картинки и видео друг другом, документы документами, аудио аудио.',
  'A voice message cannot be replaced at Telegram, only its text.':
    'Голосовое сообщение в Telegram не заменить, только его текст.',
  'Telegram did not tell the numbers of all files of this album.':
    'Telegram назвал номера не всех файлов этого альбома.',
  'Comments in the linked group are turned off for this channel.': 'Комментарии для этого канала выключены.',
  'Turn them on in the settings of the channel.': 'Включите их в настройках канала.',
  'It is not known under which message of the linked group comments of this post stand.':
    'Неизвестно, под каким сообщением группы стоят комментарии этого поста.',
  'Let the bot be a member of the linked group and receive updates, then try again.':
    'Добавьте бота в эту группу, чтобы он получал сообщения, и попробуйте снова.',
  'Telegram gave no usable answer.': 'Telegram не дал понятного ответа.',
  'Open the channel or group in Telegram and make the bot an administrator that may post messages, then check the connection.':
    'Откройте канал или группу в Telegram, сделайте бота администратором с правом публиковать и проверьте подключение.',
  'Telegram does not find this channel or group for the bot.':
    'Telegram не находит для бота этот канал или группу.',
  'Check the address, and that the bot was added there as an administrator.':
    'Проверьте адрес и то, что бота добавили туда администратором.',
  'The bot is not in this channel or group.': 'Бота в этом канале или группе нет.',
  'It is so already at Telegram.': 'В Telegram уже так и есть.',
  'The message is not there any more: somebody deleted it at Telegram.':
    'Сообщения больше нет: его удалили в Telegram.',
  'Telegram does not let this message be forwarded.': 'Telegram не даёт переслать это сообщение.',
  'Telegram refuses to delete it: a bot may delete a message for 48 hours, and after that only with the right to delete messages, if at all.':
    'Telegram отказывается удалять: бот может удалить сообщение в течение 48 часов, а потом только с правом удаления, и то не всегда.',
  'Give the bot the right “Delete messages” in the settings of the channel or group, or delete the message yourself.':
    'Дайте боту право «Удаление сообщений» в канале или группе или удалите сообщение сами.',
  'Telegram does not let the bot edit this message.': 'Telegram не даёт боту править это сообщение.',
  'Edit it yourself in Telegram, or delete it and publish the post again.':
    'Исправьте его сами в Telegram или удалите и опубликуйте пост снова.',
  'Telegram does not know a file any more that was uploaded before.':
    'Telegram больше не знает файла, загруженного раньше.',
  'Try again: the file is uploaded anew.': 'Попробуйте снова: файл загрузится заново.',
  'Telegram says that the text is too long.': 'Telegram говорит, что текст слишком длинный.',
  'Shorten the text.': 'Сократите текст.',
  'Telegram says that the post is empty.': 'Telegram говорит, что пост пустой.',
  'Telegram refuses the measures of an image.': 'Telegram не принимает размеры картинки.',
  'Use an image of at most 10000 pixels for width and height together, not narrower than 1 to 20.':
    'Возьмите картинку не больше 10000 точек в сумме сторон и не уже чем 1 к 20.',
  'Telegram could not read an image.': 'Telegram не смог прочитать картинку.',
  'Save the image again as JPEG or PNG and replace it in the post.':
    'Сохраните картинку заново как JPEG или PNG и замените её в посте.',
  'Telegram could not read a file.': 'Telegram не смог прочитать файл.',
  'Save the file again in a format that Telegram plays and replace it in the post.':
    'Сохраните файл в формате, который Telegram умеет играть, и замените его в посте.',
  'Telegram says that a file is too big.': 'Telegram говорит, что файл слишком большой.',
  'Use an image of at most 10 MB, or another file of at most 50 MB.':
    'Возьмите картинку не больше 10 МБ или другой файл не больше 50 МБ.',
  'The bot may not send files of this kind here.': 'Боту нельзя отправлять сюда такие файлы.',
  'Make the bot an administrator that may post messages, or allow them in the permissions of the group.':
    'Сделайте бота администратором с правом публиковать или разрешите их участникам группы.',
  'The bot may not send polls here.': 'Боту нельзя отправлять сюда опросы.',
  'Make the bot an administrator that may post messages, or allow polls in the permissions of the group.':
    'Сделайте бота администратором с правом публиковать или разрешите опросы участникам группы.',
  'The bot may not post here.': 'Боту нельзя здесь публиковать.',
  'The topic of this group is closed.': 'Тема этой группы закрыта.',
  'Open the topic again in Telegram.': 'Откройте тему снова в Telegram.',
  'The topic is not there any more.': 'Темы больше нет.',
  'Choose another topic, or none.': 'Выберите другую тему или никакой.',
  'Telegram does not accept a button.': 'Telegram не принимает кнопку.',
  'Check the text and the address of each button.': 'Проверьте текст и адрес каждой кнопки.',
  'Telegram does not accept the poll.': 'Telegram не принимает опрос.',
  'Check its question, its answers and its kind.': 'Проверьте вопрос, ответы и вид опроса.',
  'Telegram asks the bot to wait.': 'Telegram просит бота подождать.',
  'The group became a supergroup and has a new id.': 'Группа стала супергруппой, и номер у неё новый.',
  'Telegram refused the request{{1}}.': 'Telegram отклонил запрос{{1}}.',
  'Check the post and the connection, then try again.': 'Проверьте пост и подключение и попробуйте снова.',
  'Telegram does not accept the bot token: it was revoked or mistyped.':
    'Telegram не принимает токен бота: он отозван или введён с ошибкой.',
  'Take the current token from @BotFather and connect the community again.':
    'Возьмите действующий токен у @BotFather и подключите сообщество снова.',
  'Another program uses the same bot in a way that Telegram does not allow at the same time.':
    'Этим же ботом пользуется другая программа, и одновременно Telegram этого не позволяет.',
  'Use a bot of its own for Outpost.': 'Заведите для Outpost отдельного бота.',
  'Telegram says that the files are too big.': 'Telegram говорит, что файлы слишком большие.',
  'Use fewer or smaller files.': 'Возьмите меньше файлов или файлы поменьше.',
  'the public preview page': 'публичная страница',
  '{{1}} (it could not be read)': '{{1}} (не читается)',
  'nothing: no way to look is open here': 'ничего: посмотреть здесь нечем',
  'copies of the messages {{1}} to {{2}}': 'копии сообщений с {{1}} по {{2}}',
  'Telegram does not show public pages at the moment.': 'Telegram сейчас не показывает публичные страницы.',
  'This channel has no public page that shows its posts.': 'У этого канала нет публичной страницы с постами.',
  'Telegram cannot fetch the image of a large preview, since this installation has no address that is reached from outside.':
    'Telegram не может забрать картинку большого предпросмотра: у этой установки нет внешнего адреса.',
  'Set PUBLIC_URL to an address on the internet, or choose “separate” for long_caption.':
    'Задайте в PUBLIC_URL адрес в интернете или отправьте файлы и текст отдельно.',
  'No service chat is ready for uploads.': 'Нет служебного чата для загрузок.',
  'Set one.': 'Укажите его.',
  'Telegram made another kind of file of it than was asked for.':
    'Telegram сделал из файла другой вид, не тот, что нужен.',
  'Attach it as a document, or save it in another format.':
    'Приложите его документом или сохраните в другом формате.',
  'Nothing lists the posts of this channel any more.': 'Посты этого канала больше нигде не перечислены.',
};
