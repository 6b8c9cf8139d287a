import type {Candidate} from './candidates.js';
import type {Line} from './lines.js';
import type {Cause, ProgramEnd} from './log-diagnosis.js';

/** All that speaks for one cause and one thing. */
export interface Verdict {
  readonly cause: Cause;
  readonly score: number;
  /** The most telling first. */
  readonly candidates: readonly Candidate[];
}

/** What usually follows from something else that stands in the same log. */
const consequences: ReadonlySet<Cause> = new Set([
  'connection-refused-upstream',
  'upstream-timeout',
  'killed-by-signal',
  'unhandled-exception',
  'forward-lost',
]);
/** What ends a program at its start; nothing else in its log can be the cause of it. */
const roots: ReadonlySet<Cause> = new Set([
  'port-in-use',
  'missing-module',
  'syntax-error',
  'import-error',
  'missing-env-var',
  'config-invalid',
  'disk-full',
  'disk-read-only',
]);

const succeeds =
  /\b(?:re)?connected (?:to|again)|connection (?:re-?)?(?:established|restored|succeeded)|\brecovered\b|\bsucceeded\b|back (?:online|up|to normal)|is (?:UP|healthy|ready)\b|database system is ready|ready to accept|accepting connections|started successfully|Application startup complete|\bReady\b|resumed|restarting due to changes|rerunning|[Ff]ound 0 errors|compiled successfully|completed successfully|reconnected|finished in|\bready\b/i;
/** Servers whose log tells of their clients' mistakes, which are not theirs. */
const serves =
  /starting PostgreSQL|database system is ready to accept connections|ready for connections|mongod.{0,40}startup|Waiting for connections|Starting RabbitMQ|accepting AMQP connection|dnsmasq\[\d+\]: started|starting BIND|mosquitto version .{1,20} starting|slapd .{0,40}starting|postfix\/\w+\[|Squid Cache .{0,40}Starting|memcached .{0,20}start/i;
const ofClients: ReadonlySet<Cause> = new Set([
  'database-auth',
  'database-schema-missing',
  'unhandled-exception',
  'syntax-error',
  'config-invalid',
  'upstream-timeout',
  'database-unreachable',
  'missing-module',
  'version-mismatch',
  'broker-unreachable',
  'dns-failure',
  'redis-auth',
  'tls-certificate',
]);

export function judge(candidates: readonly Candidate[], lines: readonly Line[], end: ProgramEnd): Verdict[] {
  const isEnded = end.code !== null || end.signal !== null;
  const total = lines.length;
  const lastBlock = lines.findLast(({text}) => text.trim() !== '')?.block ?? 0;
  const isServer = lines.slice(0, 400).some(({text}) => serves.test(text));
  const services = new Set(lines.flatMap(({service}) => service ?? [])).size;
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = `${candidate.cause} ${candidate.line.service ?? ''} ${thing(candidate)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [candidate]);
    else group.push(candidate);
  }
  const lastSuccess = lines.findLastIndex(({text, level}) => level < 3 && succeeds.test(text));
  const verdicts = [...groups.values()].map((group): Verdict => {
    const last = group.at(-1) as Candidate;
    const first = group[0] as Candidate;
    const best = group.reduce((one, other) => (weight(other) > weight(one) ? other : one));
    let score = best.rule.strength + Math.min(0.06, Math.log2(group.length) * 0.015);
    const {cause} = first;
    const fromEnd = total - 1 - last.index;
    if (group.every(({isTolerated}) => isTolerated)) score -= isEnded ? 0.3 : 0.4;
    else if (group.every(({line}) => line.level > 0 && line.level <= 3)) score -= isEnded ? 0.15 : 0.2;
    if (isEnded) {
      if (last.line.block === lastBlock || fromEnd <= 12) score += 0.2;
      else if (fromEnd <= 40) score += 0.1;
      else score -= Math.min(0.25, fromEnd / 400);
      if (lastSuccess > last.index + 1 && fromEnd > 12) score -= 0.15;
    } else {
      const isRecent = fromEnd <= 40 || fromEnd <= total * 0.3;
      if (!isRecent) score -= group.length >= 5 ? 0.1 : 0.35;
      if (lastSuccess > last.index && !repeats(group, lines)) score -= 0.4;
    }
    if (isServer && ofClients.has(cause) && !/FATAL|PANIC|Aborting|shutting down/.test(last.line.text)) score -= 0.5;
    if (consequences.has(cause)) score -= services > 1 ? 0.2 : 0.02;
    else if (roots.has(cause)) score += services > 1 ? 0.1 : 0.02;
    return {cause, score, candidates: [best, ...group.filter((one) => one !== best)]};
  });
  return verdicts.sort(
    (a, b) => b.score - a.score || (a.candidates[0] as Candidate).index - (b.candidates[0] as Candidate).index,
  );
}

const weight = ({rule, isTolerated, subject, line}: Candidate): number =>
  rule.strength - (isTolerated ? 0.2 : 0) + Object.keys(subject).length * 0.01 + (line.level >= 4 ? 0.01 : 0);

/** What tells two troubles of one kind apart. */
function thing({subject, rule}: Candidate): string {
  const {port, module, variable, table, file} = subject;
  if (rule.cause === 'port-in-use') return String(port ?? '');
  return String(module ?? variable ?? table ?? (rule.cause === 'missing-file' ? file : undefined) ?? '');
}

/** It came again after each success: a loop, not a recovery. */
function repeats(group: readonly Candidate[], lines: readonly Line[]): boolean {
  if (group.length < 3) return false;
  const first = (group[0] as Candidate).index;
  const last = (group.at(-1) as Candidate).index;
  let between = 0;
  for (let i = first; i < last; i += 1) if (succeeds.test((lines[i] as Line).text)) between += 1;
  return between >= 2;
}
