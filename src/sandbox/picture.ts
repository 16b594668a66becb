import sharp from 'sharp';

export interface Picture {
  mime: string;
  width: number;
  height: number;
}

const MIMES: Record<string, string> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
};

/** Reads kind and size of a picture from its bytes; nothing when it is none that the networks take. */
export async function readPicture(bytes: Uint8Array): Promise<Picture | undefined> {
  try {
    const about = await sharp(bytes).metadata();
    const mime = MIMES[about.format ?? ''];
    return mime && about.width && about.height
      ? { mime, width: about.width, height: about.height }
      : undefined;
  } catch {
    return undefined;
  }
}

/** True when the longer side is more than `times` the shorter. */
export function isTooNarrow(picture: Picture, times: number): boolean {
  return Math.max(picture.width, picture.height) > times * Math.min(picture.width, picture.height);
}
