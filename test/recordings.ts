import {
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  MovOutputFormat,
  Mp3OutputFormat,
  Mp4OutputFormat,
  OggOutputFormat,
  Output,
  type OutputFormat,
  WebMOutputFormat,
} from 'mediabunny';

export interface RecordingOptions {
  /** Whole seconds; default 2. */
  seconds?: number;
  /** Without sound. */
  silent?: boolean;
  /** Turned clockwise by a flag, as phones do. */
  rotation?: 0 | 90;
  /** MP4 only: in fragments, as browsers record it. */
  fragmented?: boolean;
}

const formats: Record<
  string,
  { format(options: RecordingOptions): OutputFormat; video?: 'avc' | 'vp8'; audio: 'aac' | 'opus' | 'mp3' }
> = {
  mp4: {
    format: ({ fragmented }) => new Mp4OutputFormat(fragmented ? { fastStart: 'fragmented' } : {}),
    video: 'avc',
    audio: 'aac',
  },
  mov: { format: () => new MovOutputFormat(), video: 'avc', audio: 'aac' },
  webm: { format: () => new WebMOutputFormat(), video: 'vp8', audio: 'opus' },
  m4a: { format: () => new Mp4OutputFormat(), audio: 'aac' },
  ogg: { format: () => new OggOutputFormat(), audio: 'opus' },
  mp3: { format: () => new Mp3OutputFormat(), audio: 'mp3' },
};
export type RecordingName = 'mp4' | 'mov' | 'webm' | 'm4a' | 'ogg' | 'mp3';

/** A small file of this kind, 320 × 180 where it has a picture: its container is real, its pictures and sounds are not. */
export async function recordingOf(
  name: RecordingName,
  options: RecordingOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { seconds = 2, silent = false, rotation = 0 } = options;
  const made = formats[name];
  if (!made) throw new Error(`no recording ${name}`);
  const target = new BufferTarget();
  const output = new Output({ format: made.format(options), target });
  const video = made.video ? new EncodedVideoPacketSource(made.video) : null;
  const audio = silent ? null : new EncodedAudioPacketSource(made.audio);
  if (video) output.addVideoTrack(video, { frameRate: 10, rotation });
  if (audio) output.addAudioTrack(audio);
  await output.start();
  for (let index = 0; video && index < seconds * 10; index += 1) {
    const packet = new EncodedPacket(
      new Uint8Array([0, 0, 0, 2, 9, 16]),
      index % 10 === 0 ? 'key' : 'delta',
      index / 10,
      0.1,
    );
    await video.add(packet, {
      decoderConfig: {
        codec: made.video === 'avc' ? 'avc1.42001f' : 'vp8',
        codedWidth: 320,
        codedHeight: 180,
        ...(made.video === 'avc' && { description: avcDescription }),
      },
    });
  }
  const { bytes, length, config } = sounds[made.audio];
  for (let index = 0; audio && index < Math.round(seconds / length); index += 1) {
    await audio.add(new EncodedPacket(bytes, 'key', index * length, length), { decoderConfig: config });
  }
  await output.finalize();
  return new Uint8Array(target.buffer ?? new ArrayBuffer(0));
}

const avcDescription = new Uint8Array([
  1, 0x42, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0, 0x1f, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80,
]);
const opusHead = new Uint8Array([
  ...new TextEncoder().encode('OpusHead'),
  1,
  1,
  0,
  0,
  0x80,
  0xbb,
  0,
  0,
  0,
  0,
  0,
]);
const mp3Frame = new Uint8Array(417);
mp3Frame.set([0xff, 0xfb, 0x90, 0xc4]);

/** One packet of each codec, and how many seconds it lasts. */
const sounds = {
  aac: {
    bytes: new Uint8Array([0xfc, 0xff, 0xfe]),
    length: 0.02,
    config: {
      codec: 'mp4a.40.2',
      numberOfChannels: 1,
      sampleRate: 48_000,
      description: new Uint8Array([0x11, 0x88]),
    },
  },
  opus: {
    bytes: new Uint8Array([0xfc, 0xff, 0xfe]),
    length: 0.02,
    config: { codec: 'opus', numberOfChannels: 1, sampleRate: 48_000, description: opusHead },
  },
  mp3: {
    bytes: mp3Frame,
    length: 1_152 / 44_100,
    config: { codec: 'mp3', numberOfChannels: 1, sampleRate: 44_100 },
  },
} as const;
