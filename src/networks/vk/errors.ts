import * as v from 'valibot';
import { NetworkError, type NetworkErrorKind } from '../error.ts';
import type { Answer } from '../request.ts';

/** `request_params` of a VK error echoes the whole request; it is never read. */
const Refusal = v.object({
  error: v.object({ error_code: v.pipe(v.number(), v.integer()), error_msg: v.optional(v.string(), '') }),
});
const Acceptance = v.object({ response: v.unknown() });

const second = 1000;
const hour = 3_600_000;
const day = 24 * hour;

interface Meaning {
  kind: NetworkErrorKind;
  message: string;
  nextStep: string | null;
  retryAfter?: (now: number) => number;
  scope?: 'place';
}

const rejected = (message: string, nextStep: string | null): Meaning => ({
  kind: 'rejected',
  message,
  nextStep,
});
const auth: Meaning = {
  kind: 'auth',
  message: 'VK does not accept the access token: it expired, was revoked, or its owner lost the community.',
  nextStep: 'Make a new access token in the settings of the community and connect it again.',
};
const right = rejected(
  'This access token has not the right that VK wants here.',
  'Give the token this right in the settings of the community (API usage), or add a user token of an administrator.',
);
const tokenKind = rejected(
  'VK does not allow this with an access token of this kind.',
  'Add a user token of an administrator with the rights wall and photos.',
);
const parameter = rejected(
  'VK refuses the content of the request.',
  'Check the text and the files of the post.',
);
const video = rejected(
  'VK does not let this access token upload a video to the community.',
  'Give the user token the right video, and check that its owner may add videos to the community.',
);
const comments = rejected(
  'VK does not let the community comment here: comments are closed, or the right is missing.',
  'Open the comments of the post in VK, or give the access token the right.',
);
const person = rejected(
  'VK wants a person to confirm that this is no robot; nothing was published.',
  'Open VK in a browser with the account of the token, make a post there by hand or answer the check, then publish again.',
);
const unknown: Meaning = {
  kind: 'unknown',
  message: 'VK reported a fault of its own and did not say whether it carried out the request.',
  nextStep: null,
};

/** What each code means for us. A code that is not in the list is no proof of a refusal. */
const meanings: Readonly<Record<number, Meaning>> = {
  1: unknown,
  10: unknown,
  2: rejected(
    'The VK application of this access token is switched off.',
    'Switch the application on in VK, or use another token.',
  ),
  3: parameter,
  4: parameter,
  5: auth,
  6: {
    kind: 'limited',
    message: 'Too many requests to VK in one second.',
    nextStep: null,
    retryAfter: () => second,
  },
  7: right,
  8: parameter,
  9: {
    kind: 'limited',
    message: 'VK stopped the community for a while: too many actions, or the same ones again.',
    nextStep: 'Change the text if it repeats an earlier post.',
    retryAfter: () => hour,
    scope: 'place',
  },
  14: person,
  15: right,
  17: person,
  18: rejected(
    'The account of this access token is blocked or deleted at VK.',
    'Use a token of another administrator.',
  ),
  19: rejected('VK blocked this content or this community.', 'Look at the community in VK.'),
  20: right,
  21: right,
  22: rejected('VK did not take the uploaded file.', 'Upload the file again.'),
  23: rejected('VK switched this method off.', null),
  24: person,
  27: tokenKind,
  28: tokenKind,
  29: {
    kind: 'limited',
    message: 'The daily number of such requests to VK is used up.',
    nextStep: null,
    retryAfter: untilMoscowMidnight,
  },
  30: right,
  100: parameter,
  101: rejected('VK does not know the application of this access token.', 'Use another access token.'),
  104: rejected('VK does not find what the request names.', 'Check that the community still exists.'),
  105: rejected('VK could not save the document.', 'Upload the file again, or use another one.'),
  113: parameter,
  114: parameter,
  118: rejected('VK did not recognise its own upload.', 'Publish again; the file is uploaded anew.'),
  121: rejected('VK did not recognise its own upload.', 'Publish again; the file is uploaded anew.'),
  125: rejected('VK does not know this community.', 'Check its address.'),
  129: rejected('VK refuses an image.', 'Save it again as JPEG or PNG and replace it in the post.'),
  203: right,
  204: video,
  210: right,
  211: comments,
  212: comments,
  213: comments,
  214: rejected(
    'VK does not let this access token post on the wall of the community.',
    'Check that the wall is open and that the owner of the token may post in the name of the community.',
  ),
  219: rejected(
    'VK allows no more advertising here for now: an advertising post was added recently.',
    'Publish it later.',
  ),
  220: {
    kind: 'limited',
    message: 'VK paused the community: its posts reached too many recipients.',
    nextStep: null,
    retryAfter: () => hour,
    scope: 'place',
  },
  222: rejected('VK forbids links in this post.', 'Remove the links from the text.'),
  223: {
    kind: 'limited',
    message: 'Too many comments from this community in a short time.',
    nextStep: null,
    retryAfter: () => hour,
    scope: 'place',
  },
  224: rejected('VK allows no more advertising posts in this community for now.', 'Publish it later.'),
  225: rejected('VK Donut is switched off in this community.', 'Switch it on in VK.'),
  243: rejected('VK did not delete the comment.', 'Delete it by hand in VK.'),
  250: rejected('VK does not let this access token use the poll.', 'Publish without the poll.'),
  251: rejected('VK does not find the poll.', 'Publish again; the poll is made anew.'),
  601: {
    kind: 'limited',
    message: 'Too many actions in this VK community today.',
    nextStep: null,
    retryAfter: untilMoscowMidnight,
    scope: 'place',
  },
  703: rejected(
    'VK wants two-factor sign-in for this.',
    'Switch on two-factor sign-in for the account of the token.',
  ),
  800: video,
  801: comments,
  1051: tokenKind,
  1116: auth,
  1117: auth,
  2000: rejected(
    'The community has ten servers for the Callback API already, which is all that VK takes.',
    'Remove one in VK: Manage, API usage, Callback API.',
  ),
  3300: person,
  3301: person,
  3302: person,
  3609: auth,
};

