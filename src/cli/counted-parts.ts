import {countOf} from '../lib/core/report/format.js';
import type {ProjectSpec} from '../lib/core/spec.js';

/** `4 services, 2 forwards` */
export function countedParts({services, portForwards}: ProjectSpec, names: readonly string[]): string {
  const count = (all: readonly {readonly name: string}[]) => all.filter(({name}) => names.includes(name)).length;
  const forwards = count(portForwards);
  const found = count(services);
  return [
    ...(found > 0 || forwards === 0 ? [countOf(found, 'service')] : []),
    ...(forwards > 0 ? [countOf(forwards, 'forward')] : []),
  ].join(', ');
}
