/** The content of a `.env` file. */
export interface Dotenv {
  readonly values: Readonly<Record<string, string>>;
  /** Lines that are no assignment, from 1. */
  readonly skippedLines: readonly number[];
}

/**
 * Reads what the `dotenv` package reads: comments, `export`, single quotes (as written), double quotes (with `\n`), both
 * over several lines, `#…` after a value that has no quotes. Nothing is substituted: `$` stays a character.
 * @see https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow
 */
export function parseDotenv(content: string): Dotenv {
  const text = content.replaceAll('\r\n', '\n');
  const values: Record<string, string> = {};
  const skippedLines: number[] = [];
  const assignment =
    /[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:=|:[ \t])[ \t]*(?:"((?:\\.|[^"\\])*)"|'([^']*)'|`([^`]*)`|([^\n]*?))[ \t]*(?:[ \t]#[^\n]*|#[^\n]*)?(?=\n|$)/sy;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at) === -1 ? text.length : text.indexOf('\n', at);
    const line = text.slice(at, end).trim();
    assignment.lastIndex = at;
    const match = line === '' || line.startsWith('#') ? null : assignment.exec(text);
    if (match !== null) {
      // Only \n and \r: a Windows path in double quotes stays one, as far as dotenv leaves it.
      values[match[1] ?? ''] =
        match[2] === undefined
          ? (match[3] ?? match[4] ?? (match[5] ?? '').trim())
          : match[2].replaceAll(String.raw`\n`, '\n').replaceAll(String.raw`\r`, '\r');
      at = assignment.lastIndex + 1;
      continue;
    }
    if (line !== '' && !line.startsWith('#')) skippedLines.push(text.slice(0, at).split('\n').length);
    at = end + 1;
  }
  return {values, skippedLines};
}
