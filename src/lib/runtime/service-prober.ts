import {holderText} from '../core/ports/port-holder.js';
import type {CommandSpec, ServiceSpec} from '../core/spec.js';
import type {Answer, Effect} from '../core/supervision/events.js';
import type {Cancel, ListenerVerdict, ProbeAnswer, ProcessIdentity} from '../platform/types.js';
import type {ServicePlan} from './service-plan.js';
import type {Surroundings} from './shared.js';

/** A verdict on who holds the listener is looked at again after this, and after every miss. */
const verdictFreshMs = 2000;

/** Performs the probes of a service and finds out whether it was the service that answered. */
export class ServiceProber {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  readonly #plan: ServicePlan;
  /** Whose leader is asked about; changes with every life. */
  readonly #host: {readonly identity: ProcessIdentity | null};
  readonly #probes = new Set<Cancel>();
  #verdict: {readonly is: ListenerVerdict; readonly at: number} | null = null;

  constructor(
    spec: ServiceSpec,
    around: Surroundings,
    plan: ServicePlan,
    host: {readonly identity: ProcessIdentity | null},
  ) {
    this.#spec = spec;
    this.#around = around;
    this.#plan = plan;
    this.#host = host;
  }

  get verdict(): ListenerVerdict | null {
    return this.#verdict?.is ?? null;
  }

  /** A new life: who listened before says nothing about it. */
  forget(): void {
    this.#verdict = null;
  }

  cancel(): void {
    for (const cancel of this.#probes) cancel();
    this.#probes.clear();
  }

  /** Asks once; the answer comes as an event of the service. */
  probe({incarnation, track, id, timeoutMs}: Extract<Effect, {tag: 'probe'}>): void {
    const probe = this.#spec.probes[track];
    if (probe === undefined) return;
    const answer = (said: Answer): void =>
      this.#around.emit(this.#spec, {tag: 'answer', incarnation, track, id, answer: said});
    if (probe.check.type === 'command') {
      this.#probeByCommand(probe.check.command, timeoutMs, answer);
      return;
    }
    const target = this.#plan.target(probe.check, this.#port);
    if (target === null) {
      answer({tag: 'silent', reason: 'error', detail: 'the probe has no address'});
      return;
    }
    const cancel = this.#around.world.prober.probe(target, timeoutMs, (said) => {
      this.#probes.delete(cancel);
      this.#believe(said, (believed) => {
        if (believed.tag === 'answered' && said.tag === 'answered') this.#tookMs(incarnation, said.latencyMs);
        answer(believed);
      });
    });
    this.#probes.add(cancel);
  }

  /** While it starts everything is slow. */
  #tookMs(incarnation: number, latencyMs: number): void {
    const {name} = this.#spec;
    const {state} = this.#around.now(name);
    if (state.tag === 'ready' && state.life.incarnation === incarnation)
      this.#around.answered(name, incarnation, latencyMs);
  }

  #probeByCommand(command: CommandSpec, timeoutMs: number, answer: (said: Answer) => void): void {
    const cancel = this.#around.world.processes.run(this.#plan.run('probe', command, timeoutMs), (result) => {
      this.#probes.delete(cancel);
      if (result.error === null && !result.timedOut && result.exit.code === 0)
        answer({tag: 'answered', health: 'healthy', detail: null});
      else
        answer({
          tag: 'silent',
          reason: result.timedOut ? 'timeout' : 'refused',
          detail:
            result.error?.message ??
            (result.timedOut
              ? `no end within ${timeoutMs} ms`
              : `probe command ended with ${result.exit.signal ?? `code ${result.exit.code}`}`),
        });
    });
    this.#probes.add(cancel);
  }

  /** An answer on our port proves something only if it is our process that listens there. */
  #believe(said: ProbeAnswer, answer: (said: Answer) => void): void {
    const {world} = this.#around;
    if (said.tag === 'silent') {
      this.#verdict = null;
      answer(said);
      return;
    }
    const leader = this.#host.identity;
    const port = this.#port;
    const {listener, kind} = this.#spec;
    if (kind === 'external' || listener === 'any' || leader === null || port === null) {
      answer(said);
      return;
    }
    const now = world.clock.now();
    if (this.#verdict !== null && this.#verdict.is.verdict !== 'foreign' && now - this.#verdict.at < verdictFreshMs) {
      answer(said);
      return;
    }
    // The mark of this very life: what an earlier one left behind is as foreign as a stranger.
    const mark = `${this.#around.projectMark}/${this.#spec.name}/${this.#incarnation}`;
    world.ports.holder(port, leader, mark, (verdict) => {
      if (this.#host.identity !== leader) return;
      const known = this.#verdict?.is.verdict === 'foreign';
      this.#verdict = {is: verdict, at: now};
      if (verdict.verdict === 'unknown' && this.#around.now(this.#spec.name).state.tag === 'starting') {
        // Who answered may have gone before we looked, and be nobody of ours: the next answer is believed.
        answer({tag: 'silent', reason: 'not-verified', detail: verdict.why});
        return;
      }
      if (verdict.verdict !== 'foreign') {
        answer(said);
        return;
      }
      const holder = holderText([verdict.listener], this.#around.world.clock.wall());
      if (!known)
        this.#around.tell({
          level: 'ERROR',
          service: this.#spec.name,
          type: 'stranger',
          text: `port ${port} is ${holder}, not by ${this.#spec.name}: its answers prove nothing`,
          facts: {port, pid: verdict.listener.pid},
        });
      answer({tag: 'silent', reason: 'stranger', detail: `port ${port} is ${holder}`});
    });
  }

  get #port(): number | null {
    return this.#around.now(this.#spec.name).memory.port;
  }

  get #incarnation(): number {
    return this.#around.now(this.#spec.name).memory.incarnation;
  }
}
