import type {HelperOutcome} from '../core/connection/helper-outcome.js';
import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import type {LifeVerdict} from '../core/supervision/events.js';
import {runHelper} from './helper-process.js';
import type {Cancel, Diagnoser, DiagnosisQuestion, HangQuestion} from './types.js';

/** What a helper is asked, in the variable ERP_QUESTION: arguments are seen by everybody, and taken for what runs there. */
export type HelperQuestion =
  | ({readonly ask: 'why'} & DiagnosisQuestion)
  | ({readonly ask: 'hang' /** Milliseconds since the epoch. */; readonly until: number} & HangQuestion);

const limitMs = 5000;
/** More of them would take the processor from what they explain. */
const mostHelpers = 2;

/** Asks processes of its own, few at a time, which read and think while the supervisor goes on. */
export class HelperDiagnoser implements Diagnoser {
  readonly #file: string;
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Set<Cancel>();

  /** @param file program of the helper; '': there is none, and nothing is told */
  constructor(file: string) {
    this.#file = file;
  }

  diagnose(question: DiagnosisQuestion, callback: (verdict: LifeVerdict | null) => void): Cancel {
    let cancel: Cancel = () => {};
    const start = (): void => {
      cancel = this.#run({ask: 'why', ...question}, limitMs, (answer) => callback(answer as LifeVerdict | null));
    };
    this.#waiting.push(start);
    this.#next();
    return () => {
      const at = this.#waiting.indexOf(start);
      if (at >= 0) this.#waiting.splice(at, 1);
      cancel();
    };
  }

  lookAt(question: HangQuestion, timeoutMs: number, callback: (diagnosis: Diagnosis | null) => void): Cancel {
    // Its answer is of use now or not at all.
    if (this.#running.size >= mostHelpers) {
      const timer = setImmediate(() => callback(null));
      return () => clearImmediate(timer);
    }
    const until = Date.now() + timeoutMs;
    let isOver = false;
    const finish = (diagnosis: Diagnosis | null): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      callback(diagnosis);
    };
    const cancel = this.#run({ask: 'hang', until, ...question}, timeoutMs, (answer) =>
      finish(answer as Diagnosis | null),
    );
    // Whoever has to be killed for its lateness answers later than that.
    const timer = setTimeout(() => {
      cancel();
      finish(null);
    }, timeoutMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
      cancel();
    };
  }

  close(): void {
    this.#waiting.length = 0;
    for (const cancel of this.#running) cancel();
  }

  #next(): void {
    while (this.#running.size < mostHelpers) {
      const start = this.#waiting.shift();
      if (start === undefined) return;
      start();
    }
  }

  #run(question: HelperQuestion, timeoutMs: number, callback: (answer: unknown) => void): Cancel {
    if (this.#file === '') {
      const timer = setImmediate(() => callback(null));
      return () => clearImmediate(timer);
    }
    const stop = runHelper(
      {
        command: {file: process.execPath, args: [this.#file], isVerbatim: false},
        cwd: '/',
        env: {...surroundings(), ERP_QUESTION: JSON.stringify(question)},
        timeoutMs,
        ...(question.ask === 'why' ? {isUrgent: false} : {}),
      },
      (outcome) => {
        this.#running.delete(end);
        callback(answerOf(outcome));
        this.#next();
      },
    );
    const end = (): void => {
      this.#running.delete(end);
      stop();
      this.#next();
    };
    this.#running.add(end);
    return end;
  }
}

/** What tools and name resolution need, and nothing that is anybody's secret. */
function surroundings(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TZ', 'SystemRoot', 'TEMP', 'TMP', 'USERPROFILE', 'PATHEXT'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function answerOf({code, stdout}: HelperOutcome): unknown {
  if (code !== 0) return null;
  try {
    return JSON.parse(stdout) as unknown;
  } catch {
    return null;
  }
}
