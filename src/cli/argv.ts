export interface Translated {
  readonly argv: readonly string[];
  /** One line for people whose fingers know the PowerShell scripts; null: nothing was translated. */
  readonly advice: string | null;
}

/** Of the old starter's `-Mode`; that of the old connection monitor is a flag here too. */
const modes: Readonly<Record<string, readonly string[]>> = {
  start: ['start'],
  stop: ['stop'],
  restart: ['restart'],
  status: ['status'],
  health: ['status'],
  watchdog: ['watchdog'],
  logs: ['logs'],
  ports: ['ports'],
  connection: ['monitor-connection'],
  config: ['config', 'validate'],
};

/** Commands that ask before they act, and so have `--yes`. */
const asking = new Set(['stop']);
/** They take a value, also when it stands before the command: `erp -C ../acme status`. */
const valued = new Set(['-C', '--project', '--config', '--instance']);
const alone = new Set(['--json', '--color', '--no-color']);

/**
 * `erp -BackendOnly -MaxRestarts 10` is `erp start --backend-only --max-restarts 10`; flags of the project may stand
 * before the command. What follows `--` belongs to somebody else and stays as it is.
 */
export function translate(argv: readonly string[]): Translated {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end);
  const words: string[] = [];
  const old: string[] = [];
  let command: readonly string[] = [];
  let forced = false;
  for (let index = 0; index < own.length; index += 1) {
    const word = own[index] as string;
    const match = /^-([A-Z][a-z]\w*)(?:[:=](.*))?$/s.exec(word);
    if (match === null) {
      words.push(word);
      continue;
    }
    const [, name = '', attached] = match;
    if (name === 'Mode') {
      const value = (attached ?? own[(index += 1)] ?? '').toLowerCase();
      if (words.includes('monitor-connection')) words.push('--mode', value);
      else command = modes[value] ?? [value];
    } else if (name === 'Force') forced = true;
    else words.push(kebab(name), ...(attached === undefined ? [] : [attached]));
    old.push(word);
  }
  const ordered = commandFirst(words);
  if (old.length === 0) return {argv: [...ordered, ...rest], advice: null};
  const named = command.length > 0 ? [...command, ...ordered] : ordered;
  const full = named[0] === undefined || named[0].startsWith('-') ? ['start', ...named] : named;
  if (forced && asking.has(full[0] as string)) full.push('--yes');
  const result = [...full, ...rest];
  const needless = forced && !asking.has(full[0] as string) ? '; -Force is not needed' : '';
  return {argv: result, advice: `erp: ${old.join(' ')} is now: erp ${result.map(quoted).join(' ')}${needless}`};
}

function commandFirst(words: readonly string[]): string[] {
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] as string;
    if (valued.has(word)) index += 1;
    else if (!alone.has(word) && !/^--(project|config|instance)=/.test(word) && !/^-C./.test(word)) break;
  }
  // Nothing but such flags, or one that oclif answers by itself (--help, --version): as it came.
  if (index === 0 || index >= words.length || words[index]?.startsWith('-') === true) return [...words];
  return [words[index] as string, ...words.slice(0, index), ...words.slice(index + 1)];
}

const kebab = (name: string) => `--${name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()}`;

/** As it can be typed into a shell. */
export const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
