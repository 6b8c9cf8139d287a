/** Lines that are records: JSON, and `key="value"` with quotes in quotes. */

export const levels: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 1,
  info: 2,
  notice: 2,
  log: 2,
  warn: 3,
  warning: 3,
  error: 4,
  err: 4,
  severe: 4,
  fatal: 5,
  critical: 5,
  crit: 5,
  panic: 5,
  emerg: 5,
  alert: 5,
};
/** What a service writes about itself with each line. */
const noise = new Set([
  'time',
  'timestamp',
  'ts',
  '@timestamp',
  'pid',
  'hostname',
  'level',
  'severity',
  'v',
  't',
  's',
  'id',
]);
const mostParts = 80;
const deepest = 4;

/** The texts of a record, message first, a line each; null: it is none. */
export function unfolded(line: string): {readonly texts: readonly string[]; readonly level: number} | null {
  const json = jsonIn(line);
  if (json !== null) return {texts: textsOf(json), level: levelOf(json)};
  // Go quotes a whole message, with its line breaks.
  if (!/\b(?:err|error|msg|message)="/.test(line) || !/\\[n"]/.test(line)) return null;
  const level = /\b(?:level|lvl|severity)="?(\w+)/.exec(line)?.[1] ?? '';
  const texts = line.replaceAll('\\"', '"').split('\\n');
  return {texts: texts.slice(0, mostParts), level: levels[level.toLowerCase()] ?? 0};
}

function jsonIn(line: string): Readonly<Record<string, unknown>> | null {
  const start = line.indexOf('{');
  // A word or two may stand in front of it.
  if (start < 0 || start > 60 || !line.endsWith('}') || line[start + 1] !== '"') return null;
  try {
    const value: unknown = JSON.parse(line.slice(start));
    return typeof value === 'object' && value !== null && !Array.isArray(value) && (start === 0 || speaks(value))
      ? {...(start > 0 ? {prefix: line.slice(0, start)} : {}), ...value}
      : null;
  } catch {
    return null;
  }
}

const speaks = (record: object): boolean => ['msg', 'message', 'error', 'err'].some((key) => key in record);

function levelOf(record: Readonly<Record<string, unknown>>): number {
  const level = record['level'] ?? record['severity'] ?? record['s'] ?? record['lvl'];
  if (typeof level === 'number') return Math.min(5, Math.max(0, Math.floor(level / 10) - (level >= 20 ? 1 : 0)));
  if (typeof level !== 'string') return 0;
  return levels[level.toLowerCase()] ?? {I: 2, W: 3, E: 4, F: 5}[level] ?? 0;
}

function textsOf(record: Readonly<Record<string, unknown>>): string[] {
  const heads: string[] = [];
  const rest: string[] = [];
  const visit = (value: unknown, key: string, depth: number): void => {
    if (heads.length + rest.length >= mostParts || noise.has(key)) return;
    if (typeof value === 'string') {
      const lines = value.split('\n').slice(0, mostParts);
      if (/^(?:msg|message|prefix)$/i.test(key) && depth === 0) heads.push(...lines);
      else if (lines.length > 1 || /^(?:message|msg|stack|error|err|exception|detail)$/i.test(key)) rest.push(...lines);
      else rest.push(`${key}: '${value}'`);
    } else if (typeof value === 'number' || typeof value === 'boolean') rest.push(`${key}: ${value}`);
    else if (typeof value === 'object' && value !== null && depth < deepest)
      for (const [name, inner] of Object.entries(value)) visit(inner, name, depth + 1);
  };
  for (const [key, value] of Object.entries(record)) visit(value, key, 0);
  const texts = [...heads, ...rest];
  return texts.length === 0 ? [''] : texts;
}