/** Codes that tell a probe "this token cannot", which is no fault of the connection. */
export const absentCodes: ReadonlySet<string> = new Set(
  [7, 15, 20, 23, 27, 28, 203, 204, 214, 1051].map((code) => `vk:${code}`),
);

/**
 * The `response` of a VK answer, or the {@link NetworkError} it means. VK refuses with HTTP 200; anything that is not
 * a whole VK answer is `unknown`.
 */
export function vkResponse(answer: Answer, now = Date.now()): unknown {
  const { status } = answer;
  const body = parse(answer.text);
  if (status >= 300 && (status < 400 || status >= 500)) throw noAnswer(status);
  const refusal = v.safeParse(Refusal, body);
  if (refusal.success)
    throw refused(refusal.output.error.error_code, refusal.output.error.error_msg, status, now);
  const acceptance = v.safeParse(Acceptance, body);
  if (!acceptance.success || status >= 400 || acceptance.output.response === undefined)
    throw noAnswer(status);
  return acceptance.output.response;
}

export function noAnswer(httpStatus: number): NetworkError {
  return new NetworkError('unknown', {
    code: httpStatus === 200 ? 'unusable' : `http_${httpStatus}`,
    httpStatus,
    message: 'VK gave no usable answer.',
  });
}

/** VK counts its days by Moscow (UTC+3 all the year). Milliseconds from `now` to the next one. */
export function untilMoscowMidnight(now: number): number {
  return day - ((now + 3 * hour) % day);
}

function refused(code: number, text: string, httpStatus: number, now: number): NetworkError {
  // 214 covers rights and the daily number alike; only the text tells them apart.
  const meaning =
    code === 214 && /\b(a|per) day\b|\bdaily\b|\btoday\b|\d+ posts|в (день|сутки)/i.test(text)
      ? dayLimit
      : (meanings[code] ?? unknown);
  return new NetworkError(meaning.kind, {
    code: `vk:${code}`,
    httpStatus,
    message: meaning.message,
    nextStep: meaning.nextStep,
    // VK does not say what it answers to a `guid` that it knows; naming it in a refusal can only mean that.
    duplicate: (code === 213 || code === 214) && /\bguid\b/.test(text),
    retryAfter: meaning.retryAfter?.(now) ?? null,
    scope: meaning.scope ?? 'credential',
  });
}

const dayLimit: Meaning = {
  kind: 'limited',
  message: 'VK takes no more posts of this community today. The count starts again at midnight, Moscow time.',
  nextStep: null,
  retryAfter: untilMoscowMidnight,
  scope: 'place',
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
