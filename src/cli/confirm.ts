import {createInterface} from 'node:readline/promises';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';

/**
 * Asks on the terminal; nothing but a clear yes goes on.
 * @throws ErpError exit 2 without a terminal, naming the flag; exit 130 for anything but yes
 */
export async function confirm(question: string, {flag, json}: {flag: string; json: boolean}): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || json) {
    throw new ErpError(question.replace(/ [^.?!]*\?$/, ''), {
      code: 'ERP_NEEDS_YES',
      exitCode: ExitCode.usage,
      remedy: [`the same with ${flag}`],
    });
  }
  const dialog = createInterface({input: process.stdin, output: process.stderr});
  try {
    const stop = new AbortController();
    // Ctrl-C in a prompt is a no.
    dialog.once('SIGINT', () => stop.abort());
    dialog.once('close', () => stop.abort());
    const answer = await dialog.question(`${question} [No/yes] `, {signal: stop.signal}).catch(() => '');
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    dialog.close();
  }
  throw new ErpError('Nothing was done.', {code: 'ERP_DECLINED', exitCode: ExitCode.interrupted});
}
