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
  /\b(?:re)?connected (?:to|again)|connection (?:re-?)?(?:established|restored|succeeded)|\brecovered\b|\bsucceeded\b|back (?:online|up|to normal)|\b(?:is|are) (?:now )?(?:up|there|reachable|available|healthy|ready)\b|database system is ready|ready to accept|accepting connections|started successfully|\bsuccessfully (?:started|connected|acquired|registered|joined|initiali[sz]ed|loaded|recovered|resumed|completed|finished)\b|(?<!\b(?:not|already|still|is) )\brunning$|Application startup complete|\bReady\b|resumed|completed successfully|status=sent|(?:^|[\s:])done\.?$|reconnected|finished (?:in|with success)\b|\bready\b|: ok$/i;
/** What is done with a file that is there. */
const takes = /\b(?:read|reading|load(?:ed|ing)|opened|created|using|watching)\b/i;
const fails = /\b(?:not?|cannot|can't|fail(?:s|ed|ure)?|error|unable|denied|missing)\b/i;
/** Some warn when all is well again. */
const isBack =
  /\bis (?:UP|back)\b|\b(?:re-?established|restored|reconnected|recovered)\b|back (?:online|up|to normal)/i;
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

/** A program of several died here, as whoever watches it tells. */
const died =
  /\bapp crashed\b|exited with (?:exit )?code \[?[1-9]|exit status [1-9]|entered FATAL state|exited too quickly|ELIFECYCLE|Command failed with exit code|Main process exited, code=|Failed with result '|worker failed to boot|\bexited \([1-9]/i;

/** How far apart the lines of one message may stand, the nearest first. */
const nearFirst = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6];

/** So far down it is looked for; whoever misses thousands of files shall not cost their square. */
const linesUntilThere = 200;

/** What the judge knows of the whole log. */
interface Log {
  readonly lines: readonly Line[];
  readonly isEnded: boolean;
  readonly isServer: boolean;
  /** Several programs write into it. */
  readonly isStack: boolean;
  readonly lastBlock: number;
  /** By service: where it last said that all is well. */
  readonly lastSuccess: ReadonlyMap<string | null, number>;
  /** Numbers of the blocks in which some rule saw something. */
  readonly troubled: ReadonlySet<number>;
}

export function judge(candidates: readonly Candidate[], lines: readonly Line[], end: ProgramEnd): Verdict[] {
  const log: Log = {
    lines,
    isEnded: end.code !== null || end.signal !== null,
    isServer: lines.slice(0, 400).some(({text}) => serves.test(text)),
    isStack: new Set(lines.flatMap(({service}) => (service === null ? [] : [service]))).size >= 2,
    lastBlock: lines.findLast(({text}) => text.trim() !== '')?.block ?? 0,
    lastSuccess: new Map(
      lines.flatMap(({text, level, service}, index): [string | null, number][] =>
        (level < 3 && succeeds.test(text)) || (level === 3 && isBack.test(text)) ? [[service, index]] : [],
      ),
    ),
    troubled: new Set(candidates.map(({line}) => line.block)),
  };
  const verdicts = troubles(candidates).map((group): Verdict => {
    const best = group.reduce((one, other) => (weight(other) > weight(one) ? other : one));
    return {
      cause: best.cause,
      score: best.rule.strength + said(group, log) + timely(group, log) + inContext(best, group, log),
      candidates: [best, ...group.filter((one) => one !== best)],
    };
  });
  return verdicts.sort(
    (a, b) => b.score - a.score || (a.candidates[0] as Candidate).index - (b.candidates[0] as Candidate).index,
  );
}

/** Candidates of the same trouble: of one cause, about one thing. */
function troubles(candidates: readonly Candidate[]): Candidate[][] {
  const groups = new Map<string, Candidate[]>();
  const nameless: Candidate[] = [];
  const kind = ({cause, line}: Candidate): string => `${cause} ${line.service ?? ''}`;
  const add = (key: string, candidate: Candidate): void => {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [candidate]);
    else group.push(candidate);
  };
  const namedAt = new Map<string, string>();
  for (const candidate of candidates) {
    const name = thing(candidate);
    if (name === '') nameless.push(candidate);
    else {
      namedAt.set(`${kind(candidate)} ${candidate.index}`, name);
      add(`${kind(candidate)} ${name}`, candidate);
    }
  }
  for (const candidate of nameless) {
    // Many say it in several lines, and name the thing in one of them.
    const name = nearFirst
      .map((offset) => namedAt.get(`${kind(candidate)} ${candidate.index + offset}`))
      .find((each) => each !== undefined);
    add(`${kind(candidate)} ${name ?? ''}`, candidate);
  }
  return [...groups.values()].map((group) => group.sort((one, other) => one.index - other.index));
}

