interface Column {
  readonly pattern: RegExp;
  /** Might be the first word of a message: no column any more where the header has ended. */
  readonly isWeak?: boolean;
  /** The message begins behind it, if no bracket does. */
  readonly isLast?: boolean;
  /** Different words there can be: levels and facilities are few. */
  readonly mostWords?: number;
}

/** What of a header may stand behind time and level; each is cut off where nearly all messages of a source have it. */
const columns: readonly Column[] = [
  {pattern: /^\[(?:[^\][]|\[[^\]]*\]){0,200}\][:,]?\s*(?:- )?/}, // [main], [req-5a - - -], [QuorumPeer[myid=1]/…]
  {pattern: /^[^\][]{1,60}\][:,]?\s+/}, // Server thread/INFO]: whose bracket the scanner has read
  {pattern: /^\((?:[^()]|\([^)]*\)){0,100}\):?\s+/},
  {pattern: /^[^\s|]{0,80}\d[^\s|]{0,80}(?:[:#|]|\s)\s*/, isWeak: true}, // 25746, R02-M1-N0, node-12:
  {pattern: /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d+\s+[\d:]+\s+/},
  {pattern: /^[\w.$@/-]+(?: \*\d+)?\s+-\s+/, isLast: true}, // chrome.exe *64 -
  {pattern: /^-\s+/, isLast: true},
  {pattern: /^[^|\s]{1,60}\|/}, // Step_LSC|
  {pattern: /^[A-Za-z_$][\w$/-]*(?:[.$][\w$-]+)+\s+/, isWeak: true}, // nova.compute.manager
  {pattern: /^[A-Za-z_][\w.$/@-]*(?: ?\([^)]*\))?(?:\[\d+\])?:\s+/, isLast: true}, // dfs.DataNode$Receiver:, sshd[24200]:
  {pattern: /^[a-z_]\w*(?:\.\w+)*:(?=[^\s:])/, isLast: true}, // matplotlib.font_manager:text
  {pattern: /^[A-Z]{2,10}\s{2,}/}, // CBS    Loaded
  {pattern: /^(?!(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS)\s)[A-Z][A-Z_]{1,20}\s+/, isWeak: true, mostWords: 10}, // RAS KERNEL INFO
];
const share = 0.9;
const mostColumns = 10;
const mostCharacters = 300;

interface Line {
  readonly text: string;
  readonly from: number;
  readonly source: number;
  readonly count: number;
}

/**
 * Where the messages begin: behind what the scanner knows for a header, and behind columns that nearly all lines of the
 * same source have in the same place.
 */
export function messageStarts(lines: readonly Line[]): number[] {
  const starts = lines.map(({from}) => from);
  const sources = new Map<number, number[]>();
  for (const [index, {source}] of lines.entries()) {
    const there = sources.get(source);
    if (there === undefined) sources.set(source, [index]);
    else there.push(index);
  }
  for (const indices of sources.values()) if (indices.length >= 5) cutColumns(lines, indices, starts);
  return starts;
}

function cutColumns(lines: readonly Line[], indices: readonly number[], starts: number[]): void {
  let total = 0;
  let isOver = false;
  for (const index of indices) total += (lines[index] as Line).count;
  for (let round = 0; round < mostColumns; round += 1) {
    const column = columns.find((one) => !(isOver && one.isWeak) && isColumn(one, lines, indices, starts, total));
    if (column === undefined) return;
    isOver ||= column.isLast === true;
    for (const index of indices) {
      const {text} = lines[index] as Line;
      const from = starts[index] as number;
      const match = column.pattern.exec(text.slice(from, from + mostCharacters));
      if (match !== null && from + match[0].length < text.length) starts[index] = from + match[0].length;
    }
  }
}

function isColumn(
  {pattern, mostWords = Number.POSITIVE_INFINITY}: Column,
  lines: readonly Line[],
  indices: readonly number[],
  starts: readonly number[],
  total: number,
): boolean {
  let count = 0;
  let kinds = 0;
  let missed = 0;
  const words = new Set<string>();
  for (const index of indices) {
    const {text, count: weight} = lines[index] as Line;
    const from = starts[index] as number;
    const match = pattern.exec(text.slice(from, from + mostCharacters));
    if (match === null || from + match[0].length >= text.length) {
      missed += 1;
      if (missed > indices.length * (1 - share)) return false;
      continue;
    }
    if (mostWords < Number.POSITIVE_INFINITY && words.add(match[0]).size > mostWords) return false;
    count += weight;
    kinds += 1;
  }
  return count >= total * share && kinds >= indices.length * share;
}
