/** Signing in and up. */
export const account = {
  sign_in: 'Sign in',
  register: 'Create your account',
  register_lead: 'The first account of an installation is its operator’s.',
  to_register: 'No account yet? Create one',
  to_sign_in: 'Have an account? Sign in',
  email: 'E-mail',
  password: 'Password',
  password_hint: 'At least 8 characters: a sentence is easy to remember.',
  name: 'Your name',
  workspace_zone: 'Times are shown in {{zone}}; it can be changed later.',
  create: 'Create account',
  tagline: 'Posts go out at the minute they are due, once.',
  demo: 'This is the demo: its account is filled in already.',
};
