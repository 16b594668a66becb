import { resetPassword } from '../auth/user.ts';
import { readConfig } from '../config.ts';
import { StartError } from '../errors.ts';
import { openContext } from '../stores/open.ts';
import { command } from './command.ts';

/** `bun run reset-password <e-mail>`: for whoever runs the installation, when somebody has forgotten a password. */
async function main([email, ...more]: readonly string[]): Promise<void> {
  if (!email || more.length > 0) throw new StartError('Usage: bun run reset-password <e-mail>');
  const { ctx, close } = await openContext({ ...readConfig(process.env), role: 'api' });
  try {
    console.log(
      `New password: ${await resetPassword(ctx, email)}\nIt is not shown again; sessions of ${email} have ended.`,
    );
  } finally {
    await close();
  }
}

await command(main);
