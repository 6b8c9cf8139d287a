import {until} from '../rig.js';
import type {FaultCase, QuietCase, Scene} from './fault-table.js';
import type {Wish} from './subject.js';

export interface Recovery {
  /** Worst of the forwards that were hit; null: one of them never came. */
  readonly ms: number | null;
  readonly byForward: Readonly<Record<string, number | null>>;
  /** Port-forward connections that the cluster was asked for, from the begin of the fault. */
  readonly sessions: number;
}

export interface MeasureOptions {
  /** Whether clients ask all the time while the fault lasts. */
  readonly hasTraffic: boolean;
  /** Given up after so long, from the end of the fault. */
  readonly patienceMs: number;
}

const askEveryMs = 50;
/** As a person's browser: it waits, and asks again elsewhere. */
const askTimeoutMs = 500;
const trafficEveryMs = 250;
const trafficTimeoutMs = 1000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that is wished for answers; then the fault comes, lasts, ends, and time is taken. */
export async function recoveryOf(scene: Scene, each: FaultCase, options: MeasureOptions): Promise<Recovery> {
  const names = each.hit ?? Object.keys(scene.subject.wishes);
  await allGood(scene);
  const since = Date.now();
  const traffic = options.hasTraffic ? new Traffic(scene, names) : null;
  try {
    await each.begin(scene);
    await pause(each.holdMs ?? 0);
    await each.end?.(scene);
    const endedAt = performance.now();
    traffic?.hush();
    const times = await Promise.all(names.map((name) => firstAnswer(scene, name, endedAt, options)));
    const byForward = Object.fromEntries(names.map((name, index) => [name, times[index] ?? null]));
    const known = times.filter((time) => time !== null);
    const ms = known.length === times.length ? Math.max(...known) : null;
    return {ms, byForward, sessions: await sessionsSince(scene, since)};
  } finally {
    await traffic?.stop();
    for (const close of scene.closers.splice(0)) close();
  }
}

/** @returns how many port-forward connections were asked for while nothing was wrong with any */
export async function needlessSessions(scene: Scene, each: QuietCase): Promise<number> {
  await allGood(scene);
  const since = Date.now();
  await each.begin(scene);
  await pause(each.holdMs);
  await each.end(scene);
  await allGood(scene);
  return await sessionsSince(scene, since);
}

export async function sessionsSince({cluster}: Scene, since: number): Promise<number> {
  return (await cluster.requests(since)).filter(({upgrade}) => upgrade !== null).length;
}

export async function allGood(scene: Scene, limitMs = 60_000): Promise<void> {
  const {subject} = scene;
  const bad = new Set(Object.keys(subject.wishes));
  await until(
    'every forward answers',
    async () => {
      for (const name of bad) if (await isGood(scene, name)) bad.delete(name);
      return bad.size === 0;
    },
    limitMs,
    () => `not: ${[...bad].join(', ')}`,
  );
}

async function isGood({ground, subject}: Scene, name: string): Promise<boolean> {
  const port = await subject.port(name);
  if (port === null) return false;
  const {isGood: isAnswered, app} = await ground.probe(port, {timeoutMs: askTimeoutMs});
  return isAnswered && app === subject.wishes[name]?.app;
}

/** Milliseconds from `since`; null: not within the patience. */
async function firstAnswer(
  scene: Scene,
  name: string,
  since: number,
  {hasTraffic, patienceMs}: MeasureOptions,
): Promise<number | null> {
  const passed = (): number => performance.now() - since;
  // Where nobody asks, nobody helps: a client's connection is what makes kubectl notice that its pod has gone.
  if (!hasTraffic) while (passed() < patienceMs && !(await hasLivingSession(scene, name))) await pause(askEveryMs);
  while (passed() < patienceMs) {
    if (await isGood(scene, name)) return Math.round(passed());
    await pause(askEveryMs);
  }
  return null;
}

/** Whether the cluster has a connection of this forward to a pod that is there. */
async function hasLivingSession({cluster, subject}: Scene, name: string): Promise<boolean> {
  const {forwards} = await cluster.view();
  const wish = subject.wishes[name];
  return forwards.some(
    ({namespace, pod, isPodGone, isStranded}) =>
      !isPodGone && !isStranded && wish !== undefined && belongs(wish, `${namespace}/${pod}`),
  );
}

const belongs = ({app}: Wish, pod: string): boolean => pod.startsWith(`${app}-`);

/** Clients that ask all the time, each a connection of its own. */
class Traffic {
  readonly #timer: NodeJS.Timeout;
  readonly #asked = new Set<Promise<unknown>>();

  constructor({ground, subject}: Scene, names: readonly string[]) {
    const ask = async (name: string): Promise<void> => {
      const port = await subject.port(name);
      if (port !== null) await ground.probe(port, {timeoutMs: trafficTimeoutMs});
    };
    this.#timer = setInterval(() => {
      for (const name of names) {
        const asked = ask(name).finally(() => this.#asked.delete(asked));
        this.#asked.add(asked);
      }
    }, trafficEveryMs);
  }

  /** Nobody asks any more; who waits for an answer waits on. */
  hush(): void {
    clearInterval(this.#timer);
  }

  async stop(): Promise<void> {
    this.hush();
    await Promise.all(this.#asked);
  }
}
