import * as v from 'valibot';

/** How the VK side behaves where the real one is slow, configurable or not known. */
export interface VkSettings {
  /** How long a video is worked on after its upload, in ms. */
  vkVideoMs: number;
  /** Life of access tokens of VK ID. */
  vkTokenSeconds: number;
  /** How a call with an expired token is refused: error 5 (with subcode 1117), or error 1117 itself. */
  vkExpired: 'error_5' | 'error_1117';
  /** What the second use of a refresh token does: it is refused, and the login may end with it. */
  vkRefreshReuse: 'refuse' | 'revoke_family';
  /** How long an address may take to answer an event or a confirmation, in ms. */
  vkCallbackTimeoutMs: number;
  /** Wait before the first repeat of an event, in ms; it doubles with each. */
  vkCallbackRetryMs: number;
  /** How many failures in a row stop the events of an address. */
  vkCallbackFailures: number;
}

export const VK_SETTINGS: VkSettings = {
  vkVideoMs: 300,
  vkTokenSeconds: 3600,
  vkExpired: 'error_5',
  vkRefreshReuse: 'refuse',
  vkCallbackTimeoutMs: 5000,
  vkCallbackRetryMs: 1000,
  vkCallbackFailures: 10,
};

const amount = v.optional(v.pipe(v.number(), v.minValue(0)));

export const vkSettingsEntries = {
  vkVideoMs: amount,
  vkTokenSeconds: amount,
  vkExpired: v.optional(v.picklist(['error_5', 'error_1117'])),
  vkRefreshReuse: v.optional(v.picklist(['refuse', 'revoke_family'])),
  vkCallbackTimeoutMs: amount,
  vkCallbackRetryMs: amount,
  vkCallbackFailures: amount,
};
