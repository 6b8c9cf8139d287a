import {join, relative} from 'node:path';
import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import type {ServiceSpec} from '../core/spec.js';
import type {LifeVerdict} from '../core/supervision/events.js';
import {hangLookMs} from '../core/supervision/going-down.js';
import type {ListenerBlocker} from '../core/supervision/state.js';
import type {Cancel, DiagnosisQuestion, Exit, ServicePlace} from '../platform/types.js';
import type {Surroundings} from './shared.js';

/** So many ends in a row are looked at as they come; after that one in this time, the last one. */
const freeLooks = 2;
const paceMs = 3000;
/** The next life begins first. */
const afterSpawnMs = 5;

/** Asks why the lives of one service ended: one question at a time, and never so that a restart waits for the answer. */
export class LifeDiagnosis {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  #cancel: Cancel = () => {};
  #cancelLook: Cancel = () => {};
  #isBusy = false;
  #next: DiagnosisQuestion | null = null;
  #looks = freeLooks;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** What a life that did not answer was seen doing. */
  #hang: {readonly incarnation: number; readonly diagnosis: Diagnosis} | null = null;

  constructor(spec: ServiceSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  /** A life has ended; called before the next one begins. */
  ended(incarnation: number, end: Exit): void {
    const log = this.#around.world.output.lifePlace(this.#spec.name);
    if (log === null) return;
    const hang = this.#hang?.incarnation === incarnation ? this.#hang.diagnosis : null;
    const {command} = this.#spec;
    this.#next = {
      service: this.#spec.name,
      incarnation,
      log,
      shownLog: this.#shownLog,
      end,
      cwd: this.#spec.cwd,
      projectDir: this.#around.spec.projectDir,
      program: command !== null && 'argv' in command ? command.argv[0] : null,
      env: pick({...this.#around.spec.baseEnv, ...this.#spec.env}, searchVariables),
      configuration: this.#configuration,
      port: this.#around.now(this.#spec.name).memory.port,
      places: this.#places,
      hang,
    };
    if (!this.#isBusy) this.#schedule();
  }

  /** Looks at a life that does not answer; calls once, at the latest after `hangLookMs`. */
  lookAt(incarnation: number, pid: number, known: Diagnosis, done: () => void): void {
    const {world} = this.#around;
    const {name} = this.#spec;
    const question = {service: name, pid, port: this.#around.now(name).memory.port, known, places: this.#places};
    this.#cancelLook = world.diagnoser.lookAt(question, hangLookMs, (diagnosis) => {
      if (diagnosis !== null) {
        this.#hang = {incarnation, diagnosis};
        this.#around.emit(this.#spec, {tag: 'seen-hanging', incarnation, diagnosis});
      }
      done();
    });
  }

  /** Nobody wants to know any more. */
  forget(): void {
    this.#cancel();
    this.#cancelLook();
    this.#isBusy = false;
    this.#next = null;
  }

  #schedule(): void {
    const {clock} = this.#around.world;
    const now = clock.now();
    if (now - this.#lookedAt >= paceMs) this.#looks = freeLooks;
    const at = this.#looks > 0 ? now + afterSpawnMs : Math.max(now + afterSpawnMs, this.#lookedAt + paceMs);
    this.#isBusy = true;
    this.#cancel = clock.at(at, () => this.#ask());
  }

  #ask(): void {
    const {clock, diagnoser} = this.#around.world;
    const question = this.#next;
    this.#next = null;
    if (question === null) {
      this.#isBusy = false;
      return;
    }
    this.#looks -= 1;
    this.#lookedAt = clock.now();
    this.#cancel = diagnoser.diagnose(question, (answer) => {
      this.#isBusy = false;
      const verdict = answer ?? this.#unheard(question.incarnation);
      if (verdict !== null)
        this.#around.emit(this.#spec, {
          tag: 'verdict',
          life: question.incarnation,
          exit: isKnown(question.end) ? question.end : null,
          ...verdict,
          waitsFor: this.#named(verdict.waitsFor),
        });
      this.#goOn();
    });
  }

  /** Another life may have ended meanwhile. */
  #goOn(): void {
    if (this.#next !== null && !this.#isBusy) this.#schedule();
  }

  /** It was judged by what an earlier one had said, and says nothing itself: its own end counts. */
  #unheard(incarnation: number): LifeVerdict | null {
    const {verdict, lastEnd} = this.#around.now(this.#spec.name).memory;
    if (verdict?.presumed !== true || lastEnd?.incarnation !== incarnation) return null;
    const diagnosis = {cause: 'unknown', confidence: 0.3, subject: null, evidence: [], remedy: null};
    return {diagnosis, isPermanent: false, mendedBy: null, waitsFor: null};
  }

  #named(blocker: ListenerBlocker | null): ListenerBlocker | null {
    if (blocker === null || !isLoopback(blocker.host)) return blocker;
    return {...blocker, service: this.#places.find(({port}) => port === blocker.port)?.name ?? null};
  }

  get #places(): readonly ServicePlace[] {
    return Object.entries(this.#around.portsToTell())
      .filter(([name]) => name !== this.#spec.name)
      .map(([name, port]) => ({name, port}));
  }

  get #shownLog(): string {
    const {projectDir, logDir} = this.#around.spec;
    return `${relative(projectDir, logDir) || '.'}/${this.#spec.name}.log`;
  }

  get #configuration(): readonly string[] {
    const {configFile, projectDir} = this.#around.spec;
    const dotenv = [...new Set([this.#spec.cwd, projectDir])].map((folder) => join(folder, '.env'));
    return [...new Set([...dotenv, ...this.#spec.requiredFiles, ...(configFile === null ? [] : [configFile])])];
  }
}

/** Where programs and their modules are looked for. */
const searchVariables = ['PATH', 'HOME', 'VIRTUAL_ENV', 'PYTHONPATH', 'NODE_PATH', 'GEM_HOME'] as const;

const pick = (env: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

const isKnown = ({code, signal}: Exit): boolean => code !== null || signal !== null;

const isLoopback = (host: string): boolean => /^(?:127\.|::1$|localhost$|0\.0\.0\.0$)/.test(host);
