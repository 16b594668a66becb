import { fileURLToPath } from 'node:url';
import { openSync } from 'fontkit';
import PDFDocument from 'pdfkit';
import type { Format } from '../format.ts';
import { colours } from './colours.ts';

export interface TextStyle {
  size: number;
  bold?: boolean;
  colour?: string;
  align?: 'left' | 'right' | 'center';
  /** Lines at the most; what is longer ends in «…». Default 1. */
  lines?: number;
}

/** Pages that are filled from top to bottom. Points; y grows downward. */
export interface Pages {
  doc: PDFKit.PDFDocument;
  left: number;
  width: number;
  /** Where the next thing goes. */
  y: number;
  /** Goes on to a new page where less than `height` is left. */
  room(height: number): void;
  newPage(): void;
  /** Writes without moving `y`, and answers the height that it took. */
  text(text: string, x: number, y: number, width: number, style: TextStyle): number;
  widthOf(text: string, style: Pick<TextStyle, 'size' | 'bold'>): number;
  /** Without what the font cannot draw. */
  clean(text: string): string;
  /** Numbers the pages and answers the document. */
  end(footer: string, words: Format['words']): Promise<Uint8Array>;
}

const margin = { side: 48, top: 52, bottom: 56 };

const font = (name: string) =>
  fileURLToPath(import.meta.resolve(`@expo-google-fonts/inter/${name}/Inter_${name}.ttf`));
/**
 * Figures of one width, so that columns of numbers stand under each other. This font's contextual forms change nothing
 * that is written here and take most of the time: off, which the package's types do not know.
 */
const features = {
  tnum: true,
  calt: false,
  clig: false,
  liga: false,
  rclt: false,
} as unknown as PDFKit.Mixins.OpenTypeFeatures[];

const files = { regular: font('400Regular'), bold: font('600SemiBold') };

export function openPages(about: { title: string; author: string; language: string }): Pages {
  const doc = new PDFDocument({
    size: 'A4',
    // Pages are broken here, and nowhere by themselves.
    margins: { top: 0, bottom: 0, left: 0, right: 0 },
    bufferPages: true,
    displayTitle: true,
    lang: about.language,
    info: { Title: about.title, Author: about.author, Creator: 'Outpost', Producer: 'Outpost' },
  });
  const chunks: Uint8Array[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    doc.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    doc.on('end', resolve);
    doc.on('error', reject);
  });
  doc.registerFont('regular', files.regular);
  doc.registerFont('bold', files.bold);
  const { width, height } = doc.page;
  const known = knownSigns();

  const use = ({ size, bold = false }: Pick<TextStyle, 'size' | 'bold'>) =>
    doc.font(bold ? 'bold' : 'regular').fontSize(size);
  const widthOf: Pages['widthOf'] = (text, style) => use(style).widthOfString(text, { features });
  /** The longest beginning that fits, by halves. */
  const cut = (text: string, most: number, style: TextStyle): string => {
    if (widthOf(text, style) <= most) return text;
    const signs = [...text];
    let [fits, over] = [0, signs.length];
    while (over - fits > 1) {
      const middle = (fits + over) >> 1;
      if (widthOf(`${signs.slice(0, middle).join('')}…`, style) <= most) fits = middle;
      else over = middle;
    }
    return `${signs.slice(0, fits).join('').trimEnd()}…`;
  };

  const pages: Pages = {
    doc,
    left: margin.side,
    width: width - 2 * margin.side,
    y: margin.top,
    room(needed) {
      if (pages.y + needed > height - margin.bottom) pages.newPage();
    },
    newPage() {
      doc.addPage();
      pages.y = margin.top;
    },
    text(text, x, y, most, style) {
      const { lines = 1, align = 'left', colour = colours.ink } = style;
      const clean = pages.clean(text);
      use(style);
      const line = doc.currentLineHeight(true);
      doc.fillColor(colour);
      if (lines === 1) {
        const shown = cut(clean, most, style);
        const free = most - widthOf(shown, style);
        const from = align === 'left' ? x : align === 'right' ? x + free : x + free / 2;
        doc.text(shown, from, y, { lineBreak: false, features });
        return line;
      }
      // A little more than whole lines, else the last one is lost to rounding.
      const tall = lines * line + 0.5;
      doc.text(clean, x, y, { width: most, height: tall, ellipsis: '…', align, features });
      return Math.min(doc.y - y, tall);
    },
    widthOf,
    clean(text) {
      const drawn = [...text.normalize('NFC')].map((sign) => {
        if (/\s/u.test(sign) && sign !== '\u00a0' && sign !== '\u202f') return ' ';
        if (/[\p{Cf}\p{Cc}\p{Variation_Selector}\p{Emoji_Presentation}]/u.test(sign)) return '';
        if (known.has(sign.codePointAt(0) ?? 0)) return sign;
        // Of letters that cannot be drawn something is to be seen; emoji just go.
        return /[\p{L}\p{N}]/u.test(sign) ? '…' : '';
      });
      return drawn.join('').replace(/…+/g, '…').replace(/ +/g, ' ').trim();
    },
    async end(footer, words) {
      const { count } = doc.bufferedPageRange();
      for (let index = 0; index < count; index += 1) {
        doc.switchToPage(index);
        const y = height - 36;
        doc
          .moveTo(pages.left, y - 8)
          .lineTo(pages.left + pages.width, y - 8)
          .lineWidth(0.5)
          .strokeColor(colours.rule)
          .stroke();
        const style = { size: 7.5, colour: colours.muted };
        pages.text(footer, pages.left, y, pages.width - 100, style);
        const number = words.page(index + 1, count);
        pages.text(number, pages.left + pages.width - 95, y, 95, { ...style, align: 'right' });
      }
      doc.end();
      await ended;
      return Buffer.concat(chunks);
    },
  };
  return pages;
}

/** Code points that both weights have. */
function knownSigns(): Set<number> {
  const [regular, bold] = [files.regular, files.bold].map((file) => {
    const opened = openSync(file);
    return new Set('characterSet' in opened ? opened.characterSet : []);
  });
  return new Set([...(regular ?? [])].filter((sign) => bold?.has(sign)));
}
