import {formatDuration} from '../../report/format.js';
import type {Body} from './body.js';
import type {Lives} from './lives.js';
import type {Meaning} from './meanings.js';
import {textAt} from './reading.js';

/** A supervisor that gave up leaves the program down, quiet as it may be, until somebody starts it. */
export function isAbandoned({to, names, parts}: Body, lives: readonly Lives[]): boolean {
  if (!parts.some(({reading}) => reading.meanings.has('gave-up'))) return false;
  const own = lives.filter(({name}) => names.includes(name));
  const sign = own.some(({events}) =>
    events.some(({time, meanings}) => (time ?? 0) > (to ?? 0) && backAgain.some((one) => meanings.has(one))),
  );
  return !sign;
}

const backAgain: readonly Meaning[] = ['ready', 'health-ok', 'started', 'start'];

/** What said that all was well again, soon after the end; else how long it took to stop by itself. */
export function recoveryOf({from, to, names}: Body, lives: readonly Lives[]): string {
  const length = from === null || to === null ? null : to - from;
  const until = (to ?? 0) + Math.max(10 * 60_000, length ?? 0);
  const later = lives
    .filter(({name}) => names.includes(name))
    .flatMap(({events}) => events.filter(({time}) => time !== null && to !== null && time >= to && time <= until));
  for (const meanings of [['ready', 'health-ok'], ['started'], ['start']] as const) {
    const sign = later.find((event) => meanings.some((one) => event.meanings.has(one)));
    const text = sign === undefined ? '<*>' : textAt(sign.reading.template, sign.spot);
    if (!text.includes('<*>')) return text;
  }
  return length === null || length < 1000 ? 'no more of it' : `no more of it after ${formatDuration(length)}`;
}