/** How often it was said, and in what tone. */
function said(group: readonly Candidate[], {isEnded}: Log): number {
  const often = Math.min(0.06, Math.log2(group.length) * 0.015);
  if (group.every(({isTolerated}) => isTolerated)) return often - 0.3;
  if (group.every(({line}) => line.level === 1)) return often - 0.6;
  // The kernel says so of processes that hang.
  const isNews = group.every(({line, cause}) => line.level === 2 && cause !== 'hang');
  if (!isEnded && group.length <= 2 && isNews) return often - 0.4;
  return group.every(({line}) => line.level > 0 && line.level <= 3) ? often - (isEnded ? 0.15 : 0.2) : often;
}

/** Last words weigh most; what was long ago, or was got over, does not. */
function timely(group: readonly Candidate[], log: Log): number {
  const {lines, lastBlock} = log;
  const last = group.at(-1) as Candidate;
  const lastSuccess = log.lastSuccess.get(last.line.service) ?? -1;
  const fromEnd = lines.length - 1 - last.index;
  if (!log.isEnded) {
    if (survived(group, log) || isThere(group, log)) return -0.5;
    const isRecent = fromEnd <= 40 || fromEnd <= lines.length * 0.3;
    return (
      (isRecent ? 0 : group.length >= 5 ? -0.1 : -0.35) + (lastSuccess > last.index && !repeats(group, log) ? -0.6 : 0)
    );
  }
  const success = lastSuccess > last.index + 1 && fromEnd > 12 ? -0.15 : 0;
  if (last.line.block === lastBlock || fromEnd <= 12) return success + 0.2;
  return success + (fromEnd <= 40 ? 0.1 : -Math.min(0.25, fromEnd / 400));
}

/** Said once, and the program went on with its work: it was a warning, or somebody mended it. */
function survived(group: readonly Candidate[], {lines, troubled}: Log): boolean {
  const last = group.at(-1) as Candidate;
  if (new Set(group.map(({line}) => line.block)).size > 1) return false;
  const {service, block} = last.line;
  const after = lines.slice(last.index + 1, last.index + 60).filter((line) => line.block !== block);
  const hasDied = after.findIndex(({text}) => died.test(text));
  const work = after
    .slice(hasDied < 0 || hasDied > 4 ? 0 : hasDied + 1)
    .filter(
      (line) => line.service === service && line.level < 4 && !troubled.has(line.block) && line.text.trim() !== '',
    );
  return work.length >= 5 && new Set(work.map(({block: one}) => one)).size >= 5;
}

/** The file that was missing is read further down. */
function isThere(group: readonly Candidate[], {lines}: Log): boolean {
  const {index, line} = group.at(-1) as Candidate;
  const file = group.map(({subject}) => subject['file']).find((each) => each !== undefined);
  if ((group[0] as Candidate).cause !== 'missing-file' || file === undefined) return false;
  return lines
    .slice(index + 1, index + linesUntilThere)
    .some(
      ({text, level, service}) =>
        level < 4 && service === line.service && text.includes(String(file)) && takes.test(text) && !fails.test(text),
    );
}

/** Causes before consequences; a server's log tells of its clients' mistakes, too. */
function inContext(best: Candidate, group: readonly Candidate[], {isServer, isStack, lines}: Log): number {
  const last = group.at(-1) as Candidate;
  let score = 0;
  // PostgreSQL calls it fatal when it turns a client away.
  const isOwn = /FATAL|PANIC|Aborting|shutting down/.test(last.line.text) && !/-auth$|schema/.test(best.cause);
  if (isServer && ofClients.has(best.cause) && !isOwn) score -= 0.5;
  if (lines.slice(last.index, last.index + 25).some(({text}) => died.test(text))) score += 0.05;
  if (best.cause === 'unhandled-exception') score -= 0.1;
  if (consequences.has(best.cause)) score -= isStack ? 0.2 : 0.02;
  else if (roots.has(best.cause)) score += isStack ? 0.1 : 0.02;
  return score;
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
function repeats(group: readonly Candidate[], {lines}: Log): boolean {
  if (group.length < 3) return false;
  const first = (group[0] as Candidate).index;
  const last = (group.at(-1) as Candidate).index;
  return lines.slice(first, last).filter(({text}) => succeeds.test(text)).length >= 2;
}
