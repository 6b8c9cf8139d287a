import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import {diskFull} from '../core/diagnosis/exit-cause.js';
import {plain} from '../core/diagnosis/plain.js';
import {candidates} from '../core/ports/choose-port.js';
import {expandPlaceholders} from '../core/config/placeholders.js';
import type {CommandSpec, PortSpec, ServiceSpec} from '../core/spec.js';
import type {Blocker} from '../core/supervision/state.js';
import type {Cancel, Listener, ProbeTarget} from '../platform/types.js';
import {diskBlocker} from './disk-blocker.js';
import type {Surroundings} from './shared.js';

/** A listener that is just closing gets this long. */
const closingPatienceMs = 2000;
const closingPauseMs = 50;

type Outcome =
  | {readonly tag: 'prepared'; readonly port: number | null; readonly borrowed: boolean}
  | {
      readonly tag: 'prepare-failed';
      readonly diagnosis: Diagnosis;
      readonly blockedOn: Blocker | null;
      readonly hopeless: boolean;
    };

/** What the preparation needs of the one who asks for it. */
export interface PreparationHost {
  readonly service: ServiceSpec;
  readonly around: Surroundings;
  readonly lastPort: number | null;
  /** No life was ever ready: a port that is taken now was taken by somebody else all along. */
  readonly firstStart: boolean;
  env(port: number | null): Readonly<Record<string, string>>;
  command(command: CommandSpec, port: number | null): CommandSpec;
  probeTarget(port: number | null): ProbeTarget | null;
  /** May somebody of an earlier life still be there, beyond what a sweep after a crash takes care of? */
  maybeLeftovers(): boolean;
  /** Ends what earlier incarnations left behind; calls when it is gone, or with the pid of one that cannot be ended. */
  clearStragglers(done: (left: number | null) => void): void;
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
          remedy: remedyFor(problem.cause, problem.subject),
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
    if (service.port === null) this.#finish({tag: 'prepared', port: null, borrowed: false});
    else this.#tryPorts(service.port, null);
  }

  #tryPorts(spec: PortSpec, closingUntil: number | null): void {
    const {service, around, lastPort} = this.#host;
    const others = around.spec.services.filter((other) => other.name !== service.name);
    const given = new Set(
      Object.entries(around.portsInUse()).flatMap(([name, port]) => (name === service.name ? [] : [port])),
    );
    const wanted = new Set(
      others.flatMap((other) => (other.port === null || other.kind === 'external' ? [] : [other.port.primary])),
    );
    const list = candidates(spec, lastPort, given, wanted);
    const taken: {port: number; text: string}[] = [];
    const next = (index: number): void => {
      if (this.#cancelled) return;
      const port = list[index];
      if (port === undefined) {
        this.#exhausted(spec, taken, closingUntil);
        return;
      }
      around.world.ports.tryBind(port, spec.addresses, (state) => {
        if (this.#cancelled) return;
        if (state.state === 'free' && around.claimPort(service.name, port)) {
          if (port !== spec.primary) this.#tellMoved(spec, port, taken);
          this.#finish({tag: 'prepared', port, borrowed: false});
          return;
        }
        if (state.state === 'refused') {
          taken.push({port, text: state.code === 'EACCES' ? 'not allowed (below 1024: needs rights)' : state.code});
          next(index + 1);
          return;
        }
        this.#onTaken(spec, port, taken, () => next(index + 1), closingUntil);
      });
    };
    next(0);
  }

  /** A port is taken: by our own leftover, by somebody whose service is meant to be used, or by a stranger. */
  #onTaken(
    spec: PortSpec,
    port: number,
    taken: {port: number; text: string}[],
    goOn: () => void,
    closingUntil: number | null,
  ): void {
    const {service, around} = this.#host;
    around.world.ports.owners(port, (listeners) => {
      if (this.#cancelled) return;
      taken.push({port, text: holderText(listeners)});
      const stillTaken = (): void => this.#borrowOr(spec, port, taken, goOn);
      // What an earlier life of ours left behind is ended first, then the port is asked again: it is never borrowed.
      if (closingUntil === null) {
        this.#host.clearStragglers(() => {
          if (this.#cancelled) return;
          around.world.ports.tryBind(port, spec.addresses, (state) => {
            if (this.#cancelled) return;
            if (state.state === 'free' && around.claimPort(service.name, port))
              this.#finish({tag: 'prepared', port, borrowed: false});
            else stillTaken();
          });
        });
        return;
      }
      stillTaken();
    });
  }

  /** Somebody else's instance that answers our probe is used where that is wanted, or a reason not to start a second. */
  #borrowOr(spec: PortSpec, port: number, taken: readonly {port: number; text: string}[], goOn: () => void): void {
    const isAsked = port === spec.primary && spec.ifRunning !== 'move';
    const target = isAsked ? this.#host.probeTarget(port) : null;
    if (target === null) {
      goOn();
      return;
    }
    this.#cancelStep = this.#host.around.world.prober.probe(target, 5000, (answer) => {
      if (this.#cancelled) return;
      if (answer.tag !== 'answered') goOn();
      else if (spec.ifRunning === 'use') this.#finish({tag: 'prepared', port, borrowed: true});
      else this.#failPort(spec, taken);
    });
  }

  #exhausted(spec: PortSpec, taken: readonly {port: number; text: string}[], closingUntil: number | null): void {
    const {service, around} = this.#host;
    const now = around.world.clock.now();
    if (spec.any) {
      around.world.ports.tryBind(0, spec.addresses, (state) => {
        if (this.#cancelled) return;
        const port = state.state === 'free' ? (state.port ?? null) : null;
        if (port === null || !around.claimPort(service.name, port)) this.#failPort(spec, taken);
        else {
          this.#tellMoved(spec, port, taken);
          this.#finish({tag: 'prepared', port, borrowed: false});
        }
      });
      return;
    }
    // Just closing (a predecessor, a test that ends)? Only when we held it before; else waiting has no reason.
    if (!this.#host.firstStart && (closingUntil === null || now < closingUntil)) {
      this.#cancelStep = around.world.clock.at(now + closingPauseMs, () =>
        this.#tryPorts(spec, closingUntil ?? now + closingPatienceMs),
      );
      return;
    }
    this.#failPort(spec, taken);
  }

  #failPort(spec: PortSpec, taken: readonly {port: number; text: string}[]): void {
    const {service, firstStart} = this.#host;
    const all = taken.map(({port, text}) => `${port} ${text}`);
    const none = all.length === 0 ? [`${spec.primary} is given to another service`] : all;
    const database = /redis|postgres|mysql|mariadb|rabbit/i.test(service.name);
    const remedy = database
      ? `if that is the ${service.name} you mean: ifRunning: use, or external: true (a second, empty one would lose its data from view)`
      : spec.alternatives.length === 0
        ? `end the other one, or give ${service.name} alternatives: port: {primary: ${spec.primary}, alternatives: [${spec.primary + 1}, ${spec.primary + 2}]}`
        : `end one of them, or give ${service.name} more alternatives`;
    this.#fail(
      {cause: 'port-taken', confidence: 0.95, subject: `port ${spec.primary}`, evidence: none, remedy},
      {kind: 'port', port: spec.primary},
      firstStart,
    );
  }

  #tellMoved(spec: PortSpec, port: number, taken: readonly {port: number; text: string}[]): void {
    const {service, around} = this.#host;
    const why = taken.find((entry) => entry.port === spec.primary)?.text ?? 'given to another service';
    around.tell({
      level: 'WARNING',
      service: service.name,
      type: 'port-moved',
      text: `${port} instead of ${spec.primary}, ${why}`,
      facts: {port, primary: spec.primary, why},
    });
  }
}

/** "held by python3 (pid 812, ops1)". */
export function holderText(listeners: readonly Listener[] | null): string {
  const first = listeners?.[0];
  if (first === undefined || first.pid === null) return 'taken, owner unknown';
  const user = first.user === null ? '' : `, ${first.user}`;
  return `held by ${programName(first.command)} (pid ${first.pid}${user})`;
}

/** The program of a command line, without its folder. */
function programName(command: string | null): string {
  const program = (command ?? '').trim().split(/\s+/)[0] ?? '';
  return program.split('/').at(-1) || 'a process';
}

function remedyFor(cause: string, subject: string): string {
  switch (cause) {
    case 'missing-folder':
      return `create ${subject}, or correct cwd`;
    case 'missing-executable':
      return `install ${subject}, or correct the command (PATH is that of the service)`;
    case 'not-executable':
      return `chmod +x ${subject}`;
    default:
      return `create ${subject}, or take it out of the configuration`;
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
