import {plain} from './plain.js';

/** How programs say that an address is taken; who says it is named for those who add another one. */
const sayings: readonly (readonly [who: string, says: RegExp])[] = [
  ['the C library, Python, Go, Java, Redis, PostgreSQL, PHP, .NET', /\baddress (?:is )?already in use\b/i],
  ['Node, Ruby', /\bEADDRINUSE\b/],
  [
    'Python, Rust: the error number of Linux, macOS, Windows',
    /\b(?:WinError|Errno|os error)[ =:]*-?(?:98|48|10048)\b/i,
  ],
  ['nginx', /\bbind\(\) to .* failed \((?:98|48|10048):/],
  ['gunicorn', /\bconnection in use: /i],
  ['Windows', /\bonly one usage of each socket address\b/i],
  ['Windows in German', /\bjede socketadresse\b.*\beinmal verwendet werden\b/i],
  ['the C library in German', /\bAdresse wird bereits verwendet\b/i],
  ['the C library in French', /\bAdresse déjà utilisée/i],
  [
    'Spring Boot, vite, Next.js, Angular',
    /\bport:? \d+ (?:is|was) (?:already |currently )?(?:in use|taken|occupied)\b/i,
  ],
  ['react-scripts, PostgreSQL', /\balready running on port \d+/i],
];
/** How they say that they may not listen there. */
const denials =
  /\blisten EACCES\b|\bbind\b.*\bpermission denied\b|\bbind\(\) to .* failed \(13:|\bBindException: Permission denied\b|\bcould not bind .*: Permission denied\b|\bconnection to .* failed: \[Errno 13\]|^PermissionError: \[Errno 13\] Permission denied$|\[WinError 10013\]|\bforbidden by its access permissions\b/i;
/** A client that found no port of its own, or the one it wanted, lost no port that somebody could connect to. */
const ofClients = /\bconnect EADDRINUSE\b/;
/** Frames of a stack, and the properties Node prints below an error: they repeat what the line above has said. */
export const besides = /^\s+(?:at |(?:errno|code|syscall|address|port|path|dest|requireStack|\[cause\]):)/;
const timeOfDay = /(?<![\d.:])\d{1,2}:[0-5]\d:[0-5]\d(?:[.,]\d+)?/g;
/**
 * `127.0.0.1:80`, `[::]:80`, `:::3000`, `*:6379`, `http://host:80`, ` :8080`, `('::1', 8000, 0, 0)`, `port 5173`. A place in
 * a source file (`main.go:42`) is none.
 */
const namedPort =
  /(?:(?:\d{1,3}\.){3}\d{1,3}|\]|\*|\blocalhost|::|\/\/[\w.-]+|(?:^|[\s"'(])):(\d{1,5})\b|['"], (\d{1,5})[,)]|\bport:?[ =](\d{1,5})\b/gi;
const namedPath = /(?:^|[\s"'])(?:unix:)?\/[^\s"']+/;
/** Where a program went that looks for another port by itself. */
const movedTo = /\b(?:trying|using(?: available)?(?: port)?) (\d{2,5})\b|\bhttps?:\/\/[^\s/:]+:(\d{2,5})\b/i;

/** That the port of a service was taken when it wanted it, as it said itself. */
export interface TakenPort {
  readonly line: string;
  /** It went on by itself, on a port that nobody gave it; null: not that it said so. */
  readonly movedTo: number | null;
}

/**
 * Do the last lines say that the service's own port was taken? A message that names ports has to name ours; one that
 * names none is ours unless another line tells of another port: its port for metrics is no reason to move.
 */
export function takenPort(lines: readonly string[], port: number | null): TakenPort | null {
  const found = port === null ? null : lineAbout(lines, port, saysTaken);
  return found === null || port === null
    ? null
    : {line: found.line, movedTo: laterPort(lines.slice(found.index), port)};
}

/** The line that says that the service may not listen on its port; null: none does. */
export function deniedPort(lines: readonly string[], port: number | null): string | null {
  return port === null ? null : (lineAbout(lines, port, (line) => denials.test(line))?.line ?? null);
}

function lineAbout(
  lines: readonly string[],
  port: number,
  says: (line: string) => boolean,
): {readonly line: string; readonly index: number} | null {
  const said = lines.flatMap((raw, index) => {
    const line = plain(raw);
    return says(line) ? [{line: line.trim(), index, ports: portsIn(line)}] : [];
  });
  const named = said.findLast(({ports}) => ports.includes(port));
  const isAboutAnother = said.some(
    ({line, ports}) => ports.length > 0 || (namedPath.test(line) && !/:\/\//.test(line)),
  );
  return named ?? (isAboutAnother ? undefined : said.at(-1)) ?? null;
}

export function saysPortTaken(lines: readonly string[], port: number | null): boolean {
  return takenPort(lines, port) !== null;
}

/** Cheap enough for every line of a service that comes up. */
export function saysTaken(line: string): boolean {
  return sayings.some(([, says]) => says.test(line)) && !besides.test(line) && !ofClients.test(line);
}

function portsIn(line: string): readonly number[] {
  return [...line.replace(timeOfDay, '').matchAll(namedPort)].map((match) => Number(match[1] ?? match[2] ?? match[3]));
}

function laterPort(lines: readonly string[], port: number): number | null {
  for (const line of lines) {
    const match = movedTo.exec(plain(line));
    const number = Number(match?.[1] ?? match?.[2]);
    if (match !== null && number !== port) return number;
  }
  return null;
}
