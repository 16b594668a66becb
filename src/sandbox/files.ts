import sharp from 'sharp';
import type { Core, Reply } from './core.ts';
import { plain } from './delivery.ts';

const SHOWN_TYPES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

let face: Promise<Buffer> | undefined;

/** The bytes of a stored file for the walls: pictures are shown, everything else is only downloaded. */
export async function fileReply(core: Core, id: string): Promise<Reply> {
  const headers = { 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'" };
  if (id === 'community.png') {
    const color = { r: 47, g: 107, b: 216 };
    face ??= sharp({ create: { width: 200, height: 200, channels: 3, background: color } })
      .png()
      .toBuffer();
    return { status: 200, type: 'image/png', body: await face, outcome: '200', headers };
  }
  const file = core.state.files.get(id);
  const bytes = file && core.state.bytesOf(file);
  if (!file || !bytes) return plain(404, 'Not Found');
  const shown = SHOWN_TYPES.has(file.mime);
  return {
    status: 200,
    type: shown ? file.mime : 'application/octet-stream',
    body: bytes,
    outcome: '200',
    headers: shown ? headers : { ...headers, 'content-disposition': 'attachment' },
  };
}
