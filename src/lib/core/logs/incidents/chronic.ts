import type {Analysis} from '../analysis.js';
import {extentOf} from './extent.js';
import type {Finding} from './finding.js';
import {whole} from './life-findings.js';
import type {Reading} from './reading.js';

/**
 * What fails from beginning to end: no rate changes, so nothing else would find it. Only where it is a good part of all
 * that is said, and where nobody ever says that it is well.
 */
export function chronicOutages(analysis: Analysis, readings: readonly Reading[], found: readonly Finding[]): Finding[] {
  const known = new Set(found.flatMap(({reading, others}) => [reading, ...others]));
  const well = new Set(
    readings.filter(({meanings}) => meanings.has('health-ok') || meanings.has('ready')).flatMap(({names}) => names),
  );
  return readings.flatMap((reading) => {
    const isKnown = known.has(reading) || reading.names.some((name) => well.has(name));
    if (isKnown || !lastsThroughout(reading, analysis)) return [];
    if (isOut(reading, analysis)) return [whole(reading, 'dependency-outage', null)];
    return isSlow(reading, analysis)
      ? [whole(reading, 'slow', `${reading.names[0] ?? 'a service'} is slow all the time`)]
      : [];
  });
}

function isOut({template, meanings, isBad}: Reading, analysis: Analysis): boolean {
  const least = meanings.has('health-failed') || meanings.has('offline') ? 0.05 : meanings.has('refused') ? 0.3 : null;
  return isBad && least !== null && template.count >= least * analysis.events;
}

const isSlow = ({template, meanings}: Reading, analysis: Analysis): boolean =>
  template.level === 'WARNING' && meanings.has('slow') && template.count >= 0.15 * analysis.events;

function lastsThroughout({template}: Reading, analysis: Analysis): boolean {
  if (template.count < 5) return false;
  const span = (analysis.to ?? 0) - (analysis.from ?? 0);
  const {first, last} = extentOf(template);
  const own = (last.time ?? 0) - (first.time ?? 0);
  return own >= 0.6 * span;
}
