import {closeSync} from 'node:fs';

/**
 * Ends although the terminal is gone. At its exit Node gives each terminal among its first three files its settings back,
 * and where that fails, as it does with EIO here, it crashes (SIGSEGV or SIGABRT with Node 20). Files that are closed by
 * then are passed over (`ResetStdio` in node.cc); a pipe or a file among them is left alone, somebody may be reading it.
 */
export function exitWithoutTerminal(code: number): never {
  for (const [fd, {isTTY}] of [process.stdin, process.stdout, process.stderr].entries()) {
    if (!isTTY) continue;
    try {
      closeSync(fd);
    } catch {
      // Closed already.
    }
  }
  process.exit(code);
}
