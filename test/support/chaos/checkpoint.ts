import type {ServiceStatus} from '../../../src/lib/core/report/status.js';
import {until} from '../rig.js';
import {targets} from './fleet.js';
import {judgeLives, judgeWishes, orphansOf} from './judge.js';
import type {Operators} from './operators.js';
import type {Scene} from './scene.js';

/** So long a fleet may take until all is well again: the longest freeze, its threshold, a start, a busy machine. */
const wellWithinMs = 45_000;
/** Within the bound, but worth a look. */
const lateMs = 5000;
const schedulerMs = 4000;
const clearWithinMs = 10_000;

/** After a storm: everything is as it is wanted, in bounded time, and nothing is left of what was. */
export async function checkpoint(scene: Scene, operators: Operators, exact: boolean): Promise<string[]> {
  const from = Date.now();
  const found = {late: '', allDown: false};
  const calm = await reached(wellWithinMs, async () => {
    const seen = (await statusOf(scene)) ?? [];
    if (found.late === '' && Date.now() - from > lateMs) found.late = unwell(scene, seen);
    found.allDown = seen.length === 0 && isAllDown(scene, operators, from);
    return found.allDown || isSettled(scene, seen);
  });
  if (found.allDown) {
    scene.note('everything is stopped, and the supervisor with it');
    return [];
  }
  const services = await statusOf(scene);
  if (services === null) return [`no status within ${wellWithinMs} ms; ${runs(scene)}`];
  if (!calm) return [`not well again within ${wellWithinMs} ms: ${unwell(scene, services)}`];
  const violations = judgeWishes(operators.wishes, services);
  if (
    !(await reached(clearWithinMs, async () => orphansOf(scene.marked(), (await statusOf(scene)) ?? []).length === 0))
  )
    violations.push(...orphansOf(scene.marked(), (await statusOf(scene)) ?? []).map((text) => `orphan: ${text}`));
  if (!(await reached(clearWithinMs, () => scene.rig.supervisors().length === 1 && scene.rig.guardians().length <= 1)))
    violations.push(`not one supervisor and one guardian: ${runs(scene)}`);
  const defect = /.*a defect of its own.*(\n {2,}.*)*/.exec(scene.rig.ownLog());
  if (defect !== null) violations.push(`defect: ${defect[0].slice(0, 2000)}`);
  for (const one of services) violations.push(...judgeLives(scene.fleet.records(one.name), one, {exact}));
  scene.note(`all well ${((Date.now() - from) / 1000).toFixed(1)} s after the last fault`);
  if (found.late !== '') scene.note(`${lateMs / 1000} s after it: ${found.late}`);
  return violations;
}

/** Everything up, for the next storm. */
export async function bringUp(scene: Scene, operators: Operators): Promise<string[]> {
  const all = targets.map(({name}) => name);
  const before = operators.violations.length;
  const start = (codes: readonly number[]) =>
    operators.wish(['start', '--detach', '--timeout', '45s'], all, 'up', codes);
  // A supervisor that is to die at a point of its code may come to it only now.
  if ((await start([0, 6]))?.code !== 0) await start([0]);
  // Somebody has to bring back the next supervisor that is killed.
  if (scene.rig.guardians().length === 0) await scene.replace(operators);
  if (!(await reached(wellWithinMs, async () => isSettled(scene, (await statusOf(scene)) ?? []))))
    return [`not all well after erp start --detach: ${runs(scene)}`];
  return operators.violations.length > before ? ['see above'] : [];
}

const isSettled = (scene: Scene, services: readonly ServiceStatus[]): boolean =>
  services.length > 0 && services.every((one) => isWell(scene, one));

/** What erp says, and what we see: an adopted process that has just died may still count as ready. */
function isWell(scene: Scene, {name, state, health, wanted, pid}: ServiceStatus): boolean {
  if (wanted === 'down') return state === 'stopped';
  return state === 'ready' && pid !== null && pid === scene.leader(name) && health !== 'unhealthy';
}

/** The last word was a stop of everything: nobody runs, and the scheduler has had its turns to bring something back. */
const isAllDown = (scene: Scene, operators: Operators, from: number): boolean =>
  Date.now() - from > schedulerMs &&
  scene.rig.processes().length === 0 &&
  [...operators.wishes.values()].every((wish) => wish !== 'up');

const unwell = (scene: Scene, services: readonly ServiceStatus[]): string =>
  services
    .filter((one) => !isWell(scene, one))
    .map(describe)
    .join('; ');

const describe = ({name, state, health, note, wanted, diagnosis}: ServiceStatus): string =>
  `${name} is ${state} (${health}), wanted ${wanted}, ${note ?? 'no note'}, ${diagnosis?.evidence.join(' ') ?? 'no diagnosis'}`;

const runs = (scene: Scene): string =>
  scene.rig
    .processes()
    .map(({pid, command}) => `${pid} ${command.slice(0, 80).replaceAll('\n', ' ')}`)
    .join('; ');

async function statusOf(scene: Scene): Promise<readonly ServiceStatus[] | null> {
  try {
    return (await scene.rig.status()).services;
  } catch {
    return null;
  }
}

async function reached(limitMs: number, condition: () => unknown): Promise<boolean> {
  return await until('', condition, limitMs).then(
    () => true,
    () => false,
  );
}
