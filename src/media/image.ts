import { fileTypeFromBuffer } from 'file-type';
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import { AppError, invalid } from '../errors.ts';
import { tooManyBytes } from './sort.ts';

// A decoded image of 50 megapixels is 200 MB: nothing is kept between two, and `inTurn` lets one be worked on at a time.
sharp.cache(false);
sharp.concurrency(1);

/** Most bytes of an uploaded file. */
export const imageBytesMost = 20 * 1024 * 1024;
const megapixelsMost = 50;
/** All frames of an animation together; they are worked on one after the other. */
const animationMegapixelsMost = 150;
const framesMost = 600;

export interface Image {
  bytes: Uint8Array;
  mime: 'image/jpeg' | 'image/png';
  extension: 'jpg' | 'png';
  /** Pixels, as seen: the orientation is applied. */
  width: number;
  height: number;
}

export interface Animation {
  bytes: Uint8Array;
  mime: 'image/gif';
  extension: 'gif';
  /** Pixels. */
  width: number;
  height: number;
  /** Seconds of one round. */
  duration: number;
}

const formats: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
};

/**
 * Makes a picture of ours out of bytes that nobody vouches for: decoded and encoded anew, so that nothing but pixels
 * gets through (no EXIF, GPS, XMP, trailing bytes), upright, in sRGB. JPEG stays JPEG; PNG, a still GIF and a WebP with
 * transparency become PNG; another WebP becomes JPEG. `milliseconds` is the most that the work may take. To be called
 * in a turn (turn.ts). Throws `invalid` or `too_large` in plain words.
 */
export async function readImage(bytes: Uint8Array, milliseconds: number): Promise<Image> {
  refuseSize(bytes);
  return encode(bytes, milliseconds);
}

/** The same for an animated GIF, which stays one. */
export async function readAnimation(bytes: Uint8Array, milliseconds: number): Promise<Animation> {
  refuseSize(bytes);
  return encodeAnimation(bytes, milliseconds);
}

/** Whether these bytes hold more than one frame, by their header alone. */
export async function isAnimated(bytes: Uint8Array): Promise<boolean> {
  const about = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => null);
  return (about?.pages ?? 1) > 1;
}

function refuseSize(bytes: Uint8Array): void {
  if (bytes.length === 0) throw fault('The file is empty.');
  if (bytes.length > imageBytesMost) throw tooManyBytes(imageBytesMost);
}

function fault(message: string): AppError {
  return invalid({ path: '/file', message });
}

async function encode(bytes: Uint8Array, milliseconds: number): Promise<Image> {
  // The bytes decide what it is, never the name or the declared type.
  const kind = await fileTypeFromBuffer(bytes).catch(() => undefined);
  if (kind?.mime === 'image/apng') throw animated();
  const format = formats[kind?.mime ?? ''];
  if (!format)
    throw fault('The file is not an image that can be published: upload a JPEG, PNG, WebP or GIF.');

  // Reads the header alone: the size is judged before a single pixel is decoded.
  const about = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => null);
  if (!about || about.format !== format) throw damaged();
  const frames = about.pages ?? 1;
  if (frames > 1) throw animated();
  if (about.width * about.height > megapixelsMost * 1e6) {
    const megapixels = Math.ceil((about.width * about.height) / 1e6);
    throw new AppError(
      'too_large',
      `The image has ${megapixels} megapixels (${about.width} × ${about.height}); at most ${megapixelsMost} are possible.`,
    );
  }

  const jpeg = format === 'jpeg' || (format === 'webp' && !about.hasAlpha);
  const picture = sharp(bytes, { limitInputPixels: megapixelsMost * 1e6, failOn: 'error' })
    .autoOrient()
    .toColourspace('srgb')
    .timeout({ seconds: secondsOf(milliseconds) });
  const encoded = await outcome(
    jpeg ? picture.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }) : picture.png({ compressionLevel: 8 }),
  );
  return {
    bytes: encoded.data,
    mime: jpeg ? 'image/jpeg' : 'image/png',
    extension: jpeg ? 'jpg' : 'png',
    width: encoded.info.width,
    height: encoded.info.height,
  };
}

async function encodeAnimation(bytes: Uint8Array, milliseconds: number): Promise<Animation> {
  const about = await sharp(bytes, { limitInputPixels: false, animated: true })
    .metadata()
    .catch(() => null);
  if (about?.format !== 'gif') throw damaged();
  const frames = about.pages ?? 1;
  const height = about.pageHeight ?? about.height;
  const megapixels = (about.width * height * frames) / 1e6;
  if (frames > framesMost || megapixels > animationMegapixelsMost) {
    throw new AppError(
      'too_large',
      `The animation has ${frames} frames of ${about.width} × ${height}, ${Math.ceil(megapixels)} megapixels together; at most ${framesMost} frames and ${animationMegapixelsMost} megapixels are possible: make it smaller, or an MP4.`,
    );
  }
  const picture = sharp(bytes, {
    animated: true,
    limitInputPixels: animationMegapixelsMost * 1e6,
    failOn: 'error',
  })
    .timeout({ seconds: secondsOf(milliseconds) })
    // The palette is given; looking for a better one takes most of the time.
    .gif({ effort: 3 });
  const encoded = await outcome(picture);
  const delays = about.delay ?? [];
  return {
    bytes: encoded.data,
    mime: 'image/gif',
    extension: 'gif',
    width: about.width,
    height,
    duration: delays.reduce((sum, delay) => sum + delay, 0) / 1_000,
  };
}

async function outcome(picture: Sharp): Promise<{ data: Buffer; info: OutputInfo }> {
  const encoded = await picture.toBuffer({ resolveWithObject: true }).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes('timeout')) {
      throw fault('The image takes too long to read: save it anew, smaller or in another format.');
    }
    throw damaged();
  });
  // A picture that grows this much was packed to grow.
  if (encoded.data.length > 2 * imageBytesMost) {
    throw new AppError(
      'too_large',
      'The image becomes too large when it is converted: make it smaller first.',
    );
  }
  return encoded;
}

function secondsOf(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000));
}

function damaged(): AppError {
  return fault(
    'The image is damaged or cut off: it cannot be read to its end. Save it anew and upload that.',
  );
}

function animated(): AppError {
  return fault('Of animated images only GIF can be published: save it as GIF or MP4, or upload a still one.');
}
