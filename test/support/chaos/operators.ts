import type {Ended} from '../rig.js';
import type {Scene} from './scene.js';
import {targets} from './fleet.js';

/** A busy machine and a supervisor that comes back: but not for ever. */
const limitMs = 60_000;

/** People at their terminals, and the scheduler: what they asked for, and whether they were answered decently. */
export class Operators {
  readonly #scene: Scene;
  readonly violations: string[] = [];
  /** What is wanted of a service by those who were told that it will be so. */
  readonly wishes = new Map<string, 'up' | 'down' | 'open'>(targets.map(({name}) => [name, 'open']));
  /** Commands under way for a service. */
  readonly #busy = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /**
   * Runs `erp …` and looks at its manners: an exit code of the list, no stack trace, an end.
   * @param codes allowed
   */
  async run(
    args: readonly string[],
    codes: readonly number[],
    env: Record<string, string> = {},
  ): Promise<Ended | null> {
    const from = Date.now();
    const run = this.#scene.rig.start(args, {env});
    const ended = await run.end(limitMs).catch(() => null);
    const words = `erp ${args.join(' ')}`;
    if (ended === null) {
      run.signal('SIGKILL');
      this.violations.push(`${words} did not end within ${limitMs} ms; it said: ${run.all.slice(-600)}`);
      return null;
    }
    const said = `${ended.stdout}${ended.stderr}`;
    if (/^\s+at .+:\d+:\d+\)?$/m.test(said)) this.violations.push(`${words} shows a stack trace: ${said.slice(-1500)}`);
    const code = ended.code ?? -1;
    if (!codes.includes(code) && !this.#scene.wasTroubled(from))
      this.violations.push(`${words} ended with ${ended.code ?? ended.signal}: ${said.slice(-600)}`);
    return ended;
  }

  /** A command that changes what is wanted of these services, if it goes well. */
  async wish(args: readonly string[], services: readonly string[], wish: 'up' | 'down', codes: readonly number[]) {
    for (const name of services) {
      this.#busy.set(name, (this.#busy.get(name) ?? 0) + 1);
      this.wishes.set(name, 'open');
    }
    const alone = () => services.filter((name) => this.#busy.get(name) === 1);
    const before = new Set(alone());
    const ended = await this.run(args, codes);
    for (const name of alone()) if (ended?.code === 0 && before.has(name)) this.wishes.set(name, wish);
    for (const name of services) this.#busy.set(name, (this.#busy.get(name) ?? 1) - 1);
    return ended;
  }
}

/** All that a service needs, itself too: a start brings them. */
export function neededBy(service: string): readonly string[] {
  return service === 'worker' ? ['worker', 'api', 'web'] : service === 'api' ? ['api', 'web'] : [service];
}

/** Itself and who needs it: `stop --yes` takes them. */
export function dependentsOf(service: string): readonly string[] {
  return targets.map(({name}) => name).filter((name) => neededBy(name).includes(service));
}
