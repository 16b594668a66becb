import { type Entity, plainText } from '../../text/formatted.ts';
import { type FileFit, filesOf, fit } from '../fit.ts';
import type { Composition, Json, Live, MediaItem, MediaKind, Message, Remark } from '../message.ts';
import type { CapabilityName, Place } from '../network.ts';
import { detailsOf, type VkDetails, wallOf } from './call.ts';
import { attachedMost, imageMimes, optionsOf, settingsOf, type VkOptions, vkLimits } from './options.ts';

/** How VK carries a file on a wall. */
export type Carrier = 'photo' | 'video' | 'doc';

/** null: this connection cannot upload such a file, or VK takes none. */
export function carrierOf(item: Pick<MediaItem, 'kind' | 'mime'>, place: Place): Carrier | null {
  const details = detailsOf(place);
  const { photos_as_documents } = settingsOf(place);
  const doc = details.documents_with === null ? null : 'doc';
  const video = details.video ? 'video' : null;
  if (item.kind === 'image') {
    if (details.image_mode === 'photo') return 'photo';
    return photos_as_documents ? doc : null;
  }
  if (item.kind === 'video') return video;
  // VK moves GIF files by itself; a film without sound is a video to it.
  if (item.kind === 'animation') return item.mime === 'image/gif' ? doc : video;
  return item.kind === 'document' ? doc : null;
}

/** The text as VK gets it: plain, with the addresses of its links, and VK's own mentions. */
export function renderVk({ text, entities }: Pick<Message, 'text' | 'entities'>): string {
  return plainText({ text, entities }, { mention });
}

function mention({ network, id }: Entity, shown: string): string | null {
  // Inside a mention these two would end it.
  const name = shown.replace(/[\]|]/g, ' ').trim();
  return network === 'vk' && id !== undefined && name !== '' ? `[${id}|${name}]` : null;
}

export function liveVk(message: Message): Live {
  return {
    text: renderVk(message),
    media: message.media.map(({ id, kind }) => ({ id, kind })),
    poll: message.poll !== null,
    comments: message.after?.first ?? null,
  };
}

/** Comments go with the post that they stand under. */
export function afterwardsVk(message: Message): { pin: boolean; deleteAfter: number | null } {
  if (message.after !== null) return { pin: false, deleteAfter: null };
  const { pin, delete_after_hours: hours } = optionsOf(message).options;
  return { pin, deleteAfter: hours === null ? null : Math.round(hours * 3_600_000) };
}

/**
 * A post, or, for what follows it, a comment under it. `$media` and `$poll` stand for handles of staging, `$client_key`
 * for the key, `$first` for the number of the post that is not published yet.
 */
