import type {HealthExpectation} from '../core/spec.js';

export interface Judgement {
  readonly health: 'healthy' | 'degraded' | 'unhealthy';
  readonly detail: string | null;
}

const words: Readonly<Record<string, Judgement['health']>> = {
  healthy: 'healthy',
  ok: 'healthy',
  okay: 'healthy',
  up: 'healthy',
  pass: 'healthy',
  passing: 'healthy',
  running: 'healthy',
  degraded: 'degraded',
  warning: 'degraded',
  warn: 'degraded',
  unhealthy: 'unhealthy',
  error: 'unhealthy',
  fail: 'unhealthy',
  failed: 'unhealthy',
  failing: 'unhealthy',
  critical: 'unhealthy',
  down: 'unhealthy',
};

/**
 * What an HTTP answer says about health. What was expected by configuration decides alone; else the `status` field of
 * a JSON answer in the words of the usual health end points (Spring, IETF health+json, Consul); else the HTTP status.
 */
export function judgeAnswer(
  answer: {readonly status: number; readonly body: string; readonly complete: boolean},
  expect: readonly HealthExpectation[],
  location: string | null,
): Judgement {
  const json = parse(answer.body);
  if (expect.length > 0) return judgeExpected(json, expect);
  const word = fieldOf(json, 'status');
  const said = typeof word === 'string' ? words[word.toLowerCase()] : undefined;
  const byCode = judgeStatus(answer.status, location);
  if (said === undefined) return byCode;
  // "healthy" under a 5xx is a proxy's error page or a contradiction: the worse of the two is the safer one.
  if (said === 'healthy') return byCode;
  return {health: said, detail: [`status is "${word as string}"`, reasonIn(json)].filter(Boolean).join(': ')};
}

function judgeExpected(json: unknown, expect: readonly HealthExpectation[]): Judgement {
  if (json === undefined)
    return {health: 'unhealthy', detail: 'the answer is no JSON, so nothing of what is expected is in it'};
  for (const {field, value} of expect) {
    const found = fieldOf(json, field);
    if (shownAs(found)?.toLowerCase() === value.toLowerCase()) continue;
    const shown = found === undefined ? `has no field ${field}` : `says ${field} is ${short(JSON.stringify(found))}`;
    const health = typeof found === 'string' && words[found.toLowerCase()] === 'degraded' ? 'degraded' : 'unhealthy';
    return {health, detail: `the answer ${shown}, expected "${value}"`};
  }
  return {health: 'healthy', detail: null};
}

function judgeStatus(status: number, location: string | null): Judgement {
  if (status < 300) return {health: 'healthy', detail: null};
  if (status < 400)
    return {health: 'healthy', detail: location === null ? `HTTP ${status}` : `HTTP ${status} to ${short(location)}`};
  if (status === 429) return {health: 'degraded', detail: 'HTTP 429: asked too often'};
  const hint: Readonly<Record<number, string>> = {
    401: ': it wants credentials (headers of the probe)',
    403: ': access denied (headers of the probe)',
    404: ': there is nothing under this path',
    405: ': it does not take GET here',
    503: ': service unavailable',
  };
  return {health: 'unhealthy', detail: `HTTP ${status}${hint[status] ?? ''}`};
}

/** A word of explanation that the answer may hold. */
function reasonIn(json: unknown): string | null {
  for (const name of ['message', 'detail', 'error', 'reason', 'output', 'description']) {
    const value = fieldOf(json, name);
    if (typeof value === 'string' && value !== '') return short(value);
  }
  return null;
}

/** `checks.database.status`: dots go down, into lists by number; a field whose name holds dots is found as well. */
function fieldOf(json: unknown, path: string): unknown {
  if (typeof json !== 'object' || json === null) return undefined;
  if (Object.hasOwn(json, path)) return (json as Record<string, unknown>)[path];
  const dot = path.indexOf('.');
  if (dot === -1) return undefined;
  const name = path.slice(0, dot);
  return Object.hasOwn(json, name) ? fieldOf((json as Record<string, unknown>)[name], path.slice(dot + 1)) : undefined;
}

function parse(body: string): unknown {
  const start = body.trimStart();
  if (!/^[[{"]/.test(start)) return undefined;
  try {
    return JSON.parse(start);
  } catch {
    return undefined;
  }
}

/** As one would write it into a configuration; null: not there, or no single value. */
function shownAs(value: unknown): string | null {
  if (value === null) return 'null';
  return ['string', 'number', 'boolean'].includes(typeof value) ? `${value as string | number | boolean}` : null;
}

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);
