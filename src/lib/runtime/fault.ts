import {existsSync, writeFileSync} from 'node:fs';

/**
 * Moments at which a test may have the supervisor killed. They lie between two things that belong together:
 * `after-wanted`, `after-memory`, `after-intent`, `after-spawned` and `after-exited` right after that record of the
 * journal, `after-spawn` when the process runs and nothing says so yet.
 */
export type FaultPoint =
  | 'after-wanted'
  | 'after-memory'
  | 'after-intent'
  | 'after-spawn'
  | 'after-spawned'
  | 'after-exited';

/**
 * `ERP_FAULT=after-spawn:3,after-exited:1`: the supervisor kills itself when it passes that point for the third (first)
 * time. With `ERP_FAULT_ONCE=FILE` only while FILE is not there; it is made before. A test aid (CONTRIBUTING.md):
 * without the variable this is an empty function.
 */
export const faultPoint: (point: FaultPoint) => void = injector(process.env.ERP_FAULT, process.env.ERP_FAULT_ONCE);

function injector(plan: string | undefined, once: string | undefined): (point: FaultPoint) => void {
  if (plan === undefined || plan === '') return () => {};
  const left = new Map(
    plan.split(',').map((each) => {
      const [point = '', count = '1'] = each.split(':');
      return [point, Number(count)];
    }),
  );
  return (point) => {
    const count = (left.get(point) ?? 0) - 1;
    left.set(point, count);
    if (count !== 0) return;
    if (once !== undefined) {
      if (existsSync(once)) return;
      writeFileSync(once, `${point}\n`);
    }
    process.kill(process.pid, 'SIGKILL');
  };
}
