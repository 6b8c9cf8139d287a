import fc from '../property.js';
import type {ProbeSpec, ProjectSpec, ServicePolicy, ServiceSpec} from '../../../src/lib/core/spec.js';
import {type Habit, wellBehaved} from './habits.js';
import {Rig} from './rig.js';
import type {DeathPlan} from './sim-world.js';
import {httpProbe, project, quickPolicy, service} from './specs.js';

/** One service of a history, as small numbers, so that a failure shrinks to the plainest form. */
interface Plan {
  readonly kind: 'service' | 'job' | 'external';
  /** One bit for each service before it. */
  readonly needs: number;
  readonly restartWith: number;
  /** One bit for each service whose port stands in its environment. */
  readonly names: number;
  readonly onPortChange: 'restart' | 'ignore';
  readonly isPublic: boolean;
  readonly returns: boolean;
  readonly asked: (typeof askings)[number];
  readonly ports: (typeof portPlans)[number];
  readonly policy: Partial<ServicePolicy>;
  readonly hook: boolean;
  /** A preCheck says no to every other restart. */
  readonly checked: boolean;
  readonly schedule: string | null;
  readonly file: boolean;
  readonly ifRunning: 'fail' | 'use' | 'move';
  readonly habits: readonly Habit[];
}

const portPlans = ['fixed', 'own', 'shared', 'neighbour', 'mixed', 'any', 'all'] as const;
const askings = ['both', 'tcp', 'none', 'log', 'separate', 'counted', 'command', 'late'] as const;

export interface Action {
  readonly act: (typeof acts)[number];
  readonly who: number;
  readonly how: number;
  readonly then: number;
}

const acts = [
  'nothing',
  'start',
  'stop',
  'stop-now',
  'restart',
  'start-all',
  'stop-all',
  'kill',
  'segv',
  'hang',
  '503',
  'freeze',
  'thief',
  'thief-goes',
  'race',
  'gap',
  'die',
  'die-in',
  'revive',
  'outside',
  'file',
  'reuse-pids',
  'escapee-term',
  'reboot',
  'disk-full',
  'disk-room',
  'memory',
  'die-again',
  'damage',
  'kill-guardian',
  'to-primary',
  'clients',
] as const;

const pauses = [0, 1, 40, 260, 900, 1500, 3100, 6500] as const;
const gapKinds = ['sleep', 'wall', 'starved'] as const;
const gapLengths = [1000, 1900, 2500, 8000, 60_000, 3_600_000, 28_800_000, 259_200_000] as const;
const deaths: readonly DeathPlan['at'][] = ['spawn', 'append', 'after-append', 'torn', 'effect'];

const starts: readonly Partial<Habit>[] = [
  {},
  {listens: 0, ready: 0},
  {listens: 50, ready: 900},
  {listens: 3000, ready: 3000},
  {ready: 5500, early: 'silent', saysReady: 5500},
  {ready: 5950, listens: 5950, saysReady: 5950},
  {ready: 8000, early: '503', saysReady: 8000},
  {ready: 9000, early: 'silent', saysReady: 9000},
  {ready: 30_000, early: '503', saysReady: null},
  {listens: null, saysReady: null},
];
const ends: readonly Habit['ends'][] = [
  null,
  null,
  null,
  {at: 5, code: 1, signal: null, lines: ['Error: boom']},
  {at: 300, code: 1, signal: null, lines: []},
  {at: 700, code: 0, signal: null, lines: ['bye']},
  {at: 2500, code: null, signal: 'SIGSEGV', lines: []},
  {at: 6000, code: 3, signal: null, lines: ['connect ECONNREFUSED 127.0.0.1:8001']},
  {at: 400, code: 1, signal: null, lines: ['bind /tmp/x.sock: address already in use']},
  {at: 600, code: 1, signal: null, lines: ['OSError: [Errno 28] No space left on device']},
];
const troubles: readonly Habit['trouble'][] = [
  [],
  [],
  [],
  [{at: 2000, ms: 1500, what: 'hang'}],
  [{at: 2000, ms: 2600, what: 'hang'}],
  [{at: 3000, ms: 1e9, what: 'hang'}],
  [{at: 1500, ms: 20_000, what: '503'}],
  [{at: 2500, ms: 1e9, what: 'frozen'}],
  [{at: 1000, ms: 3000, what: 'slow'}],
  [{at: 1000, ms: 3000, what: 'degraded'}],
];

