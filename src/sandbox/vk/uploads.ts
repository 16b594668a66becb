import { randomBytes } from 'node:crypto';
import type { Core } from '../core.ts';
import { unixSeconds } from '../core.ts';
import { isTooNarrow, readPicture } from '../picture.ts';
import type { UploadedFile } from '../request.ts';
import type { StoredFile, VkMedia } from '../state.ts';
import { docObject, photoObject, videoObject, videoState } from './attachments.ts';
import type { VkCall } from './call.ts';
import { flag, numberOf, param, requireAdmin, requireScope, SCOPES, VkRefusal } from './call.ts';

const MEGABYTE = 1024 * 1024;
const PHOTO_BYTES = 50 * MEGABYTE;
const DOC_BYTES = 2048 * MEGABYTE;
const SERVER = 900_001;
const WALL_ALBUM = -14;
const VIDEO_NAMES = /\.(avi|mp4|m4v|3gp|mpe?g|mov|flv|f4v|wmv|mkv|webm|vob|rm|rmvb|ogv|ts)$/i;

type Kind = VkMedia['kind'];

interface Ticket {
  kind: Kind;
  owner_id: number;
  /** Key of the video that waits for its bytes. */
  video: string;
  /** A video that lies elsewhere needs no bytes. */
  link: boolean;
  used: boolean;
}

interface Pending {
  kind: Kind;
  owner_id: number;
  file: StoredFile;
  name: string;
}

export interface Uploads {
  photoServer(call: VkCall): unknown;
  savePhoto(call: VkCall): unknown;
  docServer(call: VkCall): unknown;
  saveDoc(call: VkCall): unknown;
  saveVideo(call: VkCall): unknown;
  getVideos(call: VkCall): unknown;
  /** Takes the bytes sent to an upload address; the answer as VK's upload servers give it. */
  receive(kind: string, hash: string, files: ReadonlyMap<string, UploadedFile>): Promise<unknown>;
  /** How processing the next uploaded video ends. */
  failNext(how: VkMedia['failure']): void;
  reset(): void;
}

