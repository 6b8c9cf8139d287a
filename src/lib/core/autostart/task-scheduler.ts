import {type Autostart, type AutostartFacts, unitName, words} from './facts.js';

/** What `schtasks /TR` takes. */
const longestCommand = 261;

/** A task each minute while this user is logged on. There is no guardian on Windows: this task is it. Written, not run. */
export function scheduledTask(facts: AutostartFacts): Autostart {
  const name = unitName(facts);
  const command = words(facts, 'start', '--ensure').map(argument).join(' ');
  // cmd.exe keeps what stands between quotes; inside they are written \".
  const text = `schtasks /Create /F /TN ${name} /SC MINUTE /MO 1 /TR "${command.replaceAll('"', String.raw`\"`)}"\r\n`;
  return {
    scheduler: 'task-scheduler',
    name,
    files: [],
    text,
    advice: [
      `away again: schtasks /Delete /TN ${name}`,
      'it runs while you are logged on; for a server add /RU and /RP of the account that owns the project',
      ...(command.length > longestCommand
        ? [`schtasks takes ${longestCommand} characters, this has ${command.length}: put the command into a .cmd file`]
        : []),
    ],
  };
}

/** One argument by the rules of Windows' C runtime: a backslash counts only before a quote. */
function argument(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  return `"${word.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, '$1$1')}"`;
}