/** Why an early end came, where its output tells: by something that says nothing else about that life. */
const reasons: Readonly<Record<number, string>> = {
  5: 'cannot: missing-module fastapi /srv/fastapi',
  400: 'needs: 8001',
  1900: 'cannot: missing-env-var DATABASE_URL',
};

function worded({ends: end, termMs}: Pick<Habit, 'ends' | 'termMs'>): Habit['ends'] {
  const reason = reasons[termMs];
  return end === null || end.at > 300 || reason === undefined ? end : {...end, lines: [...end.lines, reason]};
}

const habitOf: fc.Arbitrary<Habit> = fc
  .record({
    start: fc.constantFrom(...starts),
    ends: fc.constantFrom(...ends),
    trouble: fc.constantFrom(...troubles),
    term: fc.constantFrom<Habit['term']>(...Array<'dies'>(12).fill('dies'), 'ignores', 'ignores', 'unkillable'),
    termMs: fc.constantFrom(0, 5, 400, 1900),
    leaves: fc.constantFrom<Habit['leaves']>('nothing', 'nothing', 'nothing', 'member', 'escapee'),
    leftIgnoresTerm: fc.boolean(),
    spawn: fc.constantFrom<Habit['spawn']>(...Array<'ok'>(20).fill('ok'), 'EAGAIN', 'ENOENT'),
    whenPortTaken: fc.constantFrom<Habit['whenPortTaken']>('exits', 'exits', 'stays'),
  })
  .map(({start, ...rest}) => ({...wellBehaved, ...rest, ...start, ends: worded(rest)}));

const policyOf: fc.Arbitrary<Partial<ServicePolicy>> = fc
  .tuple(
    fc.constantFrom<Partial<ServicePolicy>>(
      {},
      {},
      {},
      {afterBudget: {then: 'fail'}},
      {restart: 'on-failure'},
      {restart: 'no'},
      {giveUpAfterMs: 8000},
      {giveUpAfterMs: 0},
      {unhealthyForMs: 2500},
    ),
    fc.integer({min: 0, max: 4}),
  )
  .map(([differs, maxRestarts]) => ({...differs, maxRestarts}));

const planOf: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constantFrom<Plan['kind']>('service', 'service', 'service', 'service', 'job', 'external'),
  needs: fc.nat(7),
  restartWith: fc.constantFrom(0, 0, 0, 1, 2),
  names: fc.constantFrom(0, 0, 1, 2, 5, 15),
  onPortChange: fc.constantFrom<Plan['onPortChange']>('restart', 'restart', 'restart', 'ignore'),
  isPublic: fc.boolean(),
  returns: fc.constantFrom(false, false, true),
  asked: fc.constantFrom('both', 'both', 'both', ...askings),
  ports: fc.constantFrom('fixed', 'fixed', 'own', 'own', ...portPlans),
  policy: policyOf,
  hook: fc.constantFrom(false, false, true),
  checked: fc.constantFrom(false, false, false, true),
  schedule: fc.constantFrom(null, null, null, '* * * * *', '*/2 * * * *'),
  file: fc.constantFrom(false, false, true),
  ifRunning: fc.constantFrom<Plan['ifRunning']>('fail', 'move', 'use'),
  habits: fc.array(habitOf, {minLength: 1, maxLength: 4}),
});

const actionOf = (from: readonly Action['act'][]): fc.Arbitrary<Action> =>
  fc.record({act: fc.constantFrom(...from), who: fc.nat(3), how: fc.nat(7), then: fc.nat(7)});

export interface History {
  readonly seed: number;
  /** A guardian brings the next supervisor. */
  readonly guarded: boolean;
  readonly plans: readonly Plan[];
  readonly actions: readonly Action[];
}

export const historyOf: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(1 << 30),
  guarded: fc.boolean(),
  plans: fc.array(planOf, {minLength: 1, maxLength: 4}),
  actions: fc.array(actionOf(acts), {maxLength: 14}),
});

/** Few services and a supervisor that dies all the time. */
export const deathlyHistoryOf: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(1 << 30),
  guarded: fc.boolean(),
  plans: fc.array(planOf, {minLength: 1, maxLength: 2}),
  actions: fc.array(
    actionOf([
      'die',
      'die-in',
      'die-in',
      'die-in',
      'die-again',
      'damage',
      'kill-guardian',
      'reboot',
      'revive',
      'revive',
      'kill',
      'stop',
      'start-all',
      'gap',
      'reuse-pids',
    ]),
    {maxLength: 14},
  ),
});

