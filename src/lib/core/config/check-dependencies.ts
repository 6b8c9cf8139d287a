import type {Checking} from './check-report.js';
import {nearest} from './nearest.js';

/** Names that `dependsOn` and `restartWith` hold, and circles that would wait for each other for ever. */
export function checkDependencies(checks: Checking): void {
  const names = checks.services.map(([name]) => name);
  const circular = {dependsOn: new Map<string, string[]>(), restartWith: new Map<string, string[]>()};
  for (const [name, service] of checks.services) {
    for (const key of ['dependsOn', 'restartWith'] as const) {
      const value = service[key];
      const listed = value === undefined ? [] : [value].flat();
      listed.forEach((other, index) => {
        const path = ['services', name, key, ...(Array.isArray(value) ? [index] : [])];
        if (other === name)
          checks.report(path, `${name} can't ${key === 'dependsOn' ? 'need' : 'restart with'} itself`);
        else if (!names.includes(other)) {
          const forward = Object.hasOwn(checks.config.portForwards ?? {}, other);
          checks.report(path, forward ? `${other} is a port-forward, not a service` : `no service ${other}`, {
            nearest: nearest(other, names),
            allowed: names.filter((candidate) => candidate !== name).join(', ') || 'no other service is defined',
          });
        } else if (listed.indexOf(other) !== index) checks.report(path, `${other} is listed twice`);
      });
      circular[key].set(
        name,
        listed.filter((other) => other !== name && names.includes(other)),
      );
    }
  }
  const words = {
    dependsOn: ['a circle, nobody could start first', ' needs '],
    restartWith: ['a circle, they would restart each other for ever', ' restarts with '],
  } as const;
  for (const key of ['dependsOn', 'restartWith'] as const) {
    for (const circle of circles(circular[key])) {
      const [first = '', second = ''] = circle;
      const value = checks.config.services?.[first]?.[key];
      const index = Array.isArray(value) ? [value.indexOf(second)] : [];
      const [why, link] = words[key];
      checks.report(['services', first, key, ...index], `${why}: ${[...circle, first].join(link)}`);
    }
  }
}

/** Each circle once, beginning with the service that is named first in the file. */
function circles(needs: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]) => {
    const at = way.indexOf(name);
    if (at !== -1) {
      found.push(way.slice(at));
      return;
    }
    if (done.has(name)) return;
    for (const other of needs.get(name) ?? []) visit(other, [...way, name]);
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
  return found;
}
