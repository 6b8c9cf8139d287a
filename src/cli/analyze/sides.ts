import {existsSync} from 'node:fs';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import {parseWhen} from '../logs/when.js';

/** What one side of `--compare` is. */
export type Side =
  | {readonly kind: 'file'; readonly path: string}
  | {readonly kind: 'window'; readonly since: number | null; readonly until: number | null}
  | {readonly kind: 'release'; readonly version: string};

/** A file, a window `FROM..TO`, or a release by its version. */
export function sideOf(word: string, now: Date): Side {
  if (existsSync(word)) return {kind: 'file', path: word};
  const window = /^(.*?)\.\.(.*)$/.exec(word);
  if (window !== null) return windowOf(word, window[1] ?? '', window[2] ?? '', now);
  const release = /^(?:release:)?(v?\d+(?:\.\d+)+(?:[-+][\w.]+)?)$/.exec(word);
  if (release !== null) return {kind: 'release', version: release[1] as string};
  throw usage(`${JSON.stringify(word)} is no file, no window and no release.`, [
    'files: --compare old.log new.log',
    'windows: --compare 08:00..09:00 09:00..10:00 FILE (each end may be left out)',
    'releases: --compare 4.11.0 4.12.0 FILE (from the first event that names the version)',
  ]);
}

function windowOf(word: string, from: string, to: string, now: Date): Side {
  const since = from === '' ? null : parseWhen(from, now);
  const until = to === '' ? null : parseWhen(to, now);
  if ((from !== '' && since === null) || (to !== '' && until === null) || (from === '' && to === ''))
    throw usage(`${JSON.stringify(word)} is no window.`, ['2026-05-22 09:00..2026-05-22 10:00, 2h..1h (ago), ..09:41']);
  if (since !== null && until !== null && since >= until) throw usage(`The window ${word} ends before it begins.`, []);
  return {kind: 'window', since, until};
}

/** An event that names a release as its own. */
export function releaseMention(version: string): RegExp {
  const text = version.replace(/^v/, '').replace(/[.+]/g, '\\$&');
  return new RegExp(
    `(?:release|version|deploy(?:ed|ing|ment)?|build|tag|start(?:ed|ing)?|running|v|upgrad\\w*|rollout)\\b.{0,40}?(?<![\\d.])v?${text}(?![\\d]|\\.\\d)`,
    'i',
  );
}

export function usage(message: string, remedy: readonly string[]): ErpError {
  return new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy});
}
