import {setTimeout as sleep} from 'node:timers/promises';
import {bringUp, checkpoint} from './checkpoint.js';
import {perform} from './faults.js';
import {type FleetOptions, targets} from './fleet.js';
import {judgeMemory, mib} from './judge.js';
import {judgeLines} from './judge-lines.js';
import {Operators} from './operators.js';
import {type Action, actionText, type Kind, planOf, randomOf} from './plan.js';
import {Scene} from './scene.js';

export interface RunOptions extends FleetOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Ends after the round in which this is over, however many are left; null: no limit. */
  readonly limitMs: number | null;
  readonly roundMs: number;
  readonly actions: number;
  readonly kinds: readonly Kind[];
  /** So many supervisors in a row instead of rounds; null: rounds. */
  readonly supervisorKills: number | null;
  /** No line may be lost, also not to a kill of the supervisor. */
  readonly strict: boolean;
  readonly keep: boolean;
  readonly ownDisk: boolean;
  readonly say: (text: string) => void;
}

export interface RunReport {
  readonly violations: readonly string[];
  readonly folder: string;
}

/** Faults that a supervisor that lives sees as crashes: then what erp counts is exact. */
const plain: readonly Kind[] = ['kill', 'kill-twice', 'term', 'freeze', 'flood'];
const cronEveryMs = 1500;

