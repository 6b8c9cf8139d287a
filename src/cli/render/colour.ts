import type {Mark} from '../../lib/core/report/status.js';
import type {Glyphs} from './marks.js';
import {markCodes} from './marks.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Decided for each stream of its own: `erp status | less` has no colour on stdout while stderr still is a terminal.
 * @param flag `--color` or `--no-color`; undefined: neither was given
 */
export function wantsColour(stream: {readonly isTTY?: boolean}, env: Env, flag: boolean | undefined): boolean {
  if (flag !== undefined) return flag;
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return stream.isTTY === true;
}

/** Only the codes of ux.md 2; the mark has the colour, the words beside it have none. */
export interface Paint {
  (code: string | null, text: string): string;
  readonly on: boolean;
}

const painted: Paint = Object.assign(
  (code: string | null, text: string) => (code === null || text === '' ? text : `\u001b[${code}m${text}\u001b[0m`),
  {on: true},
);
const plain: Paint = Object.assign((_code: string | null, text: string) => text, {on: false});

export const paintFor = (on: boolean): Paint => (on ? painted : plain);

export const bold = '1';
export const dim = '2';
/** In merged logs the services' names take turns. */
export const nameCodes = ['36', '35'] as const;

export const paintMark = (paint: Paint, glyphs: Glyphs, mark: Mark): string =>
  paint(markCodes[mark], glyphs.marks[mark]);