export function composeVk(message: Message, place: Place): Composition {
  const details = detailsOf(place);
  const { text_limit } = settingsOf(place);
  const { options, problem } = optionsOf(message);
  const text = renderVk(message);
  const { length, problems } = fit(
    { ...message, text },
    {
      title: 'VK',
      text: text_limit,
      tooLong: 'Shorten it.',
      media: vkLimits.media,
      tooMany: message.media.some((item) => item.kind === 'image' && carrierOf(item, place) === 'doc')
        ? 'With this access token an image is sent as a document, and VK takes one document. Remove the others, or add a user token of an administrator with the rights wall and photos.'
        : 'Remove some.',
      files: filesFor(message, place),
      sides: 14_000,
      ratio: 20,
      poll: vkLimits.poll,
    },
  );
  problems.push(
    ...(problem === null ? [] : [problem]),
    ...kindProblems(message, place),
    ...fileProblems(message, place),
    ...pollProblems(message, details),
    ...(message.after === null ? postOptionProblems(options, details) : commentProblems(options, details)),
  );
  const attachments: Json[] = message.media.map((item) => ({ $media: item.id }));
  if (message.poll !== null) attachments.push({ $poll: true });
  // A comma would end the address.
  if (options.link !== null && message.after === null) attachments.push(options.link.replaceAll(',', '%2C'));
  const content = {
    ...(text === '' ? {} : { message: text }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
  const request =
    message.after === null
      ? {
          method: 'wall.post',
          params: {
            owner_id: wallOf(place),
            from_group: Number(options.from_group),
            ...content,
            ...fieldsOf(options),
            ...(options.mute_notifications ? { mute_notifications: 1 } : {}),
            guid: { $client_key: true },
          },
        }
      : {
          method: 'wall.createComment',
          params: {
            owner_id: wallOf(place),
            post_id: message.after.first ?? { $first: true },
            ...(options.from_group ? { from_group: Number(place.externalId) } : {}),
            ...content,
            guid: { $client_key: true },
          },
        };
  return { request, length, problems, warnings: warningsOf(message, place) };
}

/** What `wall.post` and `wall.edit` take alike; what is left out is off. */
export function fieldsOf(options: VkOptions): Record<string, Json> {
  const { signed, close_comments, copyright, mark_as_ads, attachments_mode } = options;
  return {
    ...(signed ? { signed: 1 } : {}),
    ...(close_comments ? { close_comments: 1 } : {}),
    ...(copyright === null ? {} : { copyright }),
    ...(mark_as_ads ? { mark_as_ads: 1 } : {}),
    // Younger than the schema that VK publishes.
    ...(attachments_mode === null ? {} : { primary_attachments_mode: attachments_mode }),
  };
}

/** Kinds that this connection cannot upload have one problem of their own, so no limit is held against them. */
function filesFor(message: Message, place: Place): Record<MediaKind, FileFit> {
  const free: FileFit = { most: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY, mimes: null };
  const kinds: Partial<Record<MediaKind, FileFit>> = {
    image: vkLimits.images,
    video: vkLimits.video,
    animation: vkLimits.animation,
    document: vkLimits.document,
  };
  for (const item of message.media) {
    const carrier = carrierOf(item, place);
    if (carrier === null) kinds[item.kind] = free;
    else if (item.kind === 'image' && carrier === 'doc') {
      kinds.image = { ...vkLimits.images, most: 1, mimes: [...imageMimes, 'image/webp'] };
    } else if (item.kind === 'animation' && carrier === 'video') {
      kinds.animation = { ...vkLimits.video, mimes: vkLimits.animation.mimes };
    }
  }
  return filesOf(kinds);
}

const adviceFor: Readonly<Record<'images' | 'video' | 'documents' | 'audio', string>> = {
  images:
    'These access tokens cannot upload photos to VK. Add a user token of an administrator with the rights wall and photos, or allow sending photos as documents in the settings of the community.',
  video:
    'Only a user token of an administrator with the rights wall and video can upload videos to VK. Add one, or take the video out.',
  documents:
    'These access tokens cannot upload documents to VK. Give the community token the right documents, or take the file out.',
  audio:
    'VK takes no audio from outside, and refuses music as documents. Take it out for VK, or make a video of it.',
};

function kindProblems({ media }: Message, place: Place): Remark[] {
  const names = new Set<keyof typeof adviceFor>();
  for (const item of media) if (carrierOf(item, place) === null) names.add(capabilityOf(item));
  return [...names].map((name) => ({
    path: '/media_ids',
    code: `${name}_unavailable`,
    message: adviceFor[name],
  }));
}

function capabilityOf({ kind, mime }: MediaItem): keyof typeof adviceFor & CapabilityName {
  if (kind === 'image') return 'images';
  if (kind === 'audio' || kind === 'voice') return 'audio';
  if (kind === 'video') return 'video';
  return kind === 'animation' && mime !== 'image/gif' ? 'video' : 'documents';
}

/** What `fit` does not know: kinds that share a limit, and what VK refuses as a document. */
function fileProblems({ media }: Message, place: Place): Remark[] {
  const problems: Remark[] = [];
  const carriers = media.map((item) => carrierOf(item, place));
  const documents = [...media.keys()].filter((index) => carriers[index] === 'doc');
  const shown = [...media.keys()].filter(
    (index) => carriers[index] === 'photo' || carriers[index] === 'video',
  );
  const mixed = (places: number[]) => new Set(places.map((index) => media[index]?.kind)).size > 1;
  if (documents.length > 1 && mixed(documents)) {
    problems.push({
      path: `/media_ids/${documents[1]}`,
      code: 'too_many_documents',
      message:
        'VK takes one file in a post, and a GIF or an image that goes as a document counts as one. Remove the others.',
    });
  }
  if (shown.length > attachedMost && mixed(shown)) {
    problems.push({
      path: `/media_ids/${shown[attachedMost]}`,
      code: 'too_many_files',
      message: `VK takes ${attachedMost} photos and videos together, the post has ${shown.length}. Remove some.`,
    });
  }
  for (const index of documents) {
    const item = media[index];
    if (!item) continue;
    const path = `/media_ids/${index}`;
    if (item.mime.startsWith('audio/') || /\.(mp3|exe|msi|bat|cmd|com|scr)$/i.test(item.name ?? '')) {
      problems.push({
        path,
        code: 'wrong_type',
        message:
          'VK takes no music and no programs as documents. Take the file out for VK, or put it into an archive.',
      });
    }
    const { width, height } = item;
    if (item.kind !== 'animation' || width === null || height === null || height === 0) continue;
    if (width / height < 0.66 || width / height > 2.5) {
      problems.push({
        path,
        code: 'wrong_shape',
        message: 'VK takes a GIF whose width is 0.66 to 2.5 times its height. Cut it to that shape.',
      });
    }
  }
  return problems;
}

function pollProblems({ poll, text, media, after }: Message, details: VkDetails): Remark[] {
  if (poll === null) return [];
  if (after !== null) {
    return [
      {
        path: '/poll',
        code: 'poll_in_comment',
        message: 'VK takes a poll in a post, not in a comment. Move it to the first part.',
      },
    ];
  }
  const problems: Remark[] = [];
  if (!details.manages) {
    problems.push({
      path: '/poll',
      code: 'polls_unavailable',
      message:
        'VK lets only a user token of an administrator with the right wall make polls. Add one, or take the poll out.',
    });
  }
  if (text.trim() === '' && media.length === 0) {
    problems.push({
      path: '/text',
      code: 'poll_alone',
      message: 'VK publishes no poll by itself. Write a text, which may be the question, or add an image.',
    });
  }
  if (poll.quiz !== null) {
    problems.push({
      path: '/poll/quiz',
      code: 'quiz_unavailable',
      message: 'VK has polls, but no quizzes. Make an ordinary poll of it for VK.',
    });
  }
  return problems;
}

const askUserToken = 'Add a user token of an administrator with the right wall, or switch this off.';

function postOptionProblems(options: VkOptions, details: VkDetails): Remark[] {
  const problems: Remark[] = [];
  const refuse = (name: keyof VkOptions, code: string, message: string) =>
    problems.push({ path: `/options/${name}`, code, message });
  const byPerson = details.writes_with === 'user';
  if (!options.from_group && !byPerson) {
    refuse(
      'from_group',
      'needs_user_token',
      `The token of a community posts as the community. ${askUserToken}`,
    );
  }
  if (options.signed && !byPerson) {
    refuse('signed', 'needs_user_token', `The token of a community names no author. ${askUserToken}`);
  }
  if (options.signed && !options.from_group) {
    refuse('signed', 'needs_from_group', 'Only a post of the community can be signed. Switch from_group on.');
  }
  // Nothing says that a community token can set the mark, and an advertisement without it breaks the law.
  if (options.mark_as_ads && !byPerson) {
    refuse('mark_as_ads', 'needs_user_token', `Only a user token is sure to set this mark. ${askUserToken}`);
  }
  if (options.pin && !details.manages) {
    refuse('pin', 'needs_user_token', `The token of a community cannot pin. ${askUserToken}`);
  }
  if (options.delete_after_hours !== null && !details.manages) {
    refuse(
      'delete_after_hours',
      'needs_user_token',
      `The token of a community cannot delete. ${askUserToken}`,
    );
  }
  return problems;
}

/** The options of a post hold for the post; a part that follows it only has to be able to stand there. */
function commentProblems(options: VkOptions, details: VkDetails): Remark[] {
  const problems: Remark[] = [];
  if (options.close_comments) {
    problems.push({
      path: '/options/close_comments',
      code: 'comments_closed',
      message:
        'Further parts stand as comments under the post, and its comments are to be closed. Leave them open.',
    });
  }
  if (!options.from_group && details.writes_with !== 'user') {
    problems.push({
      path: '/options/from_group',
      code: 'needs_user_token',
      message: `The token of a community comments as the community. ${askUserToken}`,
    });
  }
  return problems;
}

function warningsOf(message: Message, place: Place): Remark[] {
  const warnings: Remark[] = [];
  if (message.media.some((item) => item.kind === 'image' && carrierOf(item, place) === 'doc')) {
    warnings.push({
      path: '/media_ids',
      code: 'image_as_document',
      message: 'VK will show the image as a document: this access token cannot upload photos.',
    });
  }
  if (
    message.entities.some(({ type }) => type !== 'text_link' && type !== 'mention' && type !== 'blockquote')
  ) {
    warnings.push({
      path: '/entities',
      code: 'formatting_lost',
      message:
        'VK shows plain text: bold, italic and other formatting is left out. Links keep their address.',
    });
  }
  if (message.entities.some(({ type }) => type === 'spoiler')) {
    warnings.push({
      path: '/entities',
      code: 'spoiler_shown',
      message: 'VK has no spoilers: the hidden text is readable there. Write another text for VK.',
    });
  }
  return warnings;
}
