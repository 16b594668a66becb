import type { Capabilities, Capability } from '../network.ts';
import type { ChatType, Rights, TelegramSettings } from './place.ts';

/** What `connect` found out about a chat. */
export interface Findings {
  type: ChatType;
  username: string | null;
  protectContent: boolean;
  /** The bot's own rights. */
  rights: Rights;
  admin: boolean;
  settings: TelegramSettings;
  /** The group with the comments of a channel; `null`: there is none. `writes`: the bot may write there. */
  linked: { title: string; writes: boolean } | null;
  /** null: none is set. */
  service: { ready: boolean; problem: string } | null;
  /** null: no second bot is given. */
  witness: { ready: boolean; problem: string } | null;
  /** null: no user session is given. `name` is whose it is. */
  session: { ready: true; name: string } | { ready: false; problem: string } | null;
  /** Whether this installation takes user sessions. */
  sessions: boolean;
}

const able = (detail: string): Capability => ({ available: true, detail, without: null, next_step: null });

const unable = (detail: string, without: string, next_step: string | null): Capability => ({
  available: false,
  detail,
  without,
  next_step,
});

export function capabilitiesFrom(found: Findings): Capabilities {
  const { rights, type } = found;
  const channel = type === 'channel';
  const place = channel ? 'channel' : 'group';
  return {
    text: able('Texts of up to 4096 characters, with formatting and buttons.'),
    images: sending(
      rights.image,
      'images',
      'One image, or an album of up to 10, with up to 1024 characters of text.',
    ),
    video: sending(
      rights.video || rights.animation,
      'videos',
      rights.video && rights.animation
        ? 'Videos as MP4, also in albums with images, and animations as GIF or MP4.'
        : rights.video
          ? 'Videos as MP4, also in albums with images. Animations are not allowed to members of this group.'
          : 'Animations as GIF or MP4. Videos are not allowed to members of this group.',
    ),
    documents: sending(rights.document, 'documents', 'Files of any type, alone or up to 10 together.'),
    audio: sending(
      rights.audio || rights.voice,
      'audio files',
      rights.audio && rights.voice
        ? 'Music as MP3 or M4A, up to 10 together, and voice messages.'
        : rights.audio
          ? 'Music as MP3 or M4A. Voice messages are not allowed to members of this group.'
          : 'Voice messages. Audio files are not allowed to members of this group.',
    ),
    polls: sending(
      rights.poll,
      'polls',
      channel ? 'Anonymous polls and quizzes of up to 12 answers.' : 'Polls and quizzes of up to 12 answers.',
    ),
    edit: able(
      'Text, formatting, buttons and files of published messages. Polls stay as they are, and an album keeps its number of files.',
    ),
    delete: able(
      rights.delete
        ? 'Published messages can be deleted; later than 48 hours after the send Telegram may refuse it.'
        : `Published messages can be deleted for 48 hours. For later ones give the bot the right “Delete messages” in this ${place}.`,
    ),
    pin: rights.pin
      ? able('Published messages can be pinned and unpinned.')
      : unable(
          'The bot may not pin messages here.',
          'Everything else works; you can pin messages yourself in Telegram.',
          pinAdvice(type),
        ),
    comments: comments(found),
    find: finding(found),
    updates: found.admin
      ? able(`The bot hears new messages, reactions and changes of its rights in this ${place}.`)
      : able(
          'The bot hears answers to its messages and changes of its rights. As an administrator it would hear every message and reaction.',
        ),
    statistics: able(
      `${
        found.admin
          ? 'Members each day, and reactions as they come.'
          : 'Members each day. Reactions are told to administrators alone.'
      } Telegram tells bots no views and no forwards${found.session?.ready ? '' : viewsFrom(found)}${sessionFrom(found)}.`,
    ),
  };
}

/** Where views come from beside the bot. */
function viewsFrom({ type, username, settings }: Findings): string {
  if (type !== 'channel' || username === null) return '';
  return settings.preview_statistics
    ? `; views are read from the public page t.me/s/${username}`
    : '. With preview_statistics views are read from the public page of this channel';
}

