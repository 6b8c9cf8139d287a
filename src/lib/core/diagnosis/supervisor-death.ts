import {signalNames} from './signals.js';
import type {Diagnosis} from './diagnosis.js';

/** How the guardian says it: `ERP_LAST_EXIT="137 5012345"`, a shell's exit status and a time in hundredths of a second. */
export interface LastExit {
  /** null: nobody saw it, a guardian stood in that is not its parent. */
  readonly status: number | null;
  /** Hundredths of a second, of the clock that the guardian has; `at` of the next one is of the same. */
  readonly at: number;
}

/** What can be seen of the death afterwards. */
export interface DeathTraces {
  /** Processes that the kernel has killed for lack of memory since the last supervisor came up; null: not readable. */
  readonly memoryKills: number | null;
  /** Where that was counted. */
  readonly memoryKillsOf: string;
  /** What Node wrote when it died. */
  readonly lastWords: string;
}

/** null: the last supervisor ended as it wanted, or there was none. */
export function parseLastExit(value: string | undefined): LastExit | null {
  const [, status = '', at = ''] = /^(\d{1,3}|unknown) (\d+)$/.exec(value ?? '') ?? [];
  return at === '' ? null : {status: status === 'unknown' ? null : Number(status), at: Number(at)};
}

const outOfMemory = /FATAL ERROR:.*(?:heap out of memory|Allocation failed|OOM)|std::bad_alloc|out of memory/i;
/** Of all that Node prints, the line that says most. */
const fatal = /^.*(?:FATAL ERROR|# Fatal error|# Check failed|\w*Error: |bad_alloc|out of memory).*$/im;

/** Why the supervisor itself ended. Evidence only where something was seen; what nobody saw is unknown. */
export function supervisorDeath({status}: LastExit, traces: DeathTraces): Diagnosis {
  const words = fatal.exec(traces.lastWords)?.[0].trim().slice(0, 200) ?? null;
  const said = words === null ? [] : [`it said "${words}"`];
  if (words !== null && outOfMemory.test(traces.lastWords)) {
    return {
      cause: 'out-of-memory',
      confidence: 0.95,
      subject: 'memory of the supervisor',
      evidence: [...said, ...(status === null ? [] : [howText(status)])],
      remedy: 'a defect of erp, or the machine has no memory left: look at erp status and free -m',
    };
  }
  if (status === null) {
    return {cause: 'unknown', confidence: 0.3, subject: null, evidence: said, remedy: null};
  }
  if (status === 137) {
    const byKernel = (traces.memoryKills ?? 0) > 0;
    return {
      cause: byKernel ? 'out-of-memory' : 'killed-by-signal',
      confidence: byKernel ? 0.7 : 0.95,
      subject: 'SIGKILL',
      evidence: [
        howText(status),
        ...(byKernel
          ? [`${traces.memoryKillsOf}: ${traces.memoryKills ?? 0} killed for lack of memory meanwhile`]
          : []),
      ],
      remedy: byKernel
        ? 'give the machine or the container more memory, or its services less: erp status shows what they take'
        : null,
    };
  }
  if (status === 126 || status === 127) {
    return {
      cause: 'missing-module',
      confidence: 0.9,
      subject: 'Node',
      evidence: [`exit code ${status}`, ...said],
      remedy: 'Node was away for a moment; if it moved for good: erp supervisor restart',
    };
  }
  if (status > 128) {
    return {
      cause: 'killed-by-signal',
      confidence: 0.95,
      subject: signalName(status),
      evidence: [howText(status), ...said],
      remedy: null,
    };
  }
  return {
    cause: 'defect',
    confidence: 0.95,
    subject: `exit code ${status}`,
    evidence: said,
    remedy: 'please report it, with the CRITICAL lines of watchdog_logs/',
  };
}

/** The sentence of the event: "the supervisor was killed (SIGKILL)". */
export function deathText({status}: LastExit, {cause}: Diagnosis): string {
  if (cause === 'out-of-memory') return `the supervisor ran out of memory (${howText(status)})`;
  if (status === null) return 'the supervisor ended unexpectedly (nobody saw how)';
  if (status === 137) return 'the supervisor was killed (SIGKILL)';
  if (status === 126 || status === 127) return 'the supervisor could not be run';
  if (status > 128) return `the supervisor crashed (${signalName(status)})`;
  return `the supervisor met a defect of its own (exit code ${status})`;
}

const signalName = (status: number): string => signalNames[status - 128] ?? `signal ${status - 128}`;

function howText(status: number | null): string {
  if (status === null) return 'nobody saw how it ended';
  return status > 128 ? `ended by ${signalName(status)}` : `exit code ${status}`;
}
