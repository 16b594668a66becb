import type { Recording } from './recording.ts';
import { letters, Unreadable, type Window } from './window.ts';

interface Box {
  type: string;
  /** Where its content begins and ends in the file. */
  start: number;
  end: number;
}

/** Boxes that one file may have us look at. */
const boxesMost = 2_000;
/** Boxes after `moov` that must fit into the file: a cut-off one shows there. A recording in fragments has thousands. */
const afterMost = 8;

/**
 * MP4, M4A and QuickTime: `moov` with its tracks, wherever it stands. The tables of samples are not touched.
 * Throws {@link Unreadable}, also for a file whose content lies in other files.
 */
export async function readMp4(window: Window): Promise<Recording> {
  let left = boxesMost;
  async function* boxes(start: number, end: number): AsyncGenerator<Box> {
    for (let at = start; at + 8 <= end; ) {
      left -= 1;
      if (left < 0) throw new Unreadable('too many boxes');
      const head = await window.at(at, 8);
      let size = head.getUint32(0);
      let content = at + 8;
      if (size === 1) {
        size = Number((await window.at(at + 8, 8)).getBigUint64(0));
        content = at + 16;
      }
      const close = size === 0 ? end : at + size;
      // QuickTime may close a list with four zeros; anything else that does not fit is a lie.
      if (close < content || close > end) throw new Unreadable('a box outside its parent');
      yield { type: letters(head, 4), start: content, end: close };
      at = close;
    }
  }
  async function find(within: Box, ...path: string[]): Promise<Box | null> {
    const [type, ...rest] = path;
    if (type === undefined) return within;
    for await (const box of boxes(within.start, within.end)) {
      if (box.type === type) return find(box, ...rest);
    }
    return null;
  }

  let moov: Box | null = null;
  let after = 0;
  for await (const box of boxes(0, window.size)) {
    if (moov === null && box.type === 'moov') moov = box;
    else if (moov !== null) after += 1;
    if (after === afterMost) break;
  }
  if (!moov) throw new Unreadable('no moov');
  const recording: Recording = { video: null, audio: null, duration: null };
  let timescale = 0;
  let fragments: Box | null = null;
  for await (const box of boxes(moov.start, moov.end)) {
    if (box.type === 'mvhd') {
      const [scale, duration] = await timing(box);
      timescale = scale;
      if (scale > 0 && duration > 0) recording.duration = duration / scale;
    } else if (box.type === 'mvex') {
      fragments = await find(box, 'mehd');
    } else if (box.type === 'trak') {
      await readTrack(box);
    }
  }
  if (recording.duration === null && fragments && timescale > 0) {
    const wide = (await window.at(fragments.start, 1)).getUint8(0) === 1;
    const view = await window.at(fragments.start + 4, wide ? 8 : 4);
    recording.duration = (wide ? Number(view.getBigUint64(0)) : view.getUint32(0)) / timescale;
  }
  return recording;

  async function readTrack(trak: Box): Promise<void> {
    const handler = await find(trak, 'mdia', 'hdlr');
    const sort = handler ? letters(await window.at(handler.start + 8, 4), 0) : '';
    if (sort !== 'vide' && sort !== 'soun') return;
    const references = await find(trak, 'mdia', 'minf', 'dinf', 'dref');
    if (references) {
      for await (const box of boxes(references.start + 8, references.end)) {
        const inHere = ((await window.at(box.start, 4)).getUint32(0) & 1) === 1;
        if (!inHere) throw new Unreadable('the content lies in another file');
      }
    }
    const descriptions = await find(trak, 'mdia', 'minf', 'stbl', 'stsd');
    if (!descriptions) throw new Unreadable('no sample description');
    const entry = await window.at(descriptions.start + 8, 36);
    if (sort === 'soun') recording.audio ??= letters(entry, 4);
    // The first picture counts; a cover or a preview comes after it.
    else recording.video ??= (await shownSize(trak)) ?? sizeOf(entry.getUint16(32), entry.getUint16(34));
  }

  /** Width and height as the track header shows them, turned as it says. */
  async function shownSize(trak: Box): Promise<Recording['video']> {
    const header = await find(trak, 'tkhd');
    if (!header) return null;
    const wide = (await window.at(header.start, 1)).getUint8(0) === 1;
    const view = await window.at(header.start + (wide ? 52 : 40), 44);
    const turned = view.getInt32(0) === 0 && view.getInt32(16) === 0;
    const [width, height] = [view.getUint32(36) / 65_536, view.getUint32(40) / 65_536];
    return turned ? sizeOf(height, width) : sizeOf(width, height);
  }

  /** Ticks in a second, and how many of them it lasts; 0 where it is not known. */
  async function timing(mvhd: Box): Promise<[number, number]> {
    const wide = (await window.at(mvhd.start, 1)).getUint8(0) === 1;
    const view = await window.at(mvhd.start + (wide ? 20 : 12), wide ? 12 : 8);
    const duration = wide ? view.getBigUint64(4) : BigInt(view.getUint32(4));
    const unknown = duration === (wide ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn);
    return [view.getUint32(0), unknown ? 0 : Number(duration)];
  }
}

function sizeOf(width: number, height: number): Recording['video'] {
  const [w, h] = [Math.round(width), Math.round(height)];
  return w > 0 && h > 0 ? { width: w, height: h } : null;
}
