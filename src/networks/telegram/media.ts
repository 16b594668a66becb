import { capabilityOf, type Fit, filesOf } from '../fit.ts';
import type { Json, MediaItem, MediaKind, Message, Remark } from '../message.ts';
import type { Limits, Place } from '../network.ts';
import type { TelegramOptions } from './options.ts';
import { detailsOf, filesMost } from './place.ts';

const photoMost = 10_485_760;
const albumMost = 10;
const file = { most: albumMost, bytes: filesMost.local };

/** At best: what is above 50 MB needs a Bot API server of the owner's own. */
export const telegramLimits = {
  text: { most: 4096, unit: 'utf16_code_units' },
  caption: { most: 1024, unit: 'utf16_code_units' },
  media: albumMost,
  images: { most: albumMost, bytes: photoMost, mimes: ['image/jpeg', 'image/png', 'image/webp'] },
  video: { ...file, mimes: ['video/mp4'] },
  animation: { ...file, most: 1, mimes: ['image/gif', 'video/mp4'] },
  audio: { ...file, mimes: ['audio/mpeg', 'audio/mp4'] },
  voice: { ...file, most: 1, mimes: ['audio/ogg', 'audio/mpeg', 'audio/mp4'] },
  document: { ...file, mimes: null },
  poll: { question: 300, option: 100, least: 1, most: 12 },
} as const satisfies Limits;

/** How each kind is sent: the method, and the field that holds it in its parameters and in the answer. */
export const methods: Readonly<Record<MediaKind, { method: string; field: string }>> = {
  image: { method: 'sendPhoto', field: 'photo' },
  video: { method: 'sendVideo', field: 'video' },
  animation: { method: 'sendAnimation', field: 'animation' },
  audio: { method: 'sendAudio', field: 'audio' },
  voice: { method: 'sendVoice', field: 'voice' },
  document: { method: 'sendDocument', field: 'document' },
};

/** Kinds that may stand together in one album. */
export function albumGroup(kind: MediaKind): 'pictures' | 'audio' | 'document' | null {
  if (kind === 'image' || kind === 'video') return 'pictures';
  return kind === 'audio' || kind === 'document' ? kind : null;
}

/** Whether the kind can be covered, and have its text above. */
export function isPicture(kind: MediaKind): boolean {
  return kind === 'image' || kind === 'video' || kind === 'animation';
}

/** The rules for media at this place. */
export function mediaRules(place: Place): Pick<Fit, 'media' | 'files' | 'tooMany' | 'sides' | 'ratio'> {
  const bytes = Math.min(detailsOf(place).files_most, filesMost.local);
  const tooBig =
    bytes < filesMost.local
      ? 'Make it smaller. More, up to 2000 MB, goes only through a Bot API server of your own.'
      : 'Make it smaller.';
  const { images, video, animation, audio, voice, document } = telegramLimits;
  return {
    media: telegramLimits.media,
    tooMany: 'Remove some.',
    sides: 10_000,
    ratio: 20,
    files: filesOf({
      image: { ...images, tooBig: 'Make it smaller, or attach it as a document.' },
      video: {
        ...video,
        bytes,
        tooBig,
        otherType:
          'Save it as MP4 (H.264 with AAC), or attach it as a document: then readers download it instead of playing it.',
      },
      animation: { ...animation, bytes, tooBig },
      audio: {
        ...audio,
        bytes,
        tooBig,
        otherType: 'Save it as MP3 or M4A, or attach it as a document.',
      },
      voice: {
        ...voice,
        bytes,
        tooBig,
        otherType: 'Save it as OGG with Opus, MP3 or M4A, or attach it as a document.',
      },
      document: { ...document, bytes, tooBig },
    }),
  };
}

/** What cannot stand in one album, and what this group does not let the bot send. */
export function mediaProblems({ media }: Message, place: Place, album: boolean): Remark[] {
  const problems: Remark[] = [];
  const { rights } = detailsOf(place);
  for (const kind of new Set(media.map((item) => item.kind))) {
    // That no file of a capability is allowed is told by the capability.
    if (rights?.[kind] !== false || !place.capabilities[capabilityOf[kind]].available) continue;
    problems.push({
      path: `/media_ids/${media.findIndex((item) => item.kind === kind)}`,
      code: 'not_allowed',
      message: `The bot may not send a file of this kind here (${methods[kind].field}). Make it an administrator of the group, or allow it in the group's permissions.`,
    });
  }
  if (!album) return problems;
  const [first] = media;
  for (const [index, { kind }] of media.entries()) {
    const path = `/media_ids/${index}`;
    if (albumGroup(kind) === null) {
      problems.push({
        path,
        code: 'not_in_album',
        message: `Telegram takes no ${kind === 'voice' ? 'voice message' : 'animation'} into an album. Post it by itself, or as a further part.`,
      });
    } else if (first && albumGroup(first.kind) !== null && albumGroup(kind) !== albumGroup(first.kind)) {
      problems.push({
        path,
        code: 'mixed_album',
        message:
          'Telegram puts images and videos together in an album, documents only with documents, audio only with audio. Post the others as a further part.',
      });
    }
  }
  return problems;
}

/** Parameters of one file besides the file itself, the same alone and in an album. */
export function fileParams(item: MediaItem, options: TelegramOptions): { [key: string]: Json } {
  const { kind, width, height, duration } = item;
  const picture = isPicture(kind);
  const moving = kind === 'video' || kind === 'animation';
  return {
    ...(moving && width !== null && height !== null && { width, height }),
    ...(kind !== 'image' && kind !== 'document' && duration !== null && { duration: Math.round(duration) }),
    ...(kind === 'video' && { supports_streaming: true }),
    ...(picture && options.spoiler === true && { has_spoiler: true }),
    ...(picture && options.caption_above === true && { show_caption_above_media: true }),
    // Else Telegram would show an animation or a video that was meant as a file.
    ...(kind === 'document' && { disable_content_type_detection: true }),
  };
}
