import type { Capabilities, Capability } from '../network.ts';
import type { TokenKind } from './call.ts';
import type { VkSettings } from './options.ts';

/** What probing found, over both tokens. */
export interface Abilities {
  /** There is a community token. */
  community: boolean;
  /** A user token was given that may not publish. */
  wanting: boolean;
  photos: boolean;
  documents: TokenKind | null;
  video: boolean;
  /** A user token may publish, edit, delete, pin and make polls. */
  manages: boolean;
  reads: boolean;
  updates: TokenKind | null;
  statistics: boolean;
}

/** In plain words for the owner: what works, why not, what works all the same, and what to do. */
export function capabilitiesFor(able: Abilities, settings: VkSettings): Capabilities {
  const add = (rights: string) =>
    able.wanting
      ? `The user token that was given may not do this: its owner must be an administrator, and it needs the rights ${rights}.`
      : `Add a user token of an administrator with the rights ${rights}.`;
  const only = (what: string, rights: string, without: string) =>
    missing(`VK lets only a user token ${what}.`, without, add(rights));
  return {
    text: available(`Texts of up to ${settings.text_limit} characters.`),
    images: images(able, settings, add('wall and photos')),
    video: able.video
      ? available('Up to 10 videos in a post; VK goes on working on them after it is public.')
      : only('upload videos', 'wall and video', 'Texts, and videos that are linked to.'),
    documents:
      able.documents === null
        ? missing(
            'VK lets these access tokens upload no documents.',
            'Texts with links.',
            'Give the community token the right documents, in VK: Manage, API usage.',
          )
        : available('One document or GIF in a post; no music and no programs.'),
    audio: missing(
      'VK takes no audio from outside, and refuses music as documents.',
      'A link to it, or a video of it.',
      null,
    ),
    polls: able.manages
      ? available('One poll in a post, beside a text or images, with up to 10 answers.')
      : only('make polls', 'wall', 'Posts without a poll.'),
    edit: able.manages
      ? available('Published posts can be edited; comments cannot.')
      : only('edit posts', 'wall', 'Editing by hand in VK.'),
    delete: able.manages
      ? available('Published posts and comments can be deleted.')
      : only('delete posts', 'wall', 'Deleting by hand in VK.'),
    pin: able.manages
      ? available('Posts can be pinned.')
      : only('pin posts', 'wall', 'Pinning by hand in VK.'),
    comments: available('The community can comment on its posts, and longer posts go on in comments.'),
    find: able.reads
      ? available('Outpost can read the wall and find out whether a post went out.')
      : missing(
          'These tokens may not read the wall. If it stays unknown whether a post went out, Outpost asks you.',
          able.updates === null
            ? 'Publishing itself.'
            : 'Publishing itself; and VK tells of new posts, which answers most such cases.',
          add('wall and photos'),
        ),
    updates: updates(able, settings),
    statistics: able.statistics
      ? available('Reach and visitors of the community and its posts.')
      : only('read statistics', 'wall and stats', 'Figures that readers see.'),
  };
}

function images(able: Abilities, settings: VkSettings, add: string): Capability {
  if (able.photos) return available('Up to 10 photos in a post.');
  const reason = 'VK lets no community token upload photos.';
  if (able.documents === null) {
    return missing(
      'VK lets these access tokens upload neither photos nor documents.',
      'Texts with links.',
      `${add} Or give the community token the right documents, and allow sending photos as documents.`,
    );
  }
  if (settings.photos_as_documents) {
    return available(`One image in a post, sent as a document: ${reason} ${add}`);
  }
  return missing(
    able.community ? reason : 'This user token lacks the right photos.',
    'Texts with links, documents and GIFs.',
    `${add} Or allow sending photos as documents in the settings of this community.`,
  );
}

function updates(able: Abilities, { callback }: VkSettings): Capability {
  const without = 'Publishing; new comments, likes and followers are not seen as they come.';
  if (able.updates === null) {
    return missing(
      'These access tokens may not set up messages from VK about the community.',
      without,
      'Give the community token the right to manage the community, in VK: Manage, API usage.',
    );
  }
  if (callback) return available('VK tells Outpost of new posts, comments, likes and followers.');
  return missing(
    'It is switched off in the settings of this community.',
    without,
    'Switch callback on there.',
  );
}

function available(detail: string): Capability {
  return { available: true, detail, without: null, next_step: null };
}

function missing(detail: string, without: string, nextStep: string | null): Capability {
  return { available: false, detail, without, next_step: nextStep };
}
