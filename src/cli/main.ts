import {Config, flush, run} from '@oclif/core';
import {translate} from './argv.js';
import {errorDocument, exitCodeOf, renderError} from './render/error.js';
import {unknownCommand} from './usage.js';

/**
 * Everything the fast path does not answer: oclif with all commands.
 * @param root folder of the package
 */
export async function main(root: string): Promise<void> {
  const {argv, advice} = translate(helpAsFlag(process.argv.slice(2)));
  if (advice !== null) process.stderr.write(`${advice}\n`);
  try {
    const config = await Config.load({root});
    // oclif would offer to run what it guesses, and asks on stdin.
    refuseUnknown(argv, config);
    await run([...argv], config);
    await flush();
  } catch (error) {
    const exitCode = exitCodeOf(error);
    // `this.exit(0)`, and what a command has reported itself.
    if (exitCode !== 0 && !isOwnExit(error)) {
      if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(errorDocument(error), null, 2)}\n`);
      else process.stderr.write(renderError(error));
    }
    process.exitCode = exitCode;
  }
}

/** `erp help start` is `erp start --help`. */
const helpAsFlag = (argv: readonly string[]) => (argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv);

const isOwnExit = (error: unknown) => (error as {code?: unknown} | null)?.code === 'EEXIT';

function refuseUnknown(argv: readonly string[], config: Config): void {
  const words: string[] = [];
  for (const word of argv) {
    if (word.startsWith('-')) break;
    words.push(word);
  }
  const [first] = words;
  if (first === undefined) return;
  const ids = config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '));
  const known = [...config.commandIDs, ...config.topics.map((topic) => topic.name)].map((id) =>
    id.replaceAll(':', ' '),
  );
  if (known.some((id) => id === first || id.startsWith(`${first} `))) {
    const isTopic = !config.commandIDs.includes(first);
    const second = words[1];
    if (!isTopic || second === undefined || known.includes(`${first} ${second}`)) return;
    throw unknownCommand(`${first} ${second}`, ids);
  }
  throw unknownCommand(first, ids);
}