export async function runChaos(options: RunOptions, onScene: (scene: Scene) => void): Promise<RunReport> {
  const scene = new Scene(options.ownDisk, options.say);
  onScene(scene);
  const violations: string[] = [];
  const operators = new Operators(scene);
  try {
    await scene.fleet.configure(options);
    scene.watch();
    violations.push(...(await bringUp(scene, operators)));
    const cron = new Cron(scene, operators);
    if (violations.length > 0) options.say('the fleet did not come up');
    else if (options.supervisorKills !== null)
      violations.push(...(await killSupervisors(options.supervisorKills, scene, operators, options)));
    else violations.push(...(await storms(options, scene, operators)));
    await cron.end();
    violations.push(...(await finish(options, scene, operators)));
  } catch (error) {
    violations.push(`the driver: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const left = await scene.close(violations.length === 0, options.keep || violations.length > 0);
  violations.push(...left.map((text) => `left behind: ${text}`), ...operators.violations);
  return {violations, folder: scene.rig.dir};
}

// ——— rounds ———

async function storms(options: RunOptions, scene: Scene, operators: Operators): Promise<string[]> {
  const plan = planOf({...options, targets});
  const exact = options.kinds.every((kind) => plain.includes(kind));
  for (const [index, actions] of plan.entries()) {
    options.say(`round ${index + 1}: ${actions.map(actionText).join(', ')}`);
    await storm(actions, scene, operators, options);
    const violations = [...(await checkpoint(scene, operators, exact)), ...operators.violations.splice(0)];
    options.say(`  ${scene.notes.splice(0).join('; ')}`);
    if (violations.length === 0) violations.push(...(await bringUp(scene, operators)));
    if (violations.length > 0) return [...violations, `in round ${index + 1} of seed ${options.seed}`];
    if (options.limitMs !== null && scene.elapsedMs > options.limitMs) break;
  }
  return [];
}

async function storm(actions: readonly Action[], scene: Scene, operators: Operators, {say}: RunOptions): Promise<void> {
  const from = performance.now();
  const done: Promise<void>[] = [];
  for (const action of actions) {
    await sleep(Math.max(0, from + action.atMs - performance.now()));
    done.push(perform(action, scene, operators).then((result) => say(`  ${actionText(action)}: ${result}`)));
  }
  await Promise.all(done);
}

/** As an operator's crontab does: brings back what nobody supervises any more. */
class Cron {
  #over = false;
  readonly #loop: Promise<void>;

  constructor(scene: Scene, operators: Operators) {
    this.#loop = (async () => {
      let missed = 0;
      while (!this.#over) {
        await sleep(cronEveryMs / 3);
        missed = scene.supervisor() === null ? missed + 1 : 0;
        if (missed < 3) continue;
        missed = 0;
        await operators.run(['start', '--ensure'], [0, 4, 5, 6, 9]);
      }
    })();
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#loop;
  }
}

// ——— supervisors in a row ———

/** Each kill is one adoption of each service: same processes, no restart, no line twice. */
async function killSupervisors(
  kills: number,
  scene: Scene,
  operators: Operators,
  {seed, say}: RunOptions,
): Promise<string[]> {
  const random = randomOf(seed);
  const pids = () =>
    scene.rig.status().then(({services}) => services.map(({name, pid}) => `${name} ${pid}`).join(', '));
  const before = await pids();
  const took: number[] = [];
  for (let n = 1; n <= kills; n += 1) {
    const former = scene.supervisor();
    scene.killSupervisor();
    const from = performance.now();
    const since = scene.adoptions();
    while (scene.adoptions() < since + targets.length || scene.supervisor() === former) {
      await sleep(10);
      if (performance.now() - from > 30_000) return [`kill ${n} of ${kills}: nobody has taken over within 30 s`];
    }
    took.push(performance.now() - from);
    if (scene.adoptions() !== since + targets.length)
      return [`kill ${n}: ${scene.adoptions() - since} adoptions of ${targets.length} services`];
    if (n % 20 === 0) say(`${n} kills, ${scene.adoptions()} adoptions`);
    await sleep(random() * 150);
  }
  took.sort((a, b) => a - b);
  say(
    `${kills} kills, ${scene.adoptions()} adoptions of ${targets.length} services; taken over after ${took[took.length >> 1]?.toFixed(0)} ms (half), ${took.at(-1)?.toFixed(0)} ms (slowest)`,
  );
  const violations = await checkpoint(scene, operators, true);
  say(`  ${scene.notes.splice(0).join('; ')}`);
  const after = await pids();
  if (after !== before) violations.push(`were ${before}, are ${after}`);
  return violations;
}

// ——— the end ———

async function finish({say, strict}: RunOptions, scene: Scene, operators: Operators): Promise<string[]> {
  const violations: string[] = [];
  const stopped = await operators.run(['stop', '--timeout', '45s'], [0]);
  if (stopped?.code !== 0) return ['erp stop did not stop everything'];
  await scene.rig.nothingLeft().catch((error: unknown) => violations.push(`after erp stop: ${String(error)}`));
  for (const target of targets) {
    const {name} = target;
    const verdict = judgeLines(name, scene.fleet.lives(target), scene.fleet.entries(name), {
      kills: scene.allKills(),
      full: scene.full,
      removed: new RegExp(`the old log \\S*/${name}-\\S+ \\(.*was removed`).test(scene.rig.ownLog()),
    });
    violations.push(...verdict.violations);
    for (const {why, lines, text} of verdict.losses) {
      say(`  lost (${why}): ${lines} lines, ${text}`);
      if (strict && why.startsWith('supervisor killed')) violations.push(`lost: ${lines} lines, ${text}`);
    }
    const lost = (words: string) =>
      verdict.losses.filter(({why}) => why.startsWith(words)).reduce((sum, {lines}) => sum + lines, 0);
    say(
      `${name}: ${scene.fleet.records(name).filter(({t}) => t === 'start').length} lives, ${verdict.lines} lines; lost to kills of the supervisor ${lost('supervisor killed')}, to a full disk ${lost('disk full') + lost('old log')}`,
    );
  }
  violations.push(...judgeMemory(scene.memory));
  const sizes = scene.memory.map(({rssBytes}) => rssBytes).sort((a, b) => a - b);
  say(
    `supervisors killed: ${scene.allKills().length}; memory of the supervisor: ${mib(sizes[0] ?? 0)} to ${mib(sizes.at(-1) ?? 0)} MiB, half of ${sizes.length} samples below ${mib(sizes[sizes.length >> 1] ?? 0)}`,
  );
  return violations;
}
