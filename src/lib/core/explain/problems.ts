import {formatDuration} from '../config/durations.js';
import {oneLine} from './neutralise.js';
import {errorText} from './protocols.js';
import {providerFacts, type ProviderSettings} from './settings.js';

/** What came back over HTTP. */
export interface WebAnswer {
  readonly tag: 'answer';
  readonly status: number;
  readonly body: string;
  readonly location: string | null;
  /** As the server wrote it: seconds, or a date. */
  readonly retryAfter: string | null;
}

/** Why nothing did. `place`: the host and port that was connected to. */
export interface WebFailure {
  readonly tag: 'failed';
  readonly kind:
    | 'refused'
    | 'reset'
    | 'timeout'
    | 'no-name'
    | 'unreachable'
    | 'certificate'
    | 'endless'
    | 'cancelled'
    | 'error';
  readonly detail: string;
  readonly place?: string;
}

/** `isOurs`: the provider lives; key, model or address have to be mended, and asking again is of no use. */
export interface ProviderProblem {
  readonly problem: string;
  readonly isOurs: boolean;
  readonly retryAfterMs: number | null;
}

const theirs = (problem: string, retryAfterMs: number | null = null): ProviderProblem => ({
  problem,
  isOurs: false,
  retryAfterMs,
});
export const ours = (problem: string): ProviderProblem => ({problem, isOurs: true, retryAfterMs: null});

/** @param healthMs what the health check had; null: it was passed, and the answer did not come within `timeoutMs` */
export function connectionProblem(
  failed: WebFailure,
  provider: ProviderSettings,
  timeoutMs: number,
  healthMs: number | null,
): ProviderProblem {
  const place = failed.place ?? new URL(provider.url).host;
  const setting = provider.urlFrom ?? `explain.urls.${provider.name}`;
  switch (failed.kind) {
    case 'refused':
      return theirs(
        `nobody listens at ${place}${provider.name === 'ollama' ? ' (ollama serve starts it)' : ` (${setting})`}`,
      );
    case 'timeout':
      return theirs(
        healthMs !== null && healthMs < timeoutMs
          ? `no answer to the question which models it has within ${formatDuration(healthMs)}`
          : `no whole answer within ${formatDuration(timeoutMs)} (explain.timeout)`,
      );
    case 'no-name':
      return theirs(`${place}: no such name (${setting}), or no network`);
    case 'reset':
      return theirs(`${place} ended the connection without a whole answer`);
    case 'unreachable':
      return theirs(`${place} is not reachable from this machine: ${oneLine(failed.detail)}`);
    case 'certificate':
      return ours(certificateProblem(failed.detail, place));
    case 'endless':
      return theirs('the answer does not end');
    case 'cancelled':
      return ours('cancelled');
    case 'error':
      return theirs(oneLine(failed.detail));
  }
}

const ownAuthority =
  'if that is right, for instance because a proxy opens the connection, NODE_EXTRA_CA_CERTS=FILE.pem names its authority';

function certificateProblem(detail: string, place: string): string {
  const certificate = `the certificate of ${place}`;
  if (/HAS_EXPIRED/.test(detail)) return `${certificate} has expired: nothing was sent`;
  if (/NOT_YET_VALID/.test(detail)) return `${certificate} is not valid yet (is the clock right?): nothing was sent`;
  if (/ALTNAME|HOSTNAME/.test(detail)) return `${certificate} is made out to another name: nothing was sent`;
  if (/SELF_SIGNED|UNABLE_TO|INVALID_CA|CERT_UNTRUSTED/.test(detail))
    return `${certificate} is signed by nobody whom this machine trusts: nothing was sent; ${ownAuthority}`;
  return `no secure connection to ${place}: ${oneLine(detail)}`;
}

/** For every status but 200. */
export function statusProblem(answer: WebAnswer, provider: ProviderSettings, now: number): ProviderProblem {
  const said = errorText(parsed(answer.body));
  const reason = said === null ? '' : `: ${said}`;
  const {keyVariable} = providerFacts[provider.name];
  const {status} = answer;
  const setting = provider.urlFrom ?? `explain.urls.${provider.name}`;
  if (status >= 300 && status < 400) {
    const to = answer.location === null ? '' : ` to ${oneLine(answer.location.replace(/\/\/[^/@]*@/, '//'))}`;
    return ours(`HTTP ${status}: it sends us on${to}, where nothing is sent; ${setting} has to name the right address`);
  }
  if (status === 401 || status === 403)
    return ours(
      `HTTP ${status}, ${keyVariable === null ? 'access denied' : `${keyVariable} is not accepted`}${reason}`,
    );
  if (status === 404)
    return ours(`HTTP 404, no such model or address (explain.models.${provider.name}, ${setting})${reason}`);
  if (status === 407) return ours('HTTP 407, the proxy wants a user and a password');
  if (status === 413) return ours(`HTTP 413, the excerpt is too long for it (explain.maxSize)${reason}`);
  const retryAfterMs = retryAfterOf(answer.retryAfter, now);
  if (status === 429) return theirs(`HTTP 429, asked too often or no credit left${reason}`, retryAfterMs);
  if (status === 503 || status === 529) return theirs(`HTTP ${status}, overloaded${reason}`, retryAfterMs);
  if (status >= 500) return theirs(`HTTP ${status}, it fails itself${reason}`, retryAfterMs);
  return ours(`HTTP ${status}${reason}`);
}

/** Seconds, or a date; null: it says nothing that can be read. */
function retryAfterOf(text: string | null, now: number): number | null {
  if (text === null) return null;
  if (/^\s*\d{1,9}(?:\.\d+)?\s*$/.test(text)) return Math.round(Number(text) * 1000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** undefined: no JSON. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
