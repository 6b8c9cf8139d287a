import type {Checking} from './check-report.js';
import {nearest} from './nearest.js';

/** Names that `dependsOn` and `restartWith` hold, and circles that would wait for each other for ever. */
export function checkDependencies(checks: Checking): void {
  const services = checks.services.map(([name]) => name);
  const forwards = checks.forwards.map(([name]) => name);
  const circular = {dependsOn: new Map<string, string[]>(), restartWith: new Map<string, string[]>()};
  const all = [
    ...checks.services.map(([name, service]) => ({group: 'services', name, ...pickLists(service)})),
    ...checks.forwards.map(([name, forward]) => ({group: 'portForwards', name, ...pickLists(forward)})),
  ];
  for (const {group, name, ...lists} of all) {
    for (const key of ['dependsOn', 'restartWith'] as const) {
      const value = lists[key];
      // A service may need a forward and a forward a service; one forward has no use of another.
      const names = key === 'dependsOn' && group === 'services' ? [...services, ...forwards] : services;
      const listed = value === undefined ? [] : [value].flat();
      listed.forEach((other, index) => {
        const path = [group, name, key, ...(Array.isArray(value) ? [index] : [])];
        if (other === name)
          checks.report(path, `${name} can't ${key === 'dependsOn' ? 'need' : 'restart with'} itself`);
        else if (!names.includes(other)) {
          const sentence = forwards.includes(other)
            ? `${other} is a port-forward, not a service`
            : `no service ${names.length > services.length ? 'or port-forward ' : ''}${other}`;
          checks.report(path, sentence, {
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
      const owner = all.find(({name}) => name === first);
      const value = owner?.[key];
      const index = Array.isArray(value) ? [value.indexOf(second)] : [];
      const [why, link] = words[key];
      checks.report([owner?.group ?? 'services', first, key, ...index], `${why}: ${[...circle, first].join(link)}`);
    }
  }
}

type Lists = Partial<Record<'dependsOn' | 'restartWith', string | string[]>>;
const pickLists = (from: {
  dependsOn?: string | string[] | undefined;
  restartWith?: string | string[] | undefined;
}): Lists => ({
  ...(from.dependsOn === undefined ? {} : {dependsOn: from.dependsOn}),
  ...(from.restartWith === undefined ? {} : {restartWith: from.restartWith}),
});

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
