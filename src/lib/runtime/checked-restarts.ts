import type {ServiceSpec} from '../core/spec.js';
import type {Services} from '../core/supervision/dependencies.js';
import type {Event} from '../core/supervision/events.js';
import {plannedRefusal, type UnaskedReason} from '../core/supervision/planned.js';
import {mayRun, type Service} from '../core/supervision/state.js';
import type {ServiceRunner} from './service-runner.js';
import type {News} from './shared.js';

interface Candidate {
  readonly spec: ServiceSpec;
  readonly runner: ServiceRunner;
  readonly service: Service;
  /** How often somebody has asked for its stop. */
  readonly stops: number;
}

export interface CheckedRestartsOptions {
  readonly services: Services;
  readonly candidate: (name: string) => Candidate;
  readonly isEnding: () => boolean;
  readonly tell: (news: News) => void;
  readonly send: (name: string, event: Event) => void;
}

/** Planned restarts: asked of the service's preCheck before anything is stopped. */
export class CheckedRestarts {
  readonly #options: CheckedRestartsOptions;
  /** Whose preCheck is asked about a restart that nobody typed. */
  readonly #checking = new Set<string>();

  constructor(options: CheckedRestartsOptions) {
    this.#options = options;
  }

  /**
   * Asks all of them at once.
   * @param done gets the first refusal, or null: all may be restarted
   */
  check(names: readonly string[], done: (problem: string | null) => void): void {
    const {candidate, isEnding} = this.#options;
    let left = names.length;
    let problem: string | null = null;
    const stopsBefore = new Map(names.map((name) => [name, candidate(name).stops]));
    const checked = (name: string, said: string | null): void => {
      left -= 1;
      // Who stopped it while its check ran had the last word.
      const {stops, service} = candidate(name);
      const stopped = stops !== stopsBefore.get(name) && service.memory.wanted === 'down';
      const refused = said ?? (isEnding() ? 'everything stops' : stopped ? 'it was stopped meanwhile' : null);
      if (refused !== null) problem ??= `${name}: ${refused}`;
      if (left === 0) done(problem);
    };
    if (names.length === 0) done(null);
    for (const name of names) {
      const {runner, service} = candidate(name);
      if (mayRun(service.state)) runner.preCheck((said) => checked(name, said));
      else checked(name, null);
    }
  }

  /**
   * Restarts a service that is up and can come back, though nobody has typed it.
   * @param text more about why, for people
   * @param done gets why it is not restarted, or null
   */
  unasked(name: string, why: UnaskedReason, text: string, done: (refused: string | null) => void): void {
    const {services, candidate, isEnding, tell, send} = this.#options;
    const {spec, runner, service} = candidate(name);
    const {incarnation} = service.memory;
    const refused = (): string | null => (isEnding() ? 'everything stops' : plannedRefusal(spec, services, why));
    const before = this.#checking.has(name) ? 'its preCheck still runs' : refused();
    if (before !== null) {
      done(before);
      return;
    }
    this.#checking.add(name);
    runner.preCheck((said) => {
      this.#checking.delete(name);
      // Meanwhile it may have ended, or somebody may have stopped or restarted it.
      const isSame = candidate(name).service.memory.incarnation === incarnation;
      const now = said ?? refused() ?? (isSame ? null : 'it was restarted');
      if (now === null) {
        tell({service: name, ...unaskedNews(why, text)});
        send(name, {tag: 'restart', why, text, primary: why === 'port'});
      }
      done(now);
    });
  }
}

function unaskedNews(why: UnaskedReason, text: string): Pick<News, 'level' | 'type' | 'text'> {
  switch (why) {
    case 'memory':
      return {level: 'WARNING', type: 'memory-limit', text: `${text}: restarted`};
    case 'schedule':
      return {level: 'INFO', type: 'schedule', text: `restarted by its schedule (${text})`};
    case 'port':
      return {level: 'INFO', type: 'returns-to-primary', text: `restarted: ${text}`};
  }
}
