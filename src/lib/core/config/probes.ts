import {parseDuration} from './durations.js';
import {nearest} from './nearest.js';
import {type ProbeConfig, type ProbeObject, probeKinds, type ServiceConfig} from './schema.js';

/** A probe as the configuration means it, before it knows intervals and addresses. */
export interface ProbeIntent {
  readonly check:
    | {readonly type: 'http'; readonly url: string}
    | {readonly type: 'tcp'; readonly host: string; readonly port: string}
    | {readonly type: 'command'; readonly command: NonNullable<ProbeObject['command']>}
    | {readonly type: 'log'; readonly pattern: string}
    | {readonly type: 'none'};
  readonly options: ProbeObject;
}

/** What is wrong, and at which key of the probe (null: at the probe itself). */
export interface ProbeMistake {
  readonly mistake: string;
  readonly key: string | null;
  readonly allowed: string | null;
  readonly nearest: string | null;
}

const kinds = 'http://127.0.0.1:{port}/health, /health, tcp, none, or {http|tcp|command|log, …}';
const mistake = (
  text: string,
  key: string | null,
  allowed: string | null = null,
  near: string | null = null,
): ProbeMistake => ({mistake: text, key, allowed, nearest: near});

export const isMistake = (probe: ProbeIntent | ProbeMistake): probe is ProbeMistake => 'mistake' in probe;

/** @param hasPort whether the service has a port of its own, for `tcp` and `/path` */
export function readProbe(probe: ProbeConfig, hasPort: boolean): ProbeIntent | ProbeMistake {
  if (typeof probe === 'string') return readShort(probe.trim(), hasPort);
  const given = probeKinds.filter((kind) => probe[kind] !== undefined);
  const [kind, second] = given;
  if (kind === undefined) return mistake('names nothing to ask', null, 'one of http, tcp, command, log');
  if (second !== undefined) {
    return mistake(
      `has both ${kind} and ${second}: one probe asks one thing`,
      second,
      'one of http, tcp, command, log',
    );
  }
  if (kind !== 'http') {
    for (const key of ['expect', 'headers'] as const) {
      if (probe[key] !== undefined) return mistake(`${key} needs an http probe`, key);
    }
  }
  if (kind === 'log') {
    for (const key of ['initialDelay', 'period', 'timeout', 'successThreshold', 'failureThreshold'] as const) {
      if (probe[key] !== undefined) return mistake(`${key} means nothing for a log line`, key);
    }
    return readPattern(probe.log ?? '', probe);
  }
  if (kind === 'command' && probe.command !== undefined) {
    return {check: {type: 'command', command: probe.command}, options: probe};
  }
  const inner =
    kind === 'http' ? readUrl((probe.http ?? '').trim(), hasPort, 'http') : readTcp(probe.tcp ?? true, hasPort, 'tcp');
  return isMistake(inner) ? inner : {...inner, options: probe};
}

function readShort(text: string, hasPort: boolean): ProbeIntent | ProbeMistake {
  if (text === 'none') return {check: {type: 'none'}, options: {}};
  if (text === 'tcp') return readTcp(true, hasPort, null);
  if (/^(https?:|\/)/.test(text)) return readUrl(text, hasPort, null);
  if (text.startsWith('tcp://')) return readTcp(text.slice('tcp://'.length), hasPort, null);
  const near = nearest(text, ['tcp', 'none']);
  const scheme = near === null && /^[\w.{}-]+(:[\w{}]+)?\//.test(text) ? `http://${text}` : near;
  return mistake(`${JSON.stringify(text)} is not a probe`, null, kinds, scheme);
}

function readUrl(text: string, hasPort: boolean, key: string | null): ProbeIntent | ProbeMistake {
  if (text.startsWith('/')) {
    if (!hasPort) return mistake(`${text} needs a port of the service`, key, 'port: 8000, or a whole address');
    return {check: {type: 'http', url: `http://127.0.0.1:{port}${text}`}, options: {}};
  }
  const wrong = urlMistake(text);
  if (wrong !== null) return mistake(wrong, key, 'http://127.0.0.1:{port}/health');
  return {check: {type: 'http', url: text}, options: {}};
}

