/** The places that posts go to, and how they are connected. */
export const communities = {
  title: 'Communities',
  connect: 'Connect a community',
  empty: 'No community is connected yet',
  empty_text: 'Connect a Telegram channel or a VK community to publish there.',
  members_one: '{{shown}} member',
  members_other: '{{shown}} members',
  warnings_one: '{{count}} warning',
  warnings_other: '{{count}} warnings',
  status: { active: 'Connected', needs_reauth: 'Sign in again', disconnected: 'Disconnected' },
};
