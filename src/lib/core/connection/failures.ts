import {plain} from '../diagnosis/plain.js';
import type {FailureKind, ForwardFailure} from './forward-failure.js';

/** A failure that is certain: kubectl, a file or the server has said so. */
export function certainFailure(
  kind: FailureKind,
  cause: string,
  subject: string | null,
  evidence: readonly string[],
  remedy: string | null,
): ForwardFailure {
  return {kind, diagnosis: {cause, confidence: 1, subject, evidence, remedy}};
}

/**
 * First line of what a program said, made fit to be shown: no control characters, no time stamp of its log, nothing that
 * may be a password or a token, and not more than fits on a line or two.
 */
export function excerpt(text: string, most = 240): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => plain(line).trim())
    .filter((line) => line !== '');
  // Its last line says how it ended; the ones before are klog lines of tries.
  const line = lines.findLast((each) => !/^[EWI]\d{4} /.test(each)) ?? lines.at(-1) ?? '';
  const safe = masked(line);
  return safe.length > most ? `${safe.slice(0, most)}…` : safe;
}

/** Without what may be a password or a token. */
export const masked = (line: string): string =>
  line
    .replace(/\/\/[^/@\s]+@/g, '//***@')
    .replace(/\beyJ[\w-]+\.[\w.-]+/g, '***')
    .replace(/((?:token|passw(?:or)?d|secret|bearer)\s+)[^\s"',}]{12,}/gi, '$1***')
    .replace(/((?:token|passw(?:or)?d|secret|key(?:-data)?|-data|bearer)["']?\s*[:=]\s*["']?)[^\s"',}]{6,}/gi, '$1***');
