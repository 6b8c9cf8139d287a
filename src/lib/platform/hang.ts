import {setTimeout as sleep} from 'node:timers/promises';
import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import {hangDiagnosis, type HangFacts} from '../core/diagnosis/hang.js';
import {type HangLook, hangFactsDarwin} from './hang.darwin.js';
import {hangFactsLinux} from './hang.linux.js';
import type {HangQuestion} from './types.js';

/**
 * What a process group that does not answer is doing. For the helper: it reads as long as that takes.
 * @param until milliseconds since the epoch; what is not known by then is left out
 * @returns null: it has gone, or can't be looked at on this system
 */
export async function lookAtHang(question: HangQuestion, until: number): Promise<Diagnosis | null> {
  const look: HangLook = {...question, until, pause: (ms) => sleep(Math.max(0, ms))};
  const facts = await factsOf(look);
  return facts === null ? null : hangDiagnosis(facts, question.known, question.service);
}

function factsOf(look: HangLook): Promise<HangFacts | null> {
  switch (process.platform) {
    case 'linux':
    case 'android':
      return hangFactsLinux(look);
    case 'darwin':
      return hangFactsDarwin(look);
    default:
      // Windows tells it through tools that take longer than the life has left.
      return Promise.resolve(null);
  }
}
