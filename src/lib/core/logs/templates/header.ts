/** What of a header may stand behind time and level; each is cut off where nearly all messages of a source have it. */
const columns: readonly RegExp[] = [
  /^\[(?:[^\][]|\[[^\]]*\]){0,200}\][:,]?\s*(?:- )?/, // [main], [req-5a - - -], [QuorumPeer[myid=1]/…]
  /^\((?:[^()]|\([^)]*\)){0,100}\):?\s+/,
  /^\S*\d\S*(?:[:#|]|\s)\s*/, // 25746, R02-M1-N0, node-12:
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d+\s+[\d:]+\s+/,
  /^[\w.$@/-]+(?: \*\d+)?\s+-\s+/, // chrome.exe *64 -
  /^-\s+/,
  /^[^|\s]{1,60}\|/, // Step_LSC|
  /^[A-Za-z_$][\w$/-]*(?:[.$][\w$-]+)+\s+/, // nova.compute.manager
  /^[A-Za-z_][\w.$/@-]*(?: ?\([^)]*\))?(?:\[\d+\])?:\s+/, // dfs.DataNode$Receiver:, sshd[24200]:
  /^[A-Z]{2,10}\s{2,}/, // CBS    Loaded
  /^[A-Z][A-Z_]{1,20}\s+(?=[A-Z])/, // RAS KERNEL INFO
];
const share = 0.9;
const mostColumns = 10;

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
  for (const index of indices) total += (lines[index] as Line).count;
  for (let round = 0; round < mostColumns; round += 1) {
    const column = columns.find((pattern) => {
      let count = 0;
      let kinds = 0;
      for (const index of indices) {
        const {text, count: weight} = lines[index] as Line;
        const from = starts[index] as number;
        const match = pattern.exec(text.slice(from, from + 300));
        if (match === null || from + match[0].length >= text.length) continue;
        count += weight;
        kinds += 1;
      }
      return count >= total * share && kinds >= indices.length * share;
    });
    if (column === undefined) return;
    for (const index of indices) {
      const {text} = lines[index] as Line;
      const from = starts[index] as number;
      const match = column.exec(text.slice(from, from + 300));
      if (match !== null && from + match[0].length < text.length) starts[index] = from + match[0].length;
    }
  }
}
