import {classifyConnectError} from './connect-error.js';
import type {ProbeAnswer} from './types.js';

type Silence = Extract<ProbeAnswer, {tag: 'silent'}>;

export const healthy = (detail: string | null, latencyMs: number): ProbeAnswer => ({
  tag: 'answered',
  health: 'healthy',
  status: null,
  detail,
  latencyMs,
});

export const silent = (reason: Silence['reason'], detail: string): Silence => ({tag: 'silent', reason, detail});

export const closedWithoutAnswer = silent('reset', 'the connection was closed without an answer');

export function silenceOf(error: NodeJS.ErrnoException): Silence {
  const {tag, code, message} = classifyConnectError(error);
  switch (tag) {
    case 'refused':
      return silent('refused', 'connection refused: nobody listens there');
    case 'reset':
      return silent('reset', 'the connection was reset');
    case 'timeout':
      return silent('timeout', 'the connection timed out');
    case 'no-name':
      return silent('unreachable', `the name has no address (${code})`);
    case 'unreachable':
      return silent('unreachable', `the address can't be reached (${code})`);
    case 'error':
      return code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
        ? silent('garbage', 'it does not speak TLS (try http:// instead of https://)')
        : silent('error', code === '' ? message : `${message} (${code})`);
  }
}