/** @returns why a text is no address that can be asked, or null. Placeholders stand for a port. */
export function urlMistake(text: string): string | null {
  const filled = text.replaceAll(/\{[A-Za-z][\w.-]*\}/g, '1').replaceAll(/\$\{[^}]*\}/g, 'x');
  if (/\s/.test(filled)) return `${JSON.stringify(text)} is not an address: it has a space in it`;
  if (!URL.canParse(filled)) return `${JSON.stringify(text)} is not an address`;
  const {protocol} = new URL(filled);
  return protocol === 'http:' || protocol === 'https:' ? null : `${JSON.stringify(text)} is not an http address`;
}

function readTcp(value: true | number | string, hasPort: boolean, key: string | null): ProbeIntent | ProbeMistake {
  const text = value === true ? '{port}' : String(value).trim();
  const match = /^(?:(\[[^\]]+\]|[^:[\]]+):)?(\d{1,5}|\{[\w.-]+\})$/.exec(text);
  const port = match?.[2];
  if (port === undefined || (/^\d/.test(port) && (Number(port) < 1 || Number(port) > 65_535))) {
    return mistake(`${JSON.stringify(text)} is not a TCP address`, key, 'true (the own port), 5432, db.local:5432');
  }
  if (port === '{port}' && !hasPort)
    return mistake('tcp needs a port', key, 'port: 6379 beside it, or {tcp: db.local:5432}');
  return {check: {type: 'tcp', host: (match?.[1] ?? '127.0.0.1').replaceAll(/[[\]]/g, ''), port}, options: {}};
}

function readPattern(pattern: string, options: ProbeObject): ProbeIntent | ProbeMistake {
  try {
    new RegExp(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    return mistake(`is not a regular expression: ${why}`, 'log', 'a text, or a regular expression of JavaScript');
  }
  return {check: {type: 'log', pattern}, options};
}

/** Which key of a service speaks for which purpose; the default when none does. */
export interface ProbeChoice {
  readonly key: 'probe' | 'health' | 'liveness' | 'readiness' | null;
  readonly probe: ProbeConfig;
}

export function chosenProbes(service: ServiceConfig): {liveness: ProbeChoice; readiness: ProbeChoice} {
  const byDefault: ProbeChoice = {
    key: null,
    probe: service.port !== undefined && service.kind !== 'job' ? 'tcp' : 'none',
  };
  const shared: ProbeChoice =
    service.probe !== undefined
      ? {key: 'probe', probe: service.probe}
      : service.health !== undefined
        ? {key: 'health', probe: service.health}
        : byDefault;
  // A log line says once that a service is ready and nothing about its life.
  const isLog = (choice: ProbeChoice) => typeof choice.probe === 'object' && choice.probe.log !== undefined;
  return {
    liveness:
      service.liveness !== undefined ? {key: 'liveness', probe: service.liveness} : isLog(shared) ? byDefault : shared,
    readiness: service.readiness !== undefined ? {key: 'readiness', probe: service.readiness} : shared,
  };
}

/** `status=healthy` in each of its forms. */
export function readExpectations(expect: NonNullable<ServiceConfig['expect']>): {field: string; value: string}[] {
  if (typeof expect === 'object' && !Array.isArray(expect)) {
    return Object.entries(expect).map(([field, value]) => ({field, value: String(value)}));
  }
  return [expect].flat().map((text) => {
    const split = text.indexOf('=');
    return {field: text.slice(0, split).trim(), value: text.slice(split + 1).trim()};
  });
}

export const probeTimeoutMs = (probe: ProbeConfig, fallbackMs: number): number =>
  (typeof probe === 'object' && probe.timeout !== undefined ? parseDuration(probe.timeout) : null) ?? fallbackMs;
