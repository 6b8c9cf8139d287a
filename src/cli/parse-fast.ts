import type {FlagRow} from './status-flags.js';

export interface FastWish {
  /** What is no flag. */
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly switches: Readonly<Record<string, boolean>>;
}

/**
 * Flags as oclif would read them, as far as that is certain.
 * @param argv the command first
 * @param takesWords false: anything but a flag is left to oclif
 * @returns null: not in a form that is understood here for sure
 */
export function parseFast(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  table: readonly FlagRow[],
  takesWords = false,
): FastWish | null {
  // oclif has variables of its own that change what is printed.
  if (env['ERP_CONTENT_TYPE'] !== undefined) return null;
  const words: string[] = [];
  const values: Record<string, string> = {};
  const switches: Record<string, boolean> = {};
  for (let index = 1; index < argv.length; index += 1) {
    const word = argv[index] as string;
    if (takesWords && /^[^-]/.test(word)) {
      words.push(word);
      continue;
    }
    const [, name = '', attached] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const row = table.find((each) =>
      name === '' ? each.char !== undefined && word === `-${each.char}` : each.name === name,
    );
    if (row?.fast === true && row.value) {
      const value = attached ?? argv[(index += 1)];
      // A second time, or a value that looks like a flag: oclif knows what it makes of it.
      if (value === undefined || value === '' || value.startsWith('-') || row.name in values) return null;
      values[row.name] = value;
    } else if (row?.fast === true && attached === undefined) switches[row.name] = true;
    else {
      const negated = table.find((each) => each.allowNo === true && word === `--no-${each.name}`);
      if (negated?.fast !== true) return null;
      switches[negated.name] = false;
    }
  }
  for (const {name, env: variable} of table) {
    const value = variable === undefined ? undefined : env[variable];
    if (value !== undefined && value !== '') values[name] ??= value;
  }
  return {words, values, switches};
}
