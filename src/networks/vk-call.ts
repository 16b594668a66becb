import * as v from 'valibot';
import { type Access, type MediaItem, NetworkError, type Place, type Staged } from './network.ts';
import { type Body, fileBody, formBody, post } from './request.ts';
import { noAnswer, vkResponse } from './vk-errors.ts';

const apiVersion = '5.199';

const Token = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^[\x21-\x7e]{8,1000}$/, 'must be an access token of VK, without blanks'),
);
export const VkCredentials = v.pipe(
  v.strictObject({ community_token: v.optional(Token), user_token: v.optional(Token) }),
  v.check(
    (tokens) => tokens.community_token !== undefined || tokens.user_token !== undefined,
    'needs the access token of the community (community_token), of a user (user_token), or both',
  ),
);
export type VkCredentials = v.InferOutput<typeof VkCredentials>;
export type VkAccess = Access<VkCredentials>;
export type TokenKind = 'community' | 'user';

/** What `connect` found out; kept in `Place.details`. */
export const VkDetails = v.object({
  screen_name: v.fallback(v.nullable(v.string()), null),
  image_mode: v.fallback(v.picklist(['photo', 'document', 'none']), 'none'),
  writes_with: v.fallback(v.picklist(['community', 'user']), 'community'),
  reads_with: v.fallback(v.nullable(v.literal('user')), null),
  user_id: v.fallback(v.nullable(v.string()), null),
});

/**
 * One call of the VK API: one request, whatever comes back. vk-io is not used here: it sends a write up to four times
 * when an answer is lost, waits for ever on error 6, and takes any body without `error` for a success.
 * Throws {@link NetworkError}.
 */
export async function callVk<T>(
  access: VkAccess,
  kind: TokenKind,
  method: string,
  params: Readonly<Record<string, string | number>>,
  schema: v.GenericSchema<unknown, T>,
): Promise<T> {
  const token = kind === 'user' ? access.credentials.user_token : access.credentials.community_token;
  if (token === undefined) {
    throw new NetworkError('auth', {
      code: 'no_token',
      message: `The ${kind} token of this community is missing.`,
      nextStep: 'Connect the community again with its tokens.',
    });
  }
  await access.pace?.(kind);
  const fields: Record<string, string> = { access_token: token, v: apiVersion };
  for (const [name, value] of Object.entries(params)) fields[name] = String(value);
  const answer = await post(`${access.root}/${method}`, formBody(fields), access);
  const parsed = v.safeParse(schema, vkResponse(answer));
  if (!parsed.success) throw noAnswer(answer.status);
  return parsed.output;
}

export const UploadServer = v.object({ upload_url: v.pipe(v.string(), v.regex(/^https?:\/\//)) });
const PhotoUpload = v.object({ server: v.number(), photo: v.string(), hash: v.string() });
const DocumentUpload = v.object({ file: v.string() });
const Id = v.pipe(v.number(), v.safeInteger());
const Saved = v.object({ id: Id, owner_id: Id, access_key: v.optional(v.string()) });
const SavedPhotos = v.tupleWithRest([Saved], v.unknown());
const SavedDocument = v.object({ doc: Saved });

/** Three calls, nothing public: upload address, upload, save. The handle is an attachment as `wall.post` takes it. */
export async function stageVk(access: VkAccess, place: Place, item: MediaItem): Promise<Staged> {
  const details = v.parse(VkDetails, place.details);
  const group = { group_id: place.externalId };
  if (details.image_mode === 'document') {
    const server = await callVk(access, details.writes_with, 'docs.getWallUploadServer', group, UploadServer);
    const { file } = await upload(access, server.upload_url, fileBody('file', item), DocumentUpload);
    const saved = await callVk(access, details.writes_with, 'docs.save', { file }, SavedDocument);
    return { handle: handleOf('doc', saved.doc), expiresAt: null };
  }
  const server = await callVk(access, details.writes_with, 'photos.getWallUploadServer', group, UploadServer);
  const uploaded = await upload(access, server.upload_url, fileBody('photo', item), PhotoUpload);
  // VK refuses a photo with HTTP 200 and an empty list in place of the photo.
  if (uploaded.photo === '' || uploaded.photo === '[]') throw refusedFile();
  const [photo] = await callVk(
    access,
    details.writes_with,
    'photos.saveWallPhoto',
    { ...group, server: uploaded.server, photo: uploaded.photo, hash: uploaded.hash },
    SavedPhotos,
  );
  return { handle: handleOf('photo', photo), expiresAt: null };
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
  const parsed = v.safeParse(schema, told);
  if (answer.status === 200 && parsed.success) return parsed.output;
  if (answer.status < 300 && v.is(v.object({ error: v.unknown() }), told)) throw refusedFile();
  throw noAnswer(answer.status);
}

function refusedFile(): NetworkError {
  return new NetworkError('rejected', {
    code: 'upload_refused',
    message: 'VK did not take an image.',
    nextStep: 'Save the image again as JPEG or PNG, smaller if it is large, and replace it in the post.',
  });
}

function handleOf(kind: 'photo' | 'doc', saved: v.InferOutput<typeof Saved>): string {
  return `${kind}${saved.owner_id}_${saved.id}${saved.access_key ? `_${saved.access_key}` : ''}`;
}
