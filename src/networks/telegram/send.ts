import * as v from 'valibot';
import type { Json, MediaItem, Message } from '../message.ts';
import type { Place, Sent, Staged } from '../network.ts';
import { call, filesFor } from './call.ts';
import { compose } from './compose.ts';
import { fileParams, methods } from './media.ts';
import { addressFor, refusal, serviceChatOf, type TelegramAccess } from './place.ts';

const Uploaded = v.fallback(v.optional(v.object({ file_id: v.string() })), undefined);
export const SentMessage = v.object({
  message_id: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  photo: v.fallback(v.optional(v.array(v.object({ file_id: v.string() }))), undefined),
  video: Uploaded,
  animation: Uploaded,
  audio: Uploaded,
  voice: Uploaded,
  document: Uploaded,
});
export type SentMessage = v.InferOutput<typeof SentMessage>;
const Album = v.pipe(v.array(SentMessage), v.minLength(1));

/** Sends the composed request once: what the preview showed is what goes out. */
export async function publish(
  access: TelegramAccess,
  place: Place,
  message: Message,
  staged: ReadonlyMap<string, string>,
): Promise<Sent> {
  const { request, problems } = compose(message, place);
  const [problem] = problems;
  if (problem) throw refusal(problem.code, problem.message, null);
  const params = resolved(request.params, access);
  // The image of a large preview is fetched by Telegram itself.
  const media = request.method === 'sendMessage' ? [] : message.media;
  const files = await filesFor(media, staged);
  const sent =
    request.method === 'sendMediaGroup'
      ? await call(access, request.method, params, Album, files)
      : [await call(access, request.method, params, SentMessage, files)];
  const handles = handlesOf(media, sent);
  return { ...sentAs(place, sent), ...(handles.size > 0 && { handles }) };
}

function sentAs(place: Place, sent: readonly SentMessage[]): Sent {
  const ids = sent.map((message) => message.message_id);
  const [first = 0] = ids;
  // 0: Telegram took the message and sends it later; the id is not known yet.
  if (first === 0) return { remoteId: null, remoteUrl: null };
  return {
    remoteId: String(first),
    remoteUrl: addressFor(place, first),
    ...(ids.length > 1 && ids.every((id) => id > 0) && { remoteIds: ids.map(String) }),
  };
}

/** What only the send knows: the public address of an image, the id of the part before. */
export function resolved(
  params: Readonly<Record<string, Json>>,
  access: TelegramAccess,
): Record<string, Json> {
  const { reply_parameters: reply, link_preview_options: preview, ...rest } = params;
  // The part before has no id that can be answered: Telegram would send without it, too.
  const known = isObject(reply) && typeof reply.message_id === 'number';
  return {
    ...rest,
    ...(known && { reply_parameters: reply }),
    ...(isObject(preview) && { link_preview_options: { ...preview, ...addressIn(preview, access) } }),
  };
}

function addressIn(preview: { [key: string]: Json }, access: TelegramAccess): { url?: string } {
  const { url } = preview;
  if (!isObject(url) || typeof url.$media_url !== 'string') return {};
  const address = access.mediaUrl?.(url.$media_url) ?? null;
  if (address !== null) return { url: address };
  throw refusal(
    'no_public_address',
    'Telegram cannot fetch the image of a large preview, since this installation has no address that is reached from outside.',
    'Set PUBLIC_URL to an address on the internet, or choose “separate” for long_caption.',
  );
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The id of the file under which Telegram has it now; null where it made another kind of it. */
function handleOf(item: MediaItem, message: SentMessage | undefined): string | null {
  if (message === undefined) return null;
  // Sizes grow; any of them names the whole photo.
  if (item.kind === 'image') return message.photo?.at(-1)?.file_id ?? null;
  // An animation is shown as a document as well.
  if (item.kind === 'document' && message.animation !== undefined) return null;
  return message[item.kind]?.file_id ?? null;
}

function handlesOf(media: readonly MediaItem[], sent: readonly SentMessage[]): Map<string, string> {
  const handles = new Map<string, string>();
  // A message less than there are files: which is whose cannot be known.
  if (sent.length !== media.length) return handles;
  for (const [index, item] of media.entries()) {
    const handle = handleOf(item, sent[index]);
    if (handle !== null) handles.set(item.id, handle);
  }
  return handles;
}

/** Uploads one file by a message into the service chat, which is deleted at once: its id stays good for this bot. */
export async function stage(access: TelegramAccess, place: Place, item: MediaItem): Promise<Staged> {
  const chat = serviceChatOf(place);
  if (chat === null) {
    throw refusal('no_service_chat', 'No service chat is ready for uploads.', 'Set one.');
  }
  const { method, field } = methods[item.kind];
  const params = {
    chat_id: chat,
    [field]: { $media: item.id },
    ...fileParams(item, {}),
    disable_notification: true,
  };
  const sent = await call(access, method, params, SentMessage, await filesFor([item], new Map()));
  await discard(access, chat, [sent.message_id]);
  const handle = handleOf(item, sent);
  if (handle !== null) return { handle, expiresAt: null };
  throw refusal(
    'other_kind',
    'Telegram made another kind of file of it than was asked for.',
    'Attach it as a document, or save it in another format.',
  );
}

/** Deletes what was only of use for a moment. What cannot be deleted stays: it is in the way of nothing. */
export async function discard(access: TelegramAccess, chat: number, ids: readonly number[]): Promise<void> {
  const known = ids.filter((id) => id > 0);
  if (known.length === 0) return;
  try {
    if (known.length === 1 && known[0] !== undefined) {
      await call(access, 'deleteMessage', { chat_id: chat, message_id: known[0] }, v.literal(true));
    } else {
      await call(access, 'deleteMessages', { chat_id: chat, message_ids: [...known] }, v.literal(true));
    }
  } catch {
    // A failure here must not hide what the call before it learned.
  }
}
