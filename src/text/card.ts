import { Parser } from 'htmlparser2';

/** What a page tells of itself for a card. */
export interface PageCard {
  title: string | null;
  /** Address of its image, as the page writes it. */
  image: string | null;
  /** Width of that image in pixels; null: the page does not say. */
  imageWidth: number | null;
}

const longest = 2_000;

/**
 * Reads og:title, og:image and what stands in for them elsewhere: `twitter:…`, `<title>`, `<link rel="image_src">`. Of
 * several the first one counts. Takes any text, also one that was cut in the middle.
 */
export function readCard(html: string): PageCard {
  const found = new Map<string, string>();
  const keep = (name: string, value: string | undefined) => {
    const text = (value ?? '').trim().slice(0, longest);
    if (text !== '' && !found.has(name)) found.set(name, text);
  };
  /** Of the first `<title>`; those inside of pictures (svg) are none of the page. */
  let title: string | null = null;
  let pictures = 0;
  const parser = new Parser({
    onopentag(name, { property, name: key, content, rel, href }) {
      if (name === 'meta') keep((property ?? key ?? '').trim().toLowerCase(), content);
      else if (name === 'link' && rel?.toLowerCase() === 'image_src') keep('image_src', href);
      else if (name === 'svg') pictures += 1;
      else if (name === 'title' && pictures === 0) title ??= '';
    },
    ontext(text) {
      if (title !== null && title.length < longest) title += text;
    },
    onclosetag(name) {
      if (name === 'svg') pictures -= 1;
      if (name !== 'title' || title === null) return;
      keep('title', title);
      title = null;
    },
  });
  parser.end(html);
  const width = Number(found.get('og:image:width') ?? Number.NaN);
  const first = (...names: string[]) => names.map((name) => found.get(name)).find(Boolean) ?? null;
  return {
    title: first('og:title', 'twitter:title', 'title'),
    image: first('og:image', 'og:image:url', 'og:image:secure_url', 'twitter:image', 'image_src'),
    imageWidth: Number.isInteger(width) && width > 0 ? width : null,
  };
}
