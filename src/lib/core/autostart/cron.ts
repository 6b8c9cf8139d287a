import {type Autostart, type AutostartFacts, shellWord, words} from './facts.js';

/** Debian's cron refuses a longer command; others take more. */
const longestLine = 998;

/**
 * One line for `crontab -e`. cron ends the command at the first `%` that has no backslash (the rest would be its input),
 * starts it with `PATH=/usr/bin:/bin` and without a terminal, and mails what it says, which is nothing when all is well.
 */
export function cronLine(facts: AutostartFacts): Autostart {
  const command = [`PATH=${shellWord(facts.path)}`, ...words(facts, 'start', '--ensure').map(shellWord)].join(' ');
  const line = `* * * * * ${command.replaceAll('%', String.raw`\%`)}`;
  const owner = facts.isRoot && facts.user !== 'root' ? ` -u ${facts.user}` : '';
  return {
    scheduler: 'cron',
    name: null,
    files: [],
    text: `${line}\n`,
    advice: [
      `add it: (crontab${owner} -l 2>/dev/null; erp autostart cron 2>/dev/null) | crontab${owner} -`,
      ...(line.length > longestLine
        ? [`it has ${line.length} characters, and some crons take ${longestLine}: run this with a shorter PATH`]
        : []),
    ],
  };
}
