import {certainty, type Diagnosis} from '../../lib/core/diagnosis/diagnosis.js';
import {neutralise} from './foreign.js';
import type {View} from './table.js';
import {cutEnd} from './width.js';

/** `redis-auth (certain): WRONGPASS, logs/worker.log:311` */
export function diagnosed(diagnosis: Diagnosis, view: Pick<View, 'glyphs'>): string {
  const seen = [diagnosis.subject, ...diagnosis.evidence]
    .filter((part) => part !== null)
    .map((part) => cutEnd(neutralise(part), 160, view.glyphs.cut));
  return `${diagnosis.cause} (${certainty(diagnosis)})${seen.length === 0 ? '' : `: ${seen.join(', ')}`}`;
}
