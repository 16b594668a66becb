import type { Said } from '../../said.ts';

export const vk: Said = {
  // Connecting
  'This is not an address of a VK community.': 'Это не адрес сообщества ВКонтакте.',
  'Enter its id, its short name or its vk.com link.': 'Введите номер, короткое имя или ссылку vk.com.',
  'The owner of this user token is not an administrator of the community.':
    'Владелец этого токена не администратор сообщества.',
  'This user token may not publish: it lacks the right wall, which VK gives to few applications.':
    'Этот токен пользователя не может публиковать: у него нет права wall, которое ВКонтакте даёт немногим приложениям.',
  'Add the access token of the community: open the community in VK, Manage, API usage, and create one.':
    'Добавьте ключ сообщества: в сообществе откройте «Управление» → «Работа с API» и создайте ключ.',
  'VK ID …{{1}}': 'VK ID …{{1}}',
  'The community token is not the token of a community.':
    'В поле «Ключ сообщества» введён не ключ сообщества.',
  'Create one in the community: Manage, API usage, Access tokens.':
    'Создайте его в сообществе: «Управление» → «Работа с API» → «Ключи доступа».',
  'VK does not find this community.': 'ВКонтакте не находит это сообщество.',
  'Check its address.': 'Проверьте адрес.',
  'This VK community is blocked or deleted.': 'Это сообщество ВКонтакте заблокировано или удалено.',
  'Look at the community in VK.': 'Посмотрите на сообщество во ВКонтакте.',
  'This access token belongs to another VK community.': 'Этот токен от другого сообщества ВКонтакте.',
  'Create a token in the settings of the community that you want to connect.':
    'Создайте ключ в настройках того сообщества, которое подключаете.',
  'The user token belongs to no person: it looks like the token of a community.':
    'Это не токен пользователя: похоже на ключ сообщества.',
  'Give it as community_token, or leave user_token out.':
    'Введите его как ключ сообщества или оставьте токен администратора пустым.',
  'must be an access token of VK, without blanks': 'должно быть токеном ВКонтакте, без пробелов',
  'must have no blanks': 'пробелов быть не должно',
  'must be the number of the VK application': 'должно быть номером приложения ВКонтакте',
  'needs the access token of the community (community_token), of a user (user_token), or both':
    'нужен ключ сообщества, токен администратора или оба',
  'takes one way to act as a user: user_token or user_oauth':
    'действовать от человека можно одним способом: токеном или входом',
  'The {{1}} token of this community is missing.': 'Не хватает доступа: [[1]].',
  'Connect the community again with its tokens.': 'Подключите сообщество снова с его токенами.',
  'This is no post of a VK wall.': 'Это не пост со стены ВКонтакте.',
  'This connection holds no sign-in with VK ID.': 'В этом подключении нет входа через VK ID.',
  'Too many requests to VK.': 'Слишком много запросов к ВКонтакте.',
  'VK does not accept the application of this installation.':
    'ВКонтакте не принимает приложение этой установки.',
  'VK does not accept this sign-in any more: it was used already, expired or was revoked.':
    'ВКонтакте больше не принимает этот вход: он уже использован, истёк или отозван.',
  'Check the id and the secret of the VK application.': 'Проверьте номер и секрет приложения ВКонтакте.',
  'Sign in with VK again.': 'Войдите через ВКонтакте снова.',
  'VK refused the sign-in.': 'ВКонтакте отказал во входе.',
  'Check the VK application: its id, its secret and its redirect address.':
    'Проверьте приложение ВКонтакте: номер, секрет и адрес возврата.',
  'VK gave no usable answer to the sign-in.': 'ВКонтакте не дал понятного ответа на вход.',
  'Act as you, as far as VK lets this application':
    'От вашего имени, насколько ВКонтакте позволяет приложению',
  'Act as the community': 'От имени сообщества',
  'The secret of the VK application is not set.': 'Секрет приложения ВКонтакте не задан.',
  'Set it, or paste an access token of the community.': 'Задайте его или вставьте ключ сообщества.',
  'VK came back without a permission.': 'ВКонтакте вернулся без разрешения.',
  'Sign in again and allow what is asked for.': 'Войдите снова и разрешите то, о чём спрашивают.',

  // What it can do
  'The user token that was given may not do this: its owner must be an administrator, and it needs the rights {{1}}.':
    'Токен администратора этого не может: его владелец должен быть администратором, и нужны права {{1}}.',
  'Add a user token of an administrator with the rights {{1}}.':
    'Добавьте токен администратора с правами {{1}}.',
  'VK lets only a user token {{1}}.': 'ВКонтакте позволяет это только токену администратора: {{1}}.',
  'wall and photos': 'wall и photos',
  'wall and video': 'wall и video',
  'wall and stats': 'wall и stats',
  'upload videos': 'загружать видео',
  'make polls': 'создавать опросы',
  'edit posts': 'править посты',
  'delete posts': 'удалять посты',
  'pin posts': 'закреплять посты',
  'read statistics': 'читать статистику',
  'Texts of up to {{1}} characters.': 'Тексты до {{1}} [[1|знака|знаков|знаков]].',
  'Up to 10 videos in a post; VK goes on working on them after it is public.':
    'До 10 видео в посте; ВКонтакте обрабатывает их и после выхода.',
  'Texts, and videos that are linked to.': 'Тексты и ссылки на видео.',
  'VK lets these access tokens upload no documents.': 'Документы с этими токенами загрузить нельзя.',
  'Texts with links.': 'Тексты со ссылками.',
  'Give the community token the right documents, in VK: Manage, API usage.':
    'Дайте ключу сообщества право на документы: «Управление» → «Работа с API».',
  'One document or GIF in a post; no music and no programs.':
    'Один документ или GIF в посте; не музыка и не программы.',
  'VK takes no audio from outside, and refuses music as documents.':
    'Аудио со стороны ВКонтакте не принимает, и музыку документами тоже.',
  'A link to it, or a video of it.': 'Ссылка на неё или видео с ней.',
  'One poll in a post, beside a text or images, with up to 10 answers.':
    'Один опрос в посте рядом с текстом или картинками, до 10 ответов.',
  'Posts without a poll.': 'Посты без опроса.',
  'Published posts can be edited; comments cannot.': 'Опубликованные посты можно править, комментарии нет.',
  'Editing by hand in VK.': 'Правка вручную во ВКонтакте.',
  'Published posts and comments can be deleted.': 'Опубликованные посты и комментарии можно удалить.',
  'Deleting by hand in VK.': 'Удаление вручную во ВКонтакте.',
  'Posts can be pinned.': 'Посты можно закреплять.',
  'Pinning by hand in VK.': 'Закрепление вручную во ВКонтакте.',
  'The community can comment on its posts, and longer posts go on in comments.':
    'Сообщество комментирует свои посты, и длинные посты продолжаются в комментариях.',
  'Outpost can read the wall and find out whether a post went out.':
    'Outpost читает стену и узнаёт, вышел ли пост.',
  'These tokens may not read the wall. If it stays unknown whether a post went out, Outpost asks you.':
    'Стену эти токены не читают. Если неясно, вышел ли пост, Outpost спросит вас.',
  'Publishing itself.': 'Сама публикация.',
  'Publishing itself; and VK tells of new posts, which answers most such cases.':
    'Сама публикация; и ВКонтакте сообщает о новых постах, чего почти всегда хватает.',
  'Reach and visitors of the community and its posts.': 'Охват и посетители сообщества и его постов.',
  'Figures that readers see.': 'Показатели, которые видят читатели.',
  'Up to 10 photos in a post.': 'До 10 фотографий в посте.',
  'VK lets no community token upload photos.': 'Ключу сообщества ВКонтакте не даёт загружать фотографии.',
  'VK lets these access tokens upload neither photos nor documents.':
    'Ни фотографии, ни документы с этими токенами загрузить нельзя.',
  '{{1}} Or give the community token the right documents, and allow sending photos as documents.':
    '{{1}} Или дайте ключу сообщества право на документы и разрешите отправлять фотографии документами.',
  'One image in a post, sent as a document: {{1}} {{2}}': 'Одна картинка в посте, документом: {{1}} {{2}}',
  'This user token lacks the right photos.': 'У этого токена администратора нет права photos.',
  'Texts with links, documents and GIFs.': 'Тексты со ссылками, документы и GIF.',
  '{{1}} Or allow sending photos as documents in the settings of this community.':
    '{{1}} Или разрешите в настройках сообщества отправлять фотографии документами.',
  'Publishing; new comments, likes and followers are not seen as they come.':
    'Публикация; новые комментарии, лайки и подписчики сразу не видны.',
  'These access tokens may not set up messages from VK about the community.':
    'Этим токенам нельзя настроить сообщения ВКонтакте о сообществе.',
  'Give the community token the right to manage the community, in VK: Manage, API usage.':
    'Дайте ключу сообщества право управления: «Управление» → «Работа с API».',
  'VK tells Outpost of new posts, comments, likes and followers.':
    'ВКонтакте сообщает Outpost о новых постах, комментариях, лайках и подписчиках.',
  'It is switched off in the settings of this community.': 'В настройках этого сообщества это выключено.',
  'Switch callback on there.': 'Включите там сообщения от ВКонтакте.',

  // A post for VK
  'Shorten it.': 'Сократите его.',
  'With this access token an image is sent as a document, and VK takes one document. Remove the others, or add a user token of an administrator with the rights wall and photos.':
    'С этим токеном картинка уходит документом, а документ возможен один. Уберите остальные или добавьте токен администратора с правами wall и photos.',
  'These access tokens cannot upload photos to VK. Add a user token of an administrator with the rights wall and photos, or allow sending photos as documents in the settings of the community.':
    'С этими токенами фотографии не загрузить. Добавьте токен администратора с правами wall и photos или разрешите в настройках сообщества отправлять фотографии документами.',
  'Only a user token of an administrator with the rights wall and video can upload videos to VK. Add one, or take the video out.':
    'Видео загружает только токен администратора с правами wall и video. Добавьте его или уберите видео.',
  'These access tokens cannot upload documents to VK. Give the community token the right documents, or take the file out.':
    'С этими токенами документы не загрузить. Дайте ключу сообщества право на документы или уберите файл.',
  'VK takes no audio from outside, and refuses music as documents. Take it out for VK, or make a video of it.':
    'Аудио со стороны ВКонтакте не принимает, и музыку документами тоже. Уберите её или сделайте видео.',
  'VK takes one file in a post, and a GIF or an image that goes as a document counts as one. Remove the others.':
    'ВКонтакте принимает в посте один файл; GIF или картинка документом — тоже файл. Уберите остальные.',
  'VK takes {{1}} photos and videos together, the post has {{2}}. Remove some.':
    'ВКонтакте принимает {{1}} фото и видео вместе, в посте {{2}}. Уберите лишние.',
  'VK takes no music and no programs as documents. Take the file out for VK, or put it into an archive.':
    'Музыку и программы документами ВКонтакте не принимает. Уберите файл или положите в архив.',
  'VK takes a GIF whose width is 0.66 to 2.5 times its height. Cut it to that shape.':
    'ВКонтакте принимает GIF с шириной от 0,66 до 2,5 высоты. Обрежьте его.',
  'VK takes a poll in a post, not in a comment. Move it to the first part.':
    'Опрос возможен в посте, но не в комментарии. Перенесите его в сам пост.',
  'VK lets only a user token of an administrator with the right wall make polls. Add one, or take the poll out.':
    'Опрос создаёт только токен администратора с правом wall. Добавьте его или уберите опрос.',
  'VK publishes no poll by itself. Write a text, which may be the question, or add an image.':
    'Один опрос ВКонтакте не публикует. Напишите текст, хотя бы сам вопрос, или добавьте картинку.',
  'VK has polls, but no quizzes. Make an ordinary poll of it for VK.':
    'Во ВКонтакте есть опросы, но нет викторин. Сделайте обычный опрос.',
  'Add a user token of an administrator with the right wall, or switch this off.':
    'Добавьте токен администратора с правом wall или выключите это.',
  'The token of a community posts as the community. {{1}}':
    'Ключ сообщества публикует от имени сообщества. {{1}}',
  'The token of a community names no author. {{1}}': 'Ключ сообщества автора не называет. {{1}}',
  'Only a post of the community can be signed. Switch from_group on.':
    'Подписать можно только пост от имени сообщества. Включите это.',
  'Only a user token is sure to set this mark. {{1}}':
    'Эту пометку надёжно ставит только токен администратора. {{1}}',
  'The token of a community cannot pin. {{1}}': 'Ключ сообщества закреплять не может. {{1}}',
  'The token of a community cannot delete. {{1}}': 'Ключ сообщества удалять не может. {{1}}',
  'Further parts stand as comments under the post, and its comments are to be closed. Leave them open.':
    'Продолжения выходят комментариями, а комментарии закрыты. Оставьте их открытыми.',
  'The token of a community comments as the community. {{1}}':
    'Ключ сообщества комментирует от имени сообщества. {{1}}',
  'VK will show the image as a document: this access token cannot upload photos.':
    'Картинка выйдет документом: этот токен не может загружать фотографии.',
  'VK shows plain text: bold, italic and other formatting is left out. Links keep their address.':
    'ВКонтакте показывает простой текст: оформление пропадёт, адреса ссылок останутся.',
  'VK has no spoilers: the hidden text is readable there. Write another text for VK.':
    'Спойлеров во ВКонтакте нет: скрытый текст будет виден. Напишите для ВКонтакте другой текст.',
  'VK has no such option. Leave it out.': 'Такой настройки во ВКонтакте нет. Уберите её.',
  'must be grid or carousel': 'должно быть grid или carousel',

  // What VK answered
  'Add a user token of an administrator with the right wall.': 'Добавьте токен администратора с правом wall.',
  'This part is a comment under the post, which cannot be edited from here. Edit it in VK.':
    'Это продолжение — комментарий под постом, отсюда его не исправить. Исправьте во ВКонтакте.',
  'VK lets no community token edit posts. {{1}}': 'Ключу сообщества ВКонтакте не даёт править посты. {{1}}',
  'VK pins posts, not comments.': 'ВКонтакте закрепляет посты, а не комментарии.',
  'The post that this part belongs under is not known.':
    'Неизвестно, под каким постом стоит это продолжение.',
  'Publish this text as a post of its own, or as a comment by hand.':
    'Опубликуйте этот текст отдельным постом или комментарием вручную.',
  'A file or the poll is not uploaded to VK yet.': 'Файл или опрос ещё не загружен во ВКонтакте.',
  'VK does not accept the access token: it expired, was revoked, or its owner lost the community.':
    'ВКонтакте не принимает токен: он истёк, отозван, или его владелец больше не управляет сообществом.',
  'Make a new access token in the settings of the community and connect it again.':
    'Создайте новый токен в настройках сообщества и подключите его снова.',
  'This access token has not the right that VK wants here.': 'У этого токена нет права, которое здесь нужно.',
  'Give the token this right in the settings of the community (API usage), or add a user token of an administrator.':
    'Дайте токену это право в настройках сообщества («Работа с API») или добавьте токен администратора.',
  'VK does not allow this with an access token of this kind.':
    'С токеном такого вида ВКонтакте этого не позволяет.',
  'Add a user token of an administrator with the rights wall and photos.':
    'Добавьте токен администратора с правами wall и photos.',
  'VK refuses the content of the request.': 'ВКонтакте не принимает содержание запроса.',
  'Check the text and the files of the post.': 'Проверьте текст и файлы поста.',
  'VK does not let this access token upload a video to the community.':
    'С этим токеном видео в сообщество не загрузить.',
  'Give the user token the right video, and check that its owner may add videos to the community.':
    'Дайте токену администратора право video и проверьте, что он может добавлять видео в сообщество.',
  'VK does not let the community comment here: comments are closed, or the right is missing.':
    'Сообществу нельзя здесь комментировать: комментарии закрыты или нет права.',
  'Open the comments of the post in VK, or give the access token the right.':
    'Откройте комментарии поста во ВКонтакте или дайте токену право.',
  'VK wants a person to confirm that this is no robot; nothing was published.':
    'ВКонтакте просит подтвердить, что вы не робот; ничего не опубликовано.',
  'Open VK in a browser with the account of the token, make a post there by hand or answer the check, then publish again.':
    'Откройте ВКонтакте в браузере под аккаунтом токена, сделайте там пост вручную или пройдите проверку и опубликуйте снова.',
  'VK reported a fault of its own and did not say whether it carried out the request.':
    'ВКонтакте сообщил о своей ошибке и не сказал, выполнен ли запрос.',
  'The VK application of this access token is switched off.': 'Приложение ВКонтакте этого токена выключено.',
  'Switch the application on in VK, or use another token.':
    'Включите приложение во ВКонтакте или возьмите другой токен.',
  'Too many requests to VK in one second.': 'Слишком много запросов к ВКонтакте за секунду.',
  'VK stopped the community for a while: too many actions, or the same ones again.':
    'ВКонтакте остановил сообщество на время: слишком много действий или одни и те же.',
  'Change the text if it repeats an earlier post.': 'Измените текст, если он повторяет прежний пост.',
  'The account of this access token is blocked or deleted at VK.':
    'Аккаунт этого токена во ВКонтакте заблокирован или удалён.',
  'Use a token of another administrator.': 'Возьмите токен другого администратора.',
  'VK blocked this content or this community.': 'ВКонтакте заблокировал этот пост или это сообщество.',
  'VK did not take the uploaded file.': 'ВКонтакте не принял загруженный файл.',
  'Upload the file again.': 'Загрузите файл снова.',
  'VK switched this method off.': 'ВКонтакте выключил этот метод.',
  'The daily number of such requests to VK is used up.': 'Дневной запас таких запросов к ВКонтакте исчерпан.',
  'VK does not know the application of this access token.': 'ВКонтакте не знает приложения этого токена.',
  'Use another access token.': 'Возьмите другой токен.',
  'VK does not find what the request names.': 'ВКонтакте не находит того, что названо в запросе.',
  'Check that the community still exists.': 'Проверьте, что сообщество ещё есть.',
  'VK could not save the document.': 'ВКонтакте не смог сохранить документ.',
  'Upload the file again, or use another one.': 'Загрузите файл снова или возьмите другой.',
  'VK did not recognise its own upload.': 'ВКонтакте не узнал собственную загрузку.',
  'Publish again; the file is uploaded anew.': 'Опубликуйте снова: файл загрузится заново.',
  'VK does not know this community.': 'ВКонтакте не знает этого сообщества.',
  'VK refuses an image.': 'ВКонтакте не принимает картинку.',
  'Save it again as JPEG or PNG and replace it in the post.':
    'Сохраните её заново как JPEG или PNG и замените в посте.',
  'VK does not let this access token post on the wall of the community.':
    'С этим токеном публиковать на стене сообщества нельзя.',
  'Check that the wall is open and that the owner of the token may post in the name of the community.':
    'Проверьте, что стена открыта и владелец токена может публиковать от имени сообщества.',
  'VK allows no more advertising here for now: an advertising post was added recently.':
    'Рекламы здесь пока больше нельзя: рекламный пост был недавно.',
  'Publish it later.': 'Опубликуйте позже.',
  'VK paused the community: its posts reached too many recipients.':
    'ВКонтакте приостановил сообщество: его посты дошли до слишком многих.',
  'VK forbids links in this post.': 'ВКонтакте запрещает ссылки в этом посте.',
  'Remove the links from the text.': 'Уберите ссылки из текста.',
  'Too many comments from this community in a short time.':
    'Слишком много комментариев сообщества за короткое время.',
  'VK allows no more advertising posts in this community for now.':
    'Рекламных постов в этом сообществе пока больше нельзя.',
  'VK Donut is switched off in this community.': 'VK Donut в этом сообществе выключен.',
  'Switch it on in VK.': 'Включите его во ВКонтакте.',
  'VK did not delete the comment.': 'ВКонтакте не удалил комментарий.',
  'Delete it by hand in VK.': 'Удалите его вручную во ВКонтакте.',
  'VK does not let this access token use the poll.': 'С этим токеном опрос использовать нельзя.',
  'Publish without the poll.': 'Опубликуйте без опроса.',
  'VK does not find the poll.': 'ВКонтакте не находит опрос.',
  'Publish again; the poll is made anew.': 'Опубликуйте снова: опрос создастся заново.',
  'Too many actions in this VK community today.': 'Сегодня в этом сообществе уже слишком много действий.',
  'VK wants two-factor sign-in for this.': 'Для этого ВКонтакте требует двухфакторный вход.',
  'Switch on two-factor sign-in for the account of the token.':
    'Включите двухфакторный вход для аккаунта этого токена.',
  'The community has ten servers for the Callback API already, which is all that VK takes.':
    'У сообщества уже десять серверов Callback API, больше нельзя.',
  'Remove one in VK: Manage, API usage, Callback API.':
    'Уберите один: «Управление» → «Работа с API» → «Callback API».',
  'VK gave no usable answer.': 'ВКонтакте не дал понятного ответа.',
  'VK takes no more posts of this community today. The count starts again at midnight, Moscow time.':
    'Сегодня ВКонтакте больше не принимает постов этого сообщества. Счёт начнётся заново в полночь по Москве.',
  'the access tokens of this community, none of which may read the wall':
    'токены этого сообщества, ни один из которых не читает стену',
  'Too much appeared on the wall since the send.': 'После отправки на стене появилось слишком много.',
  'The access tokens of this VK community cannot upload a file of this kind.':
    'С токенами этого сообщества такой файл не загрузить.',
  'Take the file out, or add a user token of an administrator with the rights for it.':
    'Уберите файл или добавьте токен администратора с нужными правами.',
  'VK did not take a file.': 'ВКонтакте не принял файл.',
  'Save it again in a usual form (image: JPEG or PNG; video: MP4), smaller if it is large, and replace it in the post.':
    'Сохраните его в обычном виде (картинка — JPEG или PNG, видео — MP4), поменьше, если велик, и замените в посте.',
  'VK could not confirm the address of this installation.':
    'ВКонтакте не смог подтвердить адрес этой установки.',
  'PUBLIC_URL must lead here from outside.': 'PUBLIC_URL должен вести сюда снаружи.',
  'It is not known which community this is.': 'Неизвестно, какое это сообщество.',
};