/** What a user session adds, and what it costs. */
function sessionFrom({ type, session, sessions }: Findings): string {
  const risk = 'it gives Outpost that whole account, and Telegram may lock accounts that programs use';
  if (session?.ready) {
    const posts = type === 'channel' ? ', and the posts from before it was connected' : '';
    return `. Views, forwards, reactions and comments${posts} are read with the user session of ${session.name}: ${risk}`;
  }
  if (session) return `. ${session.problem.replace(/\.$/, '')}`;
  if (!sessions || type === 'group') return '';
  return `. With the user session of a member (credentials.user_session) they are read, also of a private ${type === 'channel' ? 'channel' : 'group'}: ${risk}`;
}

/** Which right pins, and where to give it. */
export function pinAdvice(type: ChatType): string {
  return type === 'channel'
    ? 'Open the channel in Telegram, go to Administrators and allow the bot “Edit messages”: that right pins, too.'
    : 'Open the group in Telegram, go to Administrators and allow the bot “Pin messages”.';
}

function sending(allowed: boolean, what: string, detail: string): Capability {
  return allowed
    ? able(detail)
    : unable(
        `Members of this group may not send ${what}, and the bot is one of them.`,
        'Texts and whatever else is allowed go out all the same.',
        `Make the bot an administrator of the group, or allow ${what} in its permissions.`,
      );
}

function comments({ type, linked, settings }: Findings): Capability {
  if (type !== 'channel') return able('A comment is an answer to the message in the group.');
  const without = 'Posts go out without a first comment.';
  if (linked === null) {
    return unable(
      'This channel has no discussion group, so nobody can comment.',
      without,
      'Link a discussion group in the settings of the channel, add the bot to it, then check the connection.',
    );
  }
  if (!settings.comments_in_linked_group) {
    return unable(
      `Comments in the linked group “${linked.title}” are turned off here.`,
      without,
      'Turn comments in the linked group on in the settings of this channel.',
    );
  }
  return linked.writes
    ? able(`The bot comments in the linked group “${linked.title}”.`)
    : unable(
        `The bot may not write in the linked group “${linked.title}”.`,
        without,
        'Add the bot to the linked group and let it write there, then check the connection.',
      );
}

/** Which ways there are to learn whether a post is there when its answer was lost, and what each of them leaves behind. */
function finding({ type, username, protectContent, settings, service, witness }: Findings): Capability {
  const on: string[] = [];
  const off: string[] = [];
  if (type === 'channel' && username !== null) {
    if (settings.preview_page) {
      on.push(`reads the public page t.me/s/${username} (its newest posts; leaves no trace)`);
    } else off.push('Turn on preview_page: the page of a public channel shows its newest posts.');
  }
  if (witness !== null) {
    if (witness.ready) on.push('asks the second bot, which hears what is posted here (leaves no trace)');
    else off.push(witness.problem);
  }
  if (settings.forward_probe) {
    if (protectContent)
      off.push('Messages here are protected from being forwarded, so copies cannot be made.');
    else if (type === 'group') {
      off.push('In a basic group numbers of messages differ for each account, so copies cannot be made.');
    } else if (service === null) off.push('The forward probe needs a service_chat: set one.');
    else if (service.ready) {
      on.push(
        'forwards the newest messages into the service chat (raises their forward counters by one; the copies are deleted at once)',
      );
    }
  } else if (!protectContent && type !== 'group') {
    off.push(
      'Set a service_chat and turn on forward_probe: then the newest messages are forwarded there to look at them, which raises their forward counters by one.',
    );
  }
  if (service !== null && !service.ready) off.push(service.problem);
  if (on.length > 0) {
    const resend = settings.forward_probe && settings.resend_when_absent;
    return able(
      `If the answer to a send is lost, Outpost ${list(on)}. ${
        resend ? 'A post that is found nowhere is sent again.' : 'If that does not tell, it asks you.'
      } ${off.join(' ')}`.trim(),
    );
  }
  return unable(
    'Telegram does not let a bot read what it posted. If it stays unknown whether a post went out, Outpost asks you.',
    'Posts go out all the same; only an unclear outcome waits for your answer.',
    off.join(' ') || null,
  );
}

function list(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
