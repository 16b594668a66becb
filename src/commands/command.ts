import { AppError, StartError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';

/**
 * Runs a command of the terminal with what follows its name, and ends the process. What it refuses, and what a network
 * does, is a line on stderr and exit code 1; anything else is a fault of ours and is thrown with its stack.
 */
export async function command(main: (given: readonly string[]) => Promise<void>): Promise<never> {
  try {
    await main(process.argv.slice(2));
    // A client of a network may keep the process alive.
    process.exit(0);
  } catch (error) {
    const isTold = error instanceof StartError || error instanceof AppError || error instanceof NetworkError;
    if (!isTold) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