/** VK's upload servers: each address is good for one upload of one kind. */
export function createUploads(core: Core): Uploads {
  const tickets = new Map<string, Ticket>();
  const pending = new Map<string, Pending>();
  let failure: VkMedia['failure'] = '';

  function address(kind: Kind, owner_id: number, about: Partial<Ticket> = {}): string {
    const hash = randomBytes(16).toString('hex');
    tickets.set(hash, { kind, owner_id, video: '', link: false, used: false, ...about });
    return `${core.url}/vk/upload/${kind}?hash=${hash}`;
  }

  function keep(kind: Kind, owner_id: number, at: number, parts: Partial<VkMedia>): VkMedia {
    const media: VkMedia = {
      kind,
      owner_id,
      id: core.state.nextId('vk media', () => 456_239_016 + core.state.vkMedia.size),
      access_key: randomBytes(9).toString('hex'),
      file: '',
      title: '',
      description: '',
      date: unixSeconds(at),
      ready_at: 0,
      failure: '',
      ...parts,
    };
    core.state.save('vk_media', media);
    return media;
  }

  /** The group of a call, when its bearer runs it; 0 = none was named. */
  function groupOf(call: VkCall): number {
    const group = Math.abs(numberOf(call.params.group_id, 0));
    if (group > 0) requireAdmin(call.token, group);
    return group;
  }

  function begin(media: VkMedia): void {
    media.ready_at = Date.now() + core.settings.vkVideoMs;
    media.failure ||= failure;
    failure = '';
    core.state.save('vk_media', media);
  }

  function receiveVideo(ticket: Ticket, upload: UploadedFile | undefined): unknown {
    const media = core.state.vkMedia.get(ticket.video);
    if (!media) return { error: 'ERR_UPLOAD_BAD_HASH', bwact: 'do_add' };
    const answer = { owner_id: media.owner_id, video_id: media.id };
    if (ticket.link) {
      ticket.used = true;
      begin(media);
      return { response: 1, ...answer };
    }
    if (!upload || upload.size === 0) return { error: 'no_file' };
    if (!VIDEO_NAMES.test(upload.name) && !upload.type.startsWith('video/'))
      return { error: 'wrong_extension' };
    ticket.used = true;
    const mime = upload.type || 'video/mp4';
    media.file = core.state.keepUpload(upload, { mime, name: upload.name }).id;
    begin(media);
    return { size: upload.size, ...answer, video_hash: randomBytes(9).toString('hex') };
  }

  return {
    photoServer(call) {
      requireScope(call.token, SCOPES.photos);
      const group = groupOf(call);
      return {
        upload_url: address('photo', call.token.user_id),
        album_id: WALL_ALBUM,
        user_id: call.token.user_id,
        ...(group > 0 ? { group_id: group } : {}),
      };
    },
    savePhoto(call) {
      requireScope(call.token, SCOPES.photos);
      const { photo, hash, server } = call.params;
      if (!photo || photo === '[]') throw param('photo is undefined');
      if (server !== undefined && Number(server) !== SERVER) throw new VkRefusal(118);
      const waiting = pending.get(hash ?? '');
      if (waiting?.kind !== 'photo' || waiting.owner_id !== call.token.user_id) throw new VkRefusal(121);
      pending.delete(hash ?? '');
      const about = { file: waiting.file.id, title: call.params.caption ?? '' };
      return [photoObject(core, keep('photo', waiting.owner_id, call.record.at, about))];
    },
    docServer(call) {
      if (call.token.kind === 'community') {
        requireScope(call.token, SCOPES.docs | SCOPES.manage);
        groupOf(call);
        return { upload_url: address('doc', -call.token.group_id) };
      }
      requireScope(call.token, SCOPES.docs);
      const group = groupOf(call);
      return { upload_url: address('doc', group > 0 ? -group : call.token.user_id) };
    },
    saveDoc(call) {
      requireScope(call.token, call.token.kind === 'community' ? SCOPES.docs | SCOPES.manage : SCOPES.docs);
      const waiting = pending.get(call.params.file ?? '');
      if (waiting?.kind !== 'doc') throw new VkRefusal(105);
      pending.delete(call.params.file ?? '');
      const about = { file: waiting.file.id, title: call.params.title || waiting.name };
      return { type: 'doc', doc: docObject(core, keep('doc', waiting.owner_id, call.record.at, about)) };
    },
    saveVideo(call) {
      const { params, token, record } = call;
      requireScope(token, SCOPES.video);
      const group = groupOf(call);
      const ownerId = group > 0 ? -group : token.user_id;
      const media = keep('video', ownerId, record.at, {
        title: params.name || 'Untitled',
        description: params.description ?? '',
      });
      const about = { video: `video${ownerId}_${media.id}`, link: Boolean(params.link) };
      return {
        upload_url: address('video', ownerId, about),
        owner_id: ownerId,
        video_id: media.id,
        access_key: media.access_key,
        title: media.title,
        description: media.description,
      };
    },
    getVideos({ params, token }) {
      requireScope(token, SCOPES.video);
      const named = params.videos ? params.videos.split(',').map((one) => one.trim().split('_')) : undefined;
      const ownerId = numberOf(params.owner_id, token.user_id);
      const all = [...core.state.vkMedia.values()].filter((media) => {
        if (media.kind !== 'video' || ['empty', 'gone'].includes(videoState(media))) return false;
        if (!named) return media.owner_id === ownerId;
        return named.some(([owner, id]) => media.owner_id === Number(owner) && media.id === Number(id));
      });
      const offset = numberOf(params.offset, 0);
      const items = all.slice(offset, offset + numberOf(params.count, 100));
      return {
        count: all.length,
        items: items.map((media) => videoObject(core, media)),
        ...(flag(params.extended) ? { profiles: [], groups: [] } : {}),
      };
    },
    async receive(kind, hash, files) {
      const ticket = tickets.get(hash);
      if (!ticket || ticket.kind !== kind || ticket.used)
        return { error: 'ERR_UPLOAD_BAD_HASH', bwact: 'do_add' };
      if (kind === 'video') return receiveVideo(ticket, files.get('video_file'));
      const upload = files.get(kind === 'photo' ? 'photo' : 'file');
      // A refused picture is answered with 200 and nothing, or an empty list, in `photo`.
      const refused = (photo: string) =>
        kind === 'photo'
          ? { server: SERVER, photo, hash }
          : { error: photo === '' ? 'no_file' : 'file_too_big' };
      if (!upload || upload.size === 0) return refused('');
      if (upload.size > (kind === 'photo' ? PHOTO_BYTES : DOC_BYTES)) return refused('[]');
      // Nothing larger is a picture, and reading it would fill the memory.
      const picture = upload.size <= PHOTO_BYTES ? await readPicture(upload.bytes) : undefined;
      if (kind === 'photo') {
        if (!picture || picture.mime === 'image/webp') return refused('');
        if (picture.width + picture.height > 14_000 || isTooNarrow(picture, 20)) return refused('[]');
      } else if (/\.(exe|mp3|msi|bat)$/i.test(upload.name)) return { error: 'wrong_extension' };
      ticket.used = true;
      const about = picture ?? { mime: upload.type || 'application/octet-stream' };
      const file = core.state.keepUpload(upload, { ...about, name: upload.name });
      const receipt = randomBytes(16).toString('hex');
      pending.set(receipt, { kind: ticket.kind, owner_id: ticket.owner_id, file, name: upload.name });
      if (kind === 'doc') return { file: receipt };
      return {
        server: SERVER,
        photo: JSON.stringify([{ photo: file.id.slice(0, 10), sizes: [] }]),
        hash: receipt,
      };
    },
    failNext(how) {
      failure = how;
    },
    reset() {
      tickets.clear();
      pending.clear();
      failure = '';
    },
  };
}
