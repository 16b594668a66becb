import { resetPassword } from './auth/user.ts';
import { readConfig } from './config.ts';
import { AppError, StartError } from './errors.ts';
import { openContext } from './stores/open.ts';

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

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StartError) && !(error instanceof AppError)) throw error;
  console.error(error.message);
  process.exit(1);
}