const shared = 8900;
const primary = (index: number): number => 8000 + 10 * index;

function probesOf(asked: Plan['asked']): readonly ProbeSpec[] {
  const http = {timeoutMs: 800};
  const tcp = {type: 'tcp', host: '127.0.0.1', port: '{port}'} as const;
  switch (asked) {
    case 'both':
      return [httpProbe(http)];
    case 'tcp':
      return [httpProbe({...http, check: tcp})];
    case 'none':
    case 'log':
      return [];
    case 'separate':
      return [
        httpProbe({...http, purposes: ['readiness'], successThreshold: 2}),
        httpProbe({...http, purposes: ['liveness']}),
      ];
    case 'counted':
      return [
        httpProbe({...http, purposes: ['readiness']}),
        httpProbe({...http, purposes: ['liveness'], failureThreshold: 3}),
      ];
    case 'command':
      return [httpProbe({...http, check: {type: 'command', command: {argv: ['check']}}})];
    case 'late':
      return [httpProbe({...http, initialDelayMs: 700, periodMs: 2000, successThreshold: 3})];
  }
}

/** Alternatives that several want, and some that are the primary of the next one. */
function portsOf({kind, ports}: Plan, port: number): {alternatives: readonly number[]; any: boolean} {
  const none = {alternatives: [], any: false};
  if (kind === 'external') return none;
  switch (ports) {
    case 'fixed':
      return none;
    case 'own':
      return {alternatives: [port + 1, port + 2], any: false};
    case 'shared':
      return {alternatives: [shared, shared + 1], any: false};
    case 'neighbour':
      return {alternatives: [port + 10], any: false};
    case 'mixed':
      return {alternatives: [port + 10, shared], any: false};
    case 'any':
      return {alternatives: [], any: true};
    case 'all':
      return {alternatives: [port + 10, port + 1], any: true};
  }
}

function specOf(plan: Plan, index: number, plans: readonly Plan[]): ServiceSpec {
  const name = `s${index}`;
  const port = primary(index);
  const probes =
    plan.kind === 'job'
      ? []
      : probesOf(plan.kind === 'external' && (plan.asked === 'log' || plan.asked === 'command') ? 'both' : plan.asked);
  const bits = (mask: number): string[] =>
    Array.from({length: index}, (_, i) => i).flatMap((i) => ((mask >> i) & 1 ? [`s${i}`] : []));
  const base = service(name, plan.kind === 'job' ? null : port, {}, quickPolicy);
  const named = plans.flatMap(({kind}, i) =>
    i !== index && (plan.names >> i) & 1 && kind !== 'job' ? [[`PORT_s${i}`, `{services.s${i}.port}`]] : [],
  );
  return {
    ...base,
    env: Object.fromEntries(named) as Record<string, string>,
    isPublic: plan.isPublic,
    kind: plan.kind,
    command: plan.kind === 'external' ? null : base.command,
    probes,
    readyLog: plan.asked === 'log' && plan.kind === 'service' ? 'ready to accept' : null,
    dependsOn: bits(plan.needs).map((other) => ({name: other})),
    restartWith: bits(plan.needs & plan.restartWith),
    policy: {
      ...quickPolicy,
      ...(plan.kind === 'job' ? {restart: 'no' as const} : {}),
      onPortChange: plan.onPortChange,
      returnToPrimary: plan.returns ? 'idle' : 'never',
      returnAfterMs: 5000,
      ...plan.policy,
    },
    port: base.port && {
      ...base.port,
      ...portsOf(plan, port),
      ifRunning: plan.ifRunning,
    },
    schedule: plan.kind === 'service' && plan.schedule !== null ? {expression: plan.schedule, timezone: null} : null,
    hooks: {
      ...base.hooks,
      preStart: plan.hook ? {argv: ['migrate']} : null,
      preCheck: plan.checked ? {argv: ['check']} : null,
    },
    hookTimeoutMs: 5000,
    requiredFiles: plan.file ? [`/project/${name}.env`] : [],
  };
}

export function specsOf(plans: readonly Plan[]): ProjectSpec {
  return project(plans.map((plan, index) => specOf(plan, index, plans)));
}

