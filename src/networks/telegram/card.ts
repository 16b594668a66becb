import { firstLink } from '../../text/link.ts';
import type { LinkCard, Message } from '../message.ts';
import { optionsOf } from './options.ts';

/** The page whose preview Telegram shows under a text; files and polls have none. */
export function card(message: Message): LinkCard | null {
  const { link_preview: wanted } = optionsOf(message).options;
  if (message.media.length > 0 || message.poll !== null || wanted?.disabled === true) return null;
  if (wanted?.url !== undefined) {
    return { url: wanted.url, path: '/options/link_preview/url', imageWidth: null };
  }
  const url = firstLink(message);
  return url === null ? null : { url, path: '/text', imageWidth: null };
}
