import type { Recording } from './recording.ts';
import { letters, Unreadable, type Window } from './window.ts';

interface Element {
  id: number;
  /** Where its content begins and ends in the file. */
  start: number;
  end: number;
}

const elementsMost = 2_000;
const segmentId = 0x18538067;
const infoId = 0x1549a966;
const tracksId = 0x1654ae6b;
const clusterId = 0x1f43b675;

/** WebM: what stands before its first cluster. Throws {@link Unreadable}. */
export async function readWebm(window: Window): Promise<Recording> {
  let left = elementsMost;
  async function* elements(start: number, end: number): AsyncGenerator<Element> {
    for (let at = start; at < end; ) {
      left -= 1;
      if (left < 0) throw new Unreadable('too many elements');
      const id = await number(at, false);
      const size = await number(at + id.length, true);
      const content = at + id.length + size.length;
      // All ones: a live recording that did not know yet.
      const close = size.value === 2 ** (7 * size.length) - 1 ? end : content + size.value;
      if (close > end) throw new Unreadable('an element outside its parent');
      yield { id: id.value, start: content, end: close };
      at = close;
    }
  }
  /** EBML: the zeros before the first one say how many bytes follow. */
  async function number(at: number, bare: boolean): Promise<{ value: number; length: number }> {
    const first = (await window.at(at, 1)).getUint8(0);
    const length = Math.clz32(first) - 23;
    if (length > 8) throw new Unreadable('a number that is too long');
    const view = await window.at(at, length);
    let value = bare ? first & (0xff >> length) : first;
    for (let index = 1; index < length; index += 1) value = value * 256 + view.getUint8(index);
    return { value, length };
  }
  async function whole({ start, end }: Element): Promise<number> {
    const view = await window.at(start, Math.min(end - start, 8));
    let value = 0;
    for (let index = 0; index < view.byteLength; index += 1) value = value * 256 + view.getUint8(index);
    return value;
  }
  async function real({ start, end }: Element): Promise<number> {
    const view = await window.at(start, Math.min(end - start, 8));
    return view.byteLength === 8 ? view.getFloat64(0) : view.byteLength === 4 ? view.getFloat32(0) : 0;
  }

  const recording: Recording = { video: null, audio: null, duration: null };
  for await (const segment of elements(0, window.size)) {
    if (segment.id !== segmentId) continue;
    for await (const element of elements(segment.start, segment.end)) {
      if (element.id === clusterId) return recording;
      if (element.id === infoId) await readInfo(element);
      if (element.id === tracksId) {
        for await (const track of elements(element.start, element.end)) {
          if (track.id === 0xae) await readTrack(track);
        }
      }
    }
    return recording;
  }
  throw new Unreadable('no segment');

  async function readInfo(info: Element): Promise<void> {
    // Nanoseconds in a tick.
    let scale = 1_000_000;
    let ticks = 0;
    for await (const element of elements(info.start, info.end)) {
      if (element.id === 0x2ad7b1) scale = await whole(element);
      if (element.id === 0x4489) ticks = await real(element);
    }
    if (ticks > 0) recording.duration = (ticks * scale) / 1e9;
  }

  async function readTrack(track: Element): Promise<void> {
    let sort = 0;
    let codec = '';
    const size = { width: 0, height: 0, shownWidth: 0, shownHeight: 0, unit: 0, roll: 0 };
    for await (const element of elements(track.start, track.end)) {
      if (element.id === 0x83) sort = await whole(element);
      if (element.id === 0x86) {
        const length = Math.min(element.end - element.start, 32);
        codec = letters(await window.at(element.start, length), 0, length);
      }
      if (element.id !== 0xe0) continue;
      for await (const about of elements(element.start, element.end)) {
        if (about.id === 0xb0) size.width = await whole(about);
        if (about.id === 0xba) size.height = await whole(about);
        if (about.id === 0x54b0) size.shownWidth = await whole(about);
        if (about.id === 0x54ba) size.shownHeight = await whole(about);
        if (about.id === 0x54b2) size.unit = await whole(about);
        if (about.id !== 0x7670) continue;
        for await (const projection of elements(about.start, about.end)) {
          if (projection.id === 0x7675) size.roll = await real(projection);
        }
      }
    }
    if (sort === 2) recording.audio ??= codec.replace(/^A_/, '').toLowerCase();
    if (sort !== 1 || size.width === 0 || size.height === 0) return;
    // Only unit 0 means pixels; the others give a shape.
    const shown = size.unit === 0 && size.shownWidth > 0 && size.shownHeight > 0;
    const width = shown ? size.shownWidth : size.width;
    const height = shown ? size.shownHeight : size.height;
    const turned = Math.abs(size.roll) % 180 === 90;
    recording.video ??= turned ? { width: height, height: width } : { width, height };
  }
}
