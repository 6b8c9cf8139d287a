import type {Mark} from '../../lib/core/report/status.js';
import type {ReleaseReport, ReleaseResult} from '../ports/release.js';
import {paintMark} from './colour.js';
import {neutralise} from './foreign.js';
import type {View} from './table.js';
import {hanging, indented} from './table.js';

const words: Readonly<Record<ReleaseResult, readonly [mark: Mark, words: string]>> = {
  released: ['good', 'free'],
  'was-free': ['good', 'free'],
  'would-release': ['unknown', 'nothing was done'],
  refused: ['failed', 'not freed'],
  'still-held': ['failed', 'not freed'],
  'taken-again': ['failed', 'not free'],
};

/** `● 8000 free: python3 (pid 812) ended after 0.3s` */
export function renderRelease({port, result, said, remedy}: ReleaseReport, view: View): string {
  const [mark, word] = words[result];
  const head = `${paintMark(view.paint, view.glyphs, mark)} `;
  return [
    ...hanging(head, 2, neutralise(`${port} ${word}: ${said.join('; ')}`), view.columns),
    ...remedy.flatMap((line, index) =>
      indented(`${index === 0 ? 'remedy:' : '       '} ${neutralise(line)}`, 2, view.columns),
    ),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
