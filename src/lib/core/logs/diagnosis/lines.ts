import {withoutControls} from '../../diagnosis/plain.js';
import {levels, unfolded} from './records.js';

/** A line of output, cleaned for the rules. */
export interface Line {
  /** 1-based. */
  readonly number: number;
  /** Without escape sequences, the prefix of whoever merges several programs, and its time stamp. */
  readonly text: string;
  /** Whose line it is, where several programs write into one log. */
  readonly service: string | null;
  /** 0 none, 1 debug … 5 critical. */
  readonly level: number;
  /** Lines of one traceback, or one message of several lines, have the same number. */
  readonly block: number;
}

const mostLength = 2000;

const prefix =
  /^(?:\[?([A-Za-z][\w.-]{0,40})\]?\s*\|\s?|\[([A-Za-z][\w/-]{0,60})\](?:\s|$)|\d+\|([\w-]+)\s+\|\s|\d\d:\d\d:\d\d ([\w-]+\.\d+)\s+\|\s)/;
const timeStamp =
  /^(?:\[?\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d| UTC| (?!INFO|WARN|NOTE|CRIT|LOG|ERR|DBG|INF|WRN)[A-Z]{3,4}(?= ))?\]?|\[?\d{1,2}[/.-](?:\d\d|[A-Z][a-z]{2})[/.-]\d{2,4}[ :T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: [+-]\d{4})?\]?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: \S+)?|\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?: [AP]M)?|\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:.]+ \d{4}\])[ :,|-]*/;
const levelWord =
  /^.{0,60}?(?:^|[\s[("=|:<])(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|SEVERE|FATAL|CRITICAL|CRIT|PANIC|EMERG|ALERT|LOG|trace|debug|info|notice|warn(?:ing)?|error|fatal|critical|crit|emerg|alert|panic)(?=[\s\]:)"|/,>]|$)/;
/** What a collector of logs writes before each line of a program. */
const wrappers: readonly RegExp[] = [
  // containerd
  /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] /,
  // kubectl logs --timestamps, docker logs --timestamps
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}Z (?=\D|$)/,
  // syslog, journalctl
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) [\w.-]{1,64} (?<service>[\w./@-]{1,48})(?:\[\d+\])?: ?/,
  // a supervisor's own log
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\]? \[?[A-Za-z]{4,8}\]? (?<service>[A-Za-z][\w.-]{0,40}) +\| ?/,
];
/** Of the first lines so many are looked at. */
const mostWrapped = 500;
/** Names of services are looked for in so many. */
const mostNamed = 5000;

/** Goes on with what stands before it. */
const continues =
  /^(?:\s+\S|Caused by: |Suppressed: |\.\.\. \d+ more|During handling of the above|The above exception was the direct|[\])}^]|goroutine \d|\[(?:SQL|parameters):|\(Background on)/;
const raised = /^(?:Traceback \(most recent call last\)|goroutine \d+ \[)/;

/** Where one program stands with what it writes: several may write in between each other. */
interface Writer {
  block: number;
  inTrace: boolean;
  isFirstBlank: boolean;
}

/** @param first number of the first line, from 1 */
export function readLines(raw: readonly string[], first = 1): Line[] {
  const wrapper = wrapperOf(raw);
  const services = servicesOf(
    wrapper === null ? raw : raw.slice(0, mostNamed).map((text) => text.replace(wrapper, '')),
  );
  const writers = new Map<string | null, Writer>();
  const lines: Line[] = [];
  let blocks = 0;
  for (const [index, text] of raw.entries()) {
    const clean = withoutControls(text.length > mostLength ? text.slice(0, mostLength) : text).replace(/\r$/, '');
    const outer = unwrapped(clean, wrapper);
    const inner = withoutPrefix(outer.rest, services);
    const {rest} = inner;
    const service = inner.service ?? outer.service;
    const number = first + index;
    const writer = writers.get(service) ?? {block: 0, inTrace: false, isFirstBlank: false};
    writers.set(service, writer);
    const record = unfolded(rest);
    if (record !== null) {
      blocks += 1;
      Object.assign(writer, {block: blocks, inTrace: false});
      for (const part of record.texts) lines.push({number, text: part, service, level: record.level, block: blocks});
      continue;
    }
    const stamped = rest.replace(timeStamp, '');
    const isStamped = stamped.length < rest.length;
    if (!goesOn(stamped, isStamped, writer)) {
      blocks += 1;
      writer.block = blocks;
    }
    follow(stamped, isStamped, writer);
    const level = levelOf(rest, stamped);
    lines.push({number, text: isStamped ? stamped : rest, service, level, block: writer.block});
  }
  return lines;
}

function goesOn(text: string, isStamped: boolean, {block, inTrace, isFirstBlank}: Writer): boolean {
  if (isStamped || block === 0) return false;
  return continues.test(text) || text.trim() === '' || (inTrace && !isFirstBlank) || raised.test(text);
}

/** A traceback goes on until its last line, which is the first that is not indented. */
function follow(text: string, isStamped: boolean, writer: Writer): void {
  const isBlank = text.trim() === '';
  if (raised.test(text)) writer.inTrace = true;
  else if (isStamped || (writer.inTrace && !/^\s/.test(text) && !isBlank)) writer.inTrace = false;
  writer.isFirstBlank = isBlank && writer.inTrace;
}

/** klog says it with a letter, others with a word. */
function levelOf(line: string, stamped: string): number {
  const letter = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ /.exec(line)?.[1];
  if (letter !== undefined) return {I: 2, W: 3, E: 4, F: 5}[letter] ?? 0;
  const word = levelWord.exec(stamped.slice(0, 120))?.[1];
  return word === undefined ? 0 : (levels[word.toLowerCase()] ?? 0);
}

/** `api |`, `[api]`: a prefix counts if it comes several times and not alone. */
function servicesOf(raw: readonly string[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const text of raw.slice(0, mostNamed)) {
    const name = nameIn(withoutControls(text.slice(0, 120)));
    if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count >= 2).map(([name]) => name));
}

/** Only what stands before nearly every line: syslog's form is also that of programs that write their own time. */
function wrapperOf(raw: readonly string[]): RegExp | null {
  const some = raw.slice(0, mostWrapped).filter((text) => text.trim() !== '');
  if (some.length < 3) return null;
  const isAround = (wrapper: RegExp): boolean => {
    const around = some.filter((text) => wrapper.test(text.slice(0, 200))).length;
    return around >= some.length * 0.9;
  };
  return wrappers.find(isAround) ?? null;
}

function unwrapped(text: string, wrapper: RegExp | null): {rest: string; service: string | null} {
  const match = wrapper?.exec(text) ?? null;
  return match === null
    ? {rest: text, service: null}
    : {rest: text.slice(match[0].length), service: match.groups?.['service'] ?? null};
}

function nameIn(text: string): string | null {
  const match = prefix.exec(text);
  if (match === null) return null;
  const name = match[1] ?? match[2] ?? match[3] ?? match[4] ?? null;
  return name !== null && !(name.toLowerCase() in levels) ? name : null;
}

function withoutPrefix(text: string, services: ReadonlySet<string>): {rest: string; service: string | null} {
  const name = nameIn(text);
  if (name === null || !services.has(name)) return {rest: text, service: null};
  // A framework's own name tells no services apart: its traces stand without it.
  return {rest: text.replace(prefix, ''), service: services.size > 1 ? name : null};
}
