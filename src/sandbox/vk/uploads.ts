import { randomBytes } from 'node:crypto';
import type { Core } from '../core.ts';
import { unixSeconds } from '../core.ts';
import { isTooNarrow, readPicture } from '../picture.ts';
import type { UploadedFile } from '../request.ts';
import type { StoredFile, VkMedia } from '../state.ts';
import type { VkCall } from './call.ts';
import { isAdmin, numberOf, param, requireScope, SCOPES, VkRefusal } from './call.ts';

const PHOTO_BYTES = 50 * 1024 * 1024;
const SERVER = 900_001;
const WALL_ALBUM = -14;

interface Ticket {
  kind: 'photo' | 'doc';
  owner_id: number;
  used: boolean;
}

interface Pending {
  kind: 'photo' | 'doc';
  owner_id: number;
  file: StoredFile;
  name: string;
}

export interface Uploads {
  photoServer(call: VkCall): unknown;
  savePhoto(call: VkCall): unknown;
  docServer(call: VkCall): unknown;
  saveDoc(call: VkCall): unknown;
  /** Takes the bytes sent to an upload address; the answer as VK's upload servers give it. */
  receive(kind: string, hash: string, files: ReadonlyMap<string, UploadedFile>): Promise<unknown>;
  reset(): void;
}

/** VK's upload servers: each address is good for one upload of one kind. */
export function createUploads(core: Core): Uploads {
  const tickets = new Map<string, Ticket>();
  const pending = new Map<string, Pending>();

  function address(kind: 'photo' | 'doc', owner_id: number): string {
    const hash = randomBytes(16).toString('hex');
    tickets.set(hash, { kind, owner_id, used: false });
    return `${core.url}/vk/upload/${kind}?hash=${hash}`;
  }

  function keep(kind: 'photo' | 'doc', waiting: Pending, title: string, at: number): VkMedia {
    const media: VkMedia = {
      kind,
      owner_id: waiting.owner_id,
      id: core.state.nextId('vk media', () => 456_239_016 + core.state.vkMedia.size),
      access_key: randomBytes(9).toString('hex'),
      file: waiting.file.id,
      title,
      date: unixSeconds(at),
    };
    core.state.save('vk_media', media);
    return media;
  }

  return {
    photoServer(call) {
      requireScope(call.token, SCOPES.photos);
      const group = Math.abs(numberOf(call.params.group_id, 0));
      if (group > 0 && !isAdmin(call.token, group))
        throw new VkRefusal(15, 'you are no administrator of this community');
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
      return [photoObject(core, keep('photo', waiting, call.params.caption ?? '', call.record.at))];
    },
    docServer(call) {
      const group = numberOf(call.params.group_id, 0);
      if (call.token.kind === 'community') {
        requireScope(call.token, SCOPES.docs | SCOPES.manage);
        if (group > 0 && group !== call.token.group_id)
          throw new VkRefusal(15, 'the token belongs to another community');
        return { upload_url: address('doc', -call.token.group_id) };
      }
      requireScope(call.token, SCOPES.docs);
      if (group > 0 && !isAdmin(call.token, group))
        throw new VkRefusal(15, 'you are no administrator of this community');
      return { upload_url: address('doc', group > 0 ? -group : call.token.user_id) };
    },
    saveDoc(call) {
      requireScope(call.token, call.token.kind === 'community' ? SCOPES.docs | SCOPES.manage : SCOPES.docs);
      const waiting = pending.get(call.params.file ?? '');
      if (waiting?.kind !== 'doc') throw new VkRefusal(105);
      pending.delete(call.params.file ?? '');
      const media = keep('doc', waiting, call.params.title || waiting.name, call.record.at);
      return { type: 'doc', doc: docObject(core, media) };
    },
    async receive(kind, hash, files) {
      const ticket = tickets.get(hash);
      if (!ticket || ticket.kind !== kind || ticket.used)
        return { error: 'ERR_UPLOAD_BAD_HASH', bwact: 'do_add' };
      const upload = files.get(kind === 'photo' ? 'photo' : 'file');
      // A refused picture is answered with 200 and an empty `photo`.
      const refused = kind === 'photo' ? { server: SERVER, photo: '', hash } : { error: 'no_file' };
      if (!upload || upload.bytes.length === 0) return refused;
      const picture = await readPicture(upload.bytes);
      if (kind === 'photo') {
        if (!picture || picture.mime === 'image/webp' || upload.bytes.length > PHOTO_BYTES) return refused;
        if (picture.width + picture.height > 14_000 || isTooNarrow(picture, 20)) return refused;
      } else if (/\.(exe|mp3|msi|bat)$/i.test(upload.name)) return { error: 'wrong_extension' };
      ticket.used = true;
      const about = picture ?? { mime: upload.type || 'application/octet-stream' };
      const file = core.state.keepFile(upload.bytes, { ...about, name: upload.name });
      const receipt = randomBytes(16).toString('hex');
      pending.set(receipt, { kind: ticket.kind, owner_id: ticket.owner_id, file, name: upload.name });
      if (kind === 'doc') return { file: receipt };
      return {
        server: SERVER,
        photo: JSON.stringify([{ photo: file.id.slice(0, 10), sizes: [] }]),
        hash: receipt,
      };
    },
    reset() {
      tickets.clear();
      pending.clear();
    },
  };
}

/** Type and longer side of each size that VK keeps. */
const PHOTO_SIDES: [string, number][] = [
  ['s', 75],
  ['m', 130],
  ['x', 604],
  ['y', 807],
  ['z', 1080],
  ['w', 2560],
];

export function photoObject(core: Core, media: VkMedia): Record<string, unknown> {
  const file = core.state.files.get(media.file);
  const width = file?.width ?? 1;
  const height = file?.height ?? 1;
  const longer = Math.max(width, height);
  const url = `${core.url}/files/${media.file}`;
  const sizes = PHOTO_SIDES.filter((_, i) => i === 0 || (PHOTO_SIDES[i - 1]?.[1] ?? 0) < longer).map(
    ([type, side]) => {
      const scale = Math.min(1, side / longer);
      return {
        type,
        url,
        width: Math.max(1, Math.round(width * scale)),
        height: Math.max(1, Math.round(height * scale)),
      };
    },
  );
  return {
    album_id: WALL_ALBUM,
    date: media.date,
    id: media.id,
    owner_id: media.owner_id,
    access_key: media.access_key,
    sizes,
    text: media.title,
    has_tags: false,
  };
}

export function docObject(core: Core, media: VkMedia): Record<string, unknown> {
  const file = core.state.files.get(media.file);
  const ext = /\.([a-z0-9]{1,10})$/i.exec(media.title)?.[1]?.toLowerCase() ?? 'bin';
  const picture = (file?.width ?? 0) > 0;
  return {
    id: media.id,
    owner_id: media.owner_id,
    title: media.title,
    size: file?.size ?? 0,
    ext,
    url: `${core.url}/files/${media.file}`,
    date: media.date,
    type: picture ? (file?.mime === 'image/gif' ? 3 : 4) : 1,
    access_key: media.access_key,
  };
}
