import {DemoError} from './demo-error.js';

/**
 * Runs the main function of one of the demo's programs. A foreseen failure ends in one line on stderr and its exit
 * code; anything else stays an uncaught exception, printed by Node with its stack, exit code 1.
 */
export async function runProgram(name: string, main: () => void | Promise<void>): Promise<void> {
  // A reader that went away (EPIPE) must not take the service with it.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  try {
    await main();
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

/**
 * Calls `stop` on the first SIGTERM or SIGINT and exits with 0 once it is done. A second signal exits at once, with
 * the exit code that a shell reports for it.
 */
export function onStopSignal(stop: (signal: string) => Promise<void>): void {
  let stopping = false;
  const handle = (signal: NodeJS.Signals, number: number) => {
    if (stopping) process.exit(128 + number);
    stopping = true;
    stop(signal).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', (signal) => {
    handle(signal, 15);
  });
  process.on('SIGINT', (signal) => {
    handle(signal, 2);
  });
}
