import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import {diskFull} from '../core/diagnosis/exit-cause.js';
import {plain} from '../core/diagnosis/plain.js';
import {expandPlaceholders} from '../core/config/placeholders.js';
import type {CommandSpec} from '../core/spec.js';
import type {Blocker} from '../core/supervision/state.js';
import type {Cancel} from '../platform/types.js';
import {diskBlocker} from './disk-blocker.js';
import {PortSearch, type PortSearchHost} from './port-search.js';

type Outcome =
  | {readonly tag: 'prepared'; readonly port: number | null; readonly borrowed: boolean}
  | {
      readonly tag: 'prepare-failed';
      readonly diagnosis: Diagnosis;
      readonly blockedOn: Blocker | null;
      readonly hopeless: boolean;
    };

/** What the preparation needs of the one who asks for it. */
export interface PreparationHost extends PortSearchHost {
  env(port: number | null): Readonly<Record<string, string>>;
  command(command: CommandSpec, port: number | null): CommandSpec;
  /** The next life gets a port that could not be tested; null: it was. */
  untested(port: number | null): void;
  /** May somebody of an earlier life still be there, beyond what a sweep after a crash takes care of? */
  maybeLeftovers(): boolean;
}

/**
 * Everything that comes before a spawn, one step after the other: nobody of the old life left, preconditions, preStart
 * hook, port. Ends with exactly one outcome unless it is cancelled.
 */
export class Preparation {
  #cancelled = false;
  #cancelStep: Cancel = () => {};
  readonly #host: PreparationHost;
  readonly #done: (outcome: Outcome) => void;

  constructor(host: PreparationHost, hooks: boolean, done: (outcome: Outcome) => void) {
    this.#host = host;
    this.#done = done;
    if (!host.maybeLeftovers()) {
      this.#checkConditions(hooks);
      return;
    }
    host.clearStragglers((left) => {
      if (this.#cancelled) return;
      if (left === null) this.#checkConditions(hooks);
      else
        this.#fail(
          {
            cause: 'unkillable',
            confidence: 0.9,
            subject: `pid ${left}`,
            evidence: [`pid ${left}, of an earlier life, is still there`],
            remedy: `see what it waits for: ps -o pid,stat,wchan:30,cmd -p ${left}`,
          },
          null,
          false,
        );
    });
  }

  #checkConditions(hooks: boolean): void {
    const host = this.#host;
    const problem = host.around.world.processes.precheck({
      command: host.command(host.service.command ?? {argv: ['']}, null),
      cwd: host.service.cwd,
      env: host.env(null),
      files: host.service.requiredFiles,
    });
    if (problem !== null) {
      this.#fail(
        {
          cause: problem.cause,
          confidence: 0.95,
          subject: problem.subject,
          evidence: [problem.message],
          remedy: remedyFor(problem.cause, problem.subject, host.service.cwd),
        },
        {kind: 'file', path: problem.subject},
        true,
      );
      return;
    }
    const hook = host.service.hooks.preStart;
    if (hooks && hook !== null) this.#runHook(hook);
    else this.#port();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#cancelStep();
  }

  #finish(outcome: Outcome): void {
    if (!this.#cancelled) this.#done(outcome);
  }

  #fail(diagnosis: Diagnosis, blockedOn: Blocker | null, hopeless: boolean): void {
    this.#finish({tag: 'prepare-failed', diagnosis, blockedOn, hopeless});
  }

  #runHook(hook: CommandSpec): void {
    const {service, around} = this.#host;
    // The port is chosen after the hook, which may take its time; until then the likely one has to do.
    const port = this.#host.lastPort ?? service.port?.primary ?? null;
    this.#cancelStep = around.world.processes.run(
      {
        service: service.name,
        purpose: 'preStart',
        command: this.#host.command(hook, port),
        cwd: service.cwd,
        env: this.#host.env(port),
        timeoutMs: service.hookTimeoutMs,
      },
      (result) => {
        this.#cancelStep = () => {};
        if (this.#cancelled) return;
        if (result.error === null && !result.timedOut && result.exit.code === 0) {
          this.#port();
          return;
        }
        const how =
          result.error?.message ??
          (result.timedOut
            ? 'ran into its time-out'
            : result.exit.signal !== null
              ? `ended by ${result.exit.signal}`
              : `exit code ${result.exit.code}`);
        const lines = result.tail.trimEnd().split('\n');
        const last = lines.at(-1) ?? '';
        const disk = diskBlocker(lines, service, around);
        if (disk !== null) {
          this.#fail(diskFull(`preStart: ${how}: "${plain(last)}"`, disk), disk, false);
          return;
        }
        this.#fail(
          {
            cause: 'hook-failed',
            confidence: 0.95,
            subject: 'preStart',
            evidence: [`preStart: ${how}${last === '' ? '' : `: "${last}"`}`],
            remedy: `erp logs ${service.name} -n 60`,
          },
          null,
          false,
        );
      },
    );
  }

  #port(): void {
    const {service} = this.#host;
    if (service.port === null) {
      this.#finish({tag: 'prepared', port: null, borrowed: false});
      return;
    }
    const search = new PortSearch(service.port, this.#host, (outcome) => {
      if (outcome.found) {
        const {port, borrowed, untested} = outcome;
        this.#host.untested(untested ? port : null);
        this.#finish({tag: 'prepared', port, borrowed});
      } else this.#fail(outcome.diagnosis, outcome.blockedOn, outcome.hopeless);
    });
    this.#cancelStep = () => search.cancel();
  }
}

function remedyFor(cause: string, subject: string, cwd: string): string {
  switch (cause) {
    case 'missing-file':
      return `create ${subject}, or ${subject === cwd ? 'correct cwd' : 'take it out of the configuration'}`;
    case 'missing-module':
      return `install ${subject}, or correct the command (PATH is that of the service)`;
    case 'permission-denied':
      return `chmod +x ${subject}`;
    default:
      return `look at ${subject}`;
  }
}

/** A command with its placeholders filled in. */
export function expandCommand(
  command: CommandSpec,
  ports: {port: number | null; services: Readonly<Record<string, number>>},
): CommandSpec {
  if ('shell' in command) return {shell: expandPlaceholders(command.shell, ports)};
  const [program, ...args] = command.argv;
  return {argv: [expandPlaceholders(program, ports), ...args.map((arg) => expandPlaceholders(arg, ports))]};
}
