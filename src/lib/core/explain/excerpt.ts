import type {ExcerptRedactor} from './redact.js';

export interface ExcerptLine {
  readonly line: number;
  readonly text: string;
}

/** Of one line; what matters of a stack or a document stands in front. */
const longestShown = 400;
/** Around a line that proves the diagnosis. */
const before = 12;
const after = 8;
const atStart = 10;
const atEnd = 120;
const gapMark = '…';

/**
 * What of an excerpt is worth sending, redacted and within `maxBytes`: around the evidence, the end, the beginning, in this
 * order. Lines keep their numbers and their order; what is left out shows as `…`, what repeats is counted.
 */
export function chooseExcerpt(
  excerpt: readonly ExcerptLine[],
  evidence: readonly number[],
  redactor: ExcerptRedactor,
  maxBytes: number,
): string {
  const shown = folded(redacted(excerpt, wanted(excerpt, new Set(evidence)), redactor));
  let bytes = 0;
  const taken = new Set<number>();
  const byRank = shown.map((line, at) => ({line, at})).sort((a, b) => a.line.rank - b.line.rank);
  for (const {line, at} of byRank) {
    // Each line may need a mark of a gap in front of it.
    const size = utf8Length(line.text) + gapMark.length * 3 + 2;
    if (bytes + size > maxBytes) break;
    bytes += size;
    taken.add(at);
  }
  const kept = shown.filter((_, at) => taken.has(at));
  return kept
    .flatMap((line, at) => {
      const previous = kept[at - 1];
      return previous !== undefined && line.at > previous.end + 1 ? [gapMark, line.text] : [line.text];
    })
    .join('\n');
}

interface Ranked {
  /** Index into the excerpt, of the first and of the last line that it stands for. */
  readonly at: number;
  readonly end: number;
  readonly rank: number;
  readonly text: string;
}

/** Index of each line that may be sent, with its rank: the lower, the sooner. */
function wanted(excerpt: readonly ExcerptLine[], evidence: ReadonlySet<number>): ReadonlyMap<number, number> {
  const ranks = new Map<number, number>();
  const want = (at: number, rank: number) => {
    if (at < 0 || at >= excerpt.length) return;
    ranks.set(at, Math.min(rank, ranks.get(at) ?? rank));
  };
  excerpt.forEach(({line}, at) => {
    if (!evidence.has(line)) return;
    for (let near = at - before; near <= at + after; near += 1) want(near, Math.abs(near - at));
  });
  for (let back = 1; back <= atEnd; back += 1) want(excerpt.length - back, 10 + back);
  for (let at = 0; at < atStart; at += 1) want(at, 40 + at);
  return ranks;
}

function redacted(
  excerpt: readonly ExcerptLine[],
  ranks: ReadonlyMap<number, number>,
  redactor: ExcerptRedactor,
): readonly (Ranked & {line: number})[] {
  let last = -1;
  return [...ranks]
    .sort(([a], [b]) => a - b)
    .flatMap(([at, rank]) => {
      const {line, text} = excerpt[at] ?? {line: 0, text: ''};
      if (at !== last + 1) redactor.gap();
      last = at;
      const clean = text.split(/\r?\n/).map((part) => cut(redactor.line(part)));
      return clean.map((part) => ({at, end: at, rank, line, text: part}));
    });
}

/** A line that follows itself, but for its numbers, is said once. */
function folded(lines: readonly (Ranked & {line: number})[]): readonly Ranked[] {
  const groups: {first: Ranked & {line: number}; end: number; rank: number; times: number; key: string}[] = [];
  for (const line of lines) {
    const key = line.text.replace(/\d+/g, '0');
    const last = groups.at(-1);
    if (last !== undefined && last.key === key && key !== '' && line.at === last.end + 1) {
      last.end = line.end;
      last.rank = Math.min(last.rank, line.rank);
      last.times += 1;
    } else groups.push({first: line, end: line.end, rank: line.rank, times: 1, key});
  }
  return groups.map(({first, end, rank, times}) => ({
    at: first.at,
    end,
    rank,
    text: `${first.line}| ${first.text}${times > 1 ? ` (${times} times)` : ''}`,
  }));
}

const cut = (text: string): string => (text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);

export const utf8Length = (text: string): number => new TextEncoder().encode(text).length;