/** Lives through one history and checks the rules after each step, at the end also that everything ends well. */
export function live(history: History, keepsLog = false): Rig {
  const {seed, guarded, plans, actions} = history;
  const spec = specsOf(plans);
  const rig = new Rig(
    spec,
    Object.fromEntries(plans.map((plan, i) => [`s${i}`, jobHabits(plan)])),
    seed,
    (seed & 1) === 1,
  );
  const {world} = rig;
  world.keepsLog = keepsLog;
  world.scanMs = [1, 3, 40, 300][seed % 4] ?? 3;
  plans.forEach((plan, i) => {
    if (plan.kind === 'external') world.stranger(primary(i), {}, 'outside');
    world.hooks.set(`s${i} preCheck`, {ms: 200, code: seed % 2});
    world.hooks.set(
      `s${i} preStart`,
      [
        {ms: 10, code: 0},
        {ms: 300, code: 0},
        {ms: 50, code: 1},
        {ms: 9000, code: 0},
      ][(seed >> 3) % 4] ?? {ms: 10, code: 0},
    );
  });
  if (guarded) rig.guard();
  try {
    rig.start();
    rig.check();
    for (const action of actions) {
      apply(rig, spec, action);
      rig.advance(pauses[action.then] ?? 0);
      rig.check();
    }
    heal(rig, spec);
    endWell(rig, spec);
  } catch (error) {
    if (keepsLog && error instanceof Error) error.message = `${error.message}\n\n${world.log.join('\n')}`;
    throw error;
  }
  return rig;
}

/** A job that never ends is no job. */
function jobHabits(plan: Plan): readonly Habit[] {
  if (plan.kind !== 'job') return plan.habits;
  return plan.habits.map((habit) => ({
    ...habit,
    ends: habit.ends ?? {at: 200, code: 0, signal: null, lines: []},
    trouble: [],
  }));
}

function apply(rig: Rig, spec: ProjectSpec, {act, who, how}: Action): void {
  const {world} = rig;
  const target = spec.services[who % spec.services.length] as ServiceSpec;
  const {name} = target;
  world.say(`— ${act} ${name} ${how}`);
  const leader = world.leaderOf(name);
  const port = (target.port?.primary ?? 8000) + (how & 1);
  if (!rig.alive && act !== 'revive' && operators.has(act)) return;
  switch (act) {
    case 'nothing':
      break;
    case 'start':
      rig.start([name]);
      break;
    case 'stop':
      rig.stop([name]);
      break;
    case 'stop-now':
      rig.stop([name], true);
      break;
    case 'restart':
      rig.restart([name]);
      break;
    case 'start-all':
      rig.start();
      break;
    case 'stop-all':
      rig.stop(undefined, how === 0);
      break;
    case 'kill':
      if (leader !== null && leader.habit.term !== 'unkillable') world.end(leader, {code: null, signal: 'SIGKILL'});
      break;
    case 'segv':
      if (leader !== null && leader.habit.term !== 'unkillable') world.end(leader, {code: null, signal: 'SIGSEGV'});
      break;
    case 'hang':
      if (leader !== null)
        world.trouble(leader, how < 6 ? 'hang' : 'slow', [300, 1000, 1900, 2800, 3500, 1e9, 2000, 6000][how] ?? 0);
      break;
    case '503':
      if (leader !== null)
        world.trouble(leader, how < 6 ? '503' : 'degraded', [300, 1000, 5000, 9000, 30_000, 1e9, 2000, 6000][how] ?? 0);
      break;
    case 'freeze':
      if (leader !== null) world.trouble(leader, 'frozen', 0);
      break;
    case 'thief':
      if (how > 5) world.invisible.add(port);
      world.stranger(who === 3 ? shared + (how & 1) : port, how % 3 === 2 ? {trouble: [], word: 'unhealthy'} : {});
      break;
    case 'race':
      world.racers = how;
      break;
    case 'thief-goes':
      strangersGo(rig);
      break;
    case 'gap':
      rig.gap(gapLengths[how] ?? 0, gapKinds[who % 3] ?? 'sleep');
      break;
    case 'die':
      rig.die();
      break;
    case 'die-in':
      world.death = deathOf(who, how);
      break;
    case 'die-again':
      rig.deathLoop = {plan: deathOf(who, how), left: how};
      rig.die();
      break;
    case 'damage':
      rig.damage(name, (['tail', 'tail', 'middle', 'all'] as const)[how % 4] ?? 'tail');
      break;
    case 'kill-guardian':
      rig.killGuardian();
      break;
    case 'revive':
      if (!rig.alive) rig.revive();
      break;
    case 'outside':
      outside(rig, spec, how % 2 === 0);
      break;
    case 'file':
      world.files(`/project/${name}.env`, how % 2 === 0);
      break;
    case 'disk-full':
    case 'disk-room':
      world.diskFull = act === 'disk-full';
      break;
    case 'reuse-pids':
      world.bystanders(how);
      break;
    case 'escapee-term':
      for (const process of [...world.processes.values()])
        if (process.role === 'escapee') world.end(process, {code: 0, signal: null});
      break;
    case 'memory':
      if (rig.alive && target.kind === 'service') rig.restartForMemory(name);
      break;
    case 'to-primary':
      if (rig.alive) rig.restart([name], true);
      break;
    case 'clients':
      for (const each of target.port?.alternatives ?? []) world.connected.set(each, how % 2);
      break;
    case 'reboot':
      if (how > 1) break;
      world.reboot();
      rig.revive();
      break;
  }
}

