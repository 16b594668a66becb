import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { MediaItem, Poll } from '../message.ts';
import type { Place, Staged } from '../network.ts';
import { type Body, fileBody, post } from '../request.ts';
import { callVk, detailsOf, type VkAccess, wallOf } from './call.ts';
import { carrierOf } from './compose.ts';
import { noAnswer } from './errors.ts';

export const UploadServer = v.object({ upload_url: v.pipe(v.string(), v.regex(/^https?:\/\//)) });
const PhotoUpload = v.object({ server: v.number(), photo: v.string(), hash: v.string() });
const DocumentUpload = v.object({ file: v.pipe(v.string(), v.minLength(1)) });
/** The fields differ between VK's upload servers; one of them names the video. */
const VideoUpload = v.union([v.object({ video_id: v.number() }), v.object({ size: v.number() })]);
const Id = v.pipe(v.number(), v.safeInteger());
const Saved = v.object({ id: Id, owner_id: Id, access_key: v.optional(v.string()) });
const SavedPhotos = v.tupleWithRest([Saved], v.unknown());
const SavedDocument = v.object({ doc: Saved });
const SavedVideo = v.object({
  ...UploadServer.entries,
  video_id: Id,
  owner_id: Id,
  access_key: v.optional(v.string()),
});
const videoNameMost = 128;

/**
 * Uploads one item; nothing public. Photo and document: address, upload, save; video: entry, upload, after which VK
 * processes it by itself. The handle is an attachment as `wall.post` takes it. Throws {@link NetworkError}.
 */
export async function stageVk(access: VkAccess, place: Place, item: MediaItem): Promise<Staged> {
  const { documents_with } = detailsOf(place);
  const carrier = carrierOf(item, place);
  if (carrier === 'photo') return { handle: await stagePhoto(access, place, item), expiresAt: null };
  if (carrier === 'video') return { handle: await stageVideo(access, place, item), expiresAt: null };
  if (carrier === 'doc' && documents_with !== null) {
    const server = await callVk(
      access,
      documents_with,
      'docs.getWallUploadServer',
      { group_id: place.externalId },
      UploadServer,
    );
    const { file } = await upload(access, server.upload_url, await fileBody('file', item), DocumentUpload);
    const title: Record<string, string> = item.name === null ? {} : { title: item.name };
    const { doc } = await callVk(access, documents_with, 'docs.save', { file, ...title }, SavedDocument);
    return { handle: handleOf('doc', doc.owner_id, doc.id, doc.access_key), expiresAt: null };
  }
  throw new NetworkError('rejected', {
    code: 'kind_unavailable',
    message: 'The access tokens of this VK community cannot upload a file of this kind.',
    nextStep: 'Take the file out, or add a user token of an administrator with the rights for it.',
  });
}

async function stagePhoto(access: VkAccess, place: Place, item: MediaItem): Promise<string> {
  const group = { group_id: place.externalId };
  const server = await callVk(access, 'user', 'photos.getWallUploadServer', group, UploadServer);
  const uploaded = await upload(access, server.upload_url, await fileBody('photo', item), PhotoUpload);
  // VK refuses a photo with HTTP 200 and an empty list in place of the photo.
  if (uploaded.photo === '' || uploaded.photo === '[]') throw refusedFile();
  const [photo] = await callVk(
    access,
    'user',
    'photos.saveWallPhoto',
    { ...group, server: uploaded.server, photo: uploaded.photo, hash: uploaded.hash },
    SavedPhotos,
  );
  return handleOf('photo', photo.owner_id, photo.id, photo.access_key);
}

async function stageVideo(access: VkAccess, place: Place, item: MediaItem): Promise<string> {
  const name = (item.name ?? '').replace(/\.\w{1,5}$/, '').slice(0, videoNameMost) || 'Video';
  const params = { group_id: place.externalId, name, wallpost: 0 };
  const saved = await callVk(access, 'user', 'video.save', params, SavedVideo);
  await upload(access, saved.upload_url, await fileBody('video_file', item), VideoUpload);
  return handleOf('video', saved.owner_id, saved.video_id, saved.access_key);
}

/** Makes the poll of a post; it is on no wall until the post takes it there. Throws {@link NetworkError}. */
export async function stageVkPoll(access: VkAccess, place: Place, poll: Poll): Promise<Staged> {
  const made = await callVk(
    access,
    'user',
    'polls.create',
    {
      owner_id: wallOf(place),
      question: poll.question,
      add_answers: JSON.stringify(poll.options),
      is_anonymous: Number(poll.anonymous),
      is_multiple: Number(poll.multiple),
    },
    v.object({ id: Id, owner_id: Id }),
  );
  return { handle: handleOf('poll', made.owner_id, made.id), expiresAt: null };
}

/** Sends a file to the address that VK gave; the address carries a signature and stays out of every error. */
async function upload<T>(
  access: VkAccess,
  url: string,
  body: Body,
  schema: v.GenericSchema<unknown, T>,
): Promise<T> {
  const answer = await post(url, body, access);
  if (answer.status === 413) throw refusedFile();
  let told: unknown = null;
  try {
    told = JSON.parse(answer.text);
  } catch {
    // Not JSON: no answer.
  }
  if (answer.status < 300 && v.is(v.object({ error: v.unknown() }), told)) throw refusedFile();
  const parsed = v.safeParse(schema, told);
  if (answer.status === 200 && parsed.success) return parsed.output;
  throw noAnswer(answer.status);
}

function refusedFile(): NetworkError {
  return new NetworkError('rejected', {
    code: 'upload_refused',
    message: 'VK did not take a file.',
    nextStep:
      'Save it again in a usual form (image: JPEG or PNG; video: MP4), smaller if it is large, and replace it in the post.',
  });
}

function handleOf(kind: 'photo' | 'doc' | 'video' | 'poll', owner: number, id: number, key?: string): string {
  return `${kind}${owner}_${id}${key ? `_${key}` : ''}`;
}
