import {byteClass, classOf, isDigit} from './bytes.js';
import {decimal} from './json-line.js';

/** Which number of a message is a size or a duration. */
export interface MeasurePlan {
  readonly kind: 'memory' | 'duration';
  readonly name: string;
  /** Words with digits before it. */
  readonly skip: number;
  /** To bytes or milliseconds. */
  readonly scale: number;
}

const memory =
  /\b(rss|ram|memory|mem|heap(?:_?used)?|used_memory|arbeitsspeicher|speicher)\b[ =:]{0,3}(?:is |at |usage |usage: |used )?(\d+(?:\.\d+)?) ?(bytes|kib|kb|k|mib|mb|m|gib|gb|g|b)\b/i;
const duration =
  /\b(took|in|elapsed|duration|latency|latenz|time|after|dauer(?:te)?|slow(?: \w{1,20}){0,2})[ =:(]{1,3}(\d+(?:\.\d+)?) ?(ms|milliseconds|millis|s|sec|secs|seconds|sekunden|us|µs)\b/i;
const scales: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  k: 1024,
  kb: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
}; // prettier-ignore
const spans: Readonly<Record<string, number>> = {
  ms: 1,
  milliseconds: 1,
  millis: 1,
  s: 1000,
  sec: 1000,
  secs: 1000,
  seconds: 1000,
  sekunden: 1000,
  us: 0.001,
  µs: 0.001,
}; // prettier-ignore

/** @param message its beginning is enough */
export function measurePlan(message: string): MeasurePlan | null {
  const text = message.slice(0, 400);
  const size = memory.exec(text);
  if (size !== null) return planOf('memory', text, size, scales);
  const span = duration.exec(text);
  return span === null ? null : planOf('duration', text, span, spans);
}

function planOf(
  kind: MeasurePlan['kind'],
  text: string,
  match: RegExpExecArray,
  factors: Readonly<Record<string, number>>,
): MeasurePlan | null {
  const [whole, name = '', number = '', unit = ''] = match;
  const at = match.index + whole.lastIndexOf(number, whole.length - unit.length);
  const bytes = Buffer.from(text.slice(0, at));
  let skip = 0;
  let digits = false;
  for (const c of bytes) {
    const kindOf = classOf[c];
    if (kindOf === byteClass.digit) digits = true;
    else if (kindOf !== byteClass.word) {
      if (digits) skip += 1;
      digits = false;
    }
  }
  // The number shares its word with something before it: `v2s`.
  if (digits) return null;
  return {kind, name: name.toLowerCase(), skip, scale: factors[unit.toLowerCase()] ?? 1};
}

/** @returns NaN where the message has no such number */
export function measured(b: Buffer, p: number, end: number, plan: MeasurePlan): number {
  let skip = plan.skip;
  let q = p;
  while (q < end) {
    while (q < end && (classOf[b[q] as number] as number) >= byteClass.separator) q += 1;
    let first = -1;
    while (q < end && (classOf[b[q] as number] as number) < byteClass.separator) {
      if (first === -1 && classOf[b[q] as number] === byteClass.digit) first = q;
      q += 1;
    }
    if (first === -1) continue;
    if (skip > 0) {
      skip -= 1;
      continue;
    }
    let to = first;
    while (to < q && (isDigit(b[to]) || b[to] === 46)) to += 1;
    return decimal(b, first, to) * plan.scale;
  }
  return Number.NaN;
}