const operators: ReadonlySet<Action['act']> = new Set([
  'start',
  'stop',
  'stop-now',
  'restart',
  'start-all',
  'stop-all',
]);

/** Half of them between any two calls, the others at the places where most depends on it. */
function deathOf(who: number, how: number): DeathPlan {
  if (how >= 4) return {at: 'effect', calls: 1 + who + 4 * (how - 4)};
  return {at: deaths[who] ?? 'spawn', calls: 1 + (how % 3)};
}

function strangersGo(rig: Rig): void {
  rig.world.invisible.clear();
  for (const process of [...rig.world.processes.values()])
    if (process.role === 'stranger') rig.world.end(process, {code: 0, signal: null});
}

function outside(rig: Rig, spec: ProjectSpec, up: boolean): void {
  for (const {kind, port} of spec.services) {
    if (kind !== 'external' || port === null) continue;
    if (up) rig.world.stranger(port.primary, {}, 'outside');
    else
      for (const process of [...rig.world.processes.values()])
        if (process.role === 'outside' && process.port === port.primary)
          rig.world.end(process, {code: 0, signal: null});
  }
}

/** From here on the world is kind: what can come back has to. */
function heal(rig: Rig, spec: ProjectSpec): void {
  const {world} = rig;
  world.death = null;
  world.racers = 0;
  rig.deathLoop = null;
  world.connected.clear();
  strangersGo(rig);
  outside(rig, spec, true);
  for (const {name} of spec.services) {
    world.files(`/project/${name}.env`, true);
    world.diskFull = false;
    world.hooks.set(`${name} preStart`, {ms: 10, code: 0});
    const job = spec.services.find((one) => one.name === name)?.kind === 'job';
    world.habits.set(name, [{...wellBehaved, ends: job ? {at: 200, code: 0, signal: null, lines: []} : null}]);
  }
  if (!rig.alive) rig.revive();
  rig.check();
  const names = spec.services.map(({name}) => name);
  const calm = (): boolean => names.every((name) => rig.settled(name) && rig.followed(name));
  if (!world.advanceUntil(calm, 120_000))
    throw new Error(
      `nobody comes back:\n${names.map((name) => `${name}: ${JSON.stringify(rig.service(name).state)}`).join('\n')}`,
    );
  rig.check();
}

function endWell(rig: Rig, spec: ProjectSpec): void {
  rig.end();
  // Grace, ten seconds of patience with the kernel, ten with the search: for each in a row.
  const limit = spec.services.length * (quickPolicy.stopGraceMs + 10_000 + 10_000) + 1000;
  if (!rig.world.advanceUntil(() => rig.outcome !== null, limit))
    throw new Error(
      `the stop does not end:\n${spec.services.map(({name}) => `${name}: ${JSON.stringify(rig.service(name))}`).join('\n')}`,
    );
  rig.check();
  for (const process of rig.world.processes.values()) {
    if (process.role !== 'leader' && process.role !== 'member' && process.role !== 'escapee') continue;
    if (process.habit.term === 'unkillable') continue;
    throw new Error(`${process.service}: ${process.role} ${process.pid} lives after everything was stopped`);
  }
}
