import { firstLink } from '../../text/link.ts';
import type { LinkCard, Message } from '../message.ts';
import { renderVk } from './compose.ts';
import { optionsOf } from './options.ts';

/** VK: "a link without an image forms no snippet", and the image is at least so wide. */
const imageWidth = 500;

/** The page that VK shows as a snippet: the attached one, else the first of a text without files; comments have none. */
export function cardVk(message: Message): LinkCard | null {
  if (message.after !== null) return null;
  const { link } = optionsOf(message).options;
  if (link !== null) return { url: link, path: '/options/link', imageWidth };
  if (message.media.length > 0 || message.poll !== null) return null;
  const url = firstLink({ text: renderVk(message), entities: [] });
  return url === null ? null : { url, path: '/text', imageWidth };
}
