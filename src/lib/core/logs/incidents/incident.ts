import type {Analysis, Spot} from '../analysis.js';
import type {Incident, IncidentKind} from '../report.js';
import type {Part} from './body.js';
import {causeOf, evidenceOf} from './cause.js';
import {extentOf} from './extent.js';
import {type Finding, kindOf} from './finding.js';
import type {Lives} from './lives.js';
import {nextStep} from './next-step.js';
import {isAbandoned, recoveryOf} from './recovery.js';
import {textAt} from './reading.js';
import {titleOf} from './titles.js';

/** Findings that are one trouble, as one incident. */
export function incidentOf(group: readonly Finding[], analysis: Analysis, lives: readonly Lives[]): Incident {
  const parts = rankedParts(group);
  const kind = kindOfGroup(group, parts);
  const lead = leadOf(group, kind);
  const from = begin(group, analysis.bucketMs);
  const to = end(group);
  const first = firstSign(group, from, parts);
  const last = lastSign(group, to);
  const shown = evidenceOf(parts, from, to);
  const evidence = shown.length > 0 ? shown : [first];
  const spells = lead.spells;
  const names = namesOf(group);
  const body = {kind, from, to, first, evidence, parts, names, group, lead};
  const isQuiet = to !== null && analysis.to !== null && to < analysis.to - quietMs(from, to, parts);
  const isOver = isQuiet && !isAbandoned(body, lives);
  const diagnosis = causeOf(body, analysis);
  return {
    kind,
    title: titleOf(body),
    from,
    to,
    isOver,
    first,
    end: last === null ? null : {spot: last, text: textOf(last, group)},
    templates: parts.map(({reading: {template}, count, usual}) => ({
      id: template.id,
      text: template.text,
      count,
      usual,
    })),
    evidence,
    diagnosis,
    recovery: isOver ? recoveryOf(body, lives) : null,
    next: diagnosis?.remedy ?? nextStep(body),
    ...(spells === undefined || spells.length === 0 ? {} : {spells}),
  };
}

/** Quiet for this long means that it is over. */
function quietMs(from: number | null, to: number | null, parts: readonly Part[]): number {
  const length = (to ?? 0) - (from ?? 0);
  const pause = length / Math.max(1, ...parts.map(({count}) => count));
  return Math.max(4 * pause, Math.min(10 * 60_000, Math.max(120_000, 0.2 * length)));
}

/** The telling ones first; among equals what had never been seen before, then what came first. */
function rankedParts(group: readonly Finding[]): Part[] {
  const parts = new Map<string, Part>();
  for (const {reading, count, usual, from, evidence} of group) {
    if (reading === null) continue;
    const before = parts.get(reading.template.id);
    const merged = {
      reading,
      count: (before?.count ?? 0) + count,
      usual: (before?.usual ?? 0) + usual,
      from: before?.from == null ? from : Math.min(before.from, from ?? before.from),
      evidence: Math.max(before?.evidence ?? 0, evidence),
    };
    // A life's finding counts the life's events, of several templates.
    parts.set(reading.template.id, {...merged, count: Math.min(merged.count, reading.template.count)});
  }
  for (const reading of group.flatMap(({others}) => others)) {
    if (parts.has(reading.template.id)) continue;
    parts.set(reading.template.id, {
      reading,
      count: reading.template.count,
      usual: 0,
      from: extentOf(reading.template).first.time,
      evidence: 0,
    });
  }
  const onset = (part: Part) => Math.floor((part.from ?? 0) / 120_000);
  return [...parts.values()].sort(
    (a, b) =>
      b.reading.telling - a.reading.telling ||
      noveltyOf(b) - noveltyOf(a) ||
      Number(b.evidence > 0) - Number(a.evidence > 0) ||
      onset(a) - onset(b) ||
      b.count - a.count,
  );
}

/** 2: new, 1: rare before. */
const noveltyOf = ({count, usual}: Part) => (usual <= 0.005 * count ? 2 : usual <= 0.1 * count ? 1 : 0);

const urgency: readonly IncidentKind[] = [
  'never-healthy',
  'port-conflict',
  'memory-growth',
  'restart-loop',
  'dependency-outage',
  'hang',
  'crash',
  'errors',
  'slow',
];

/** The kind of what tells most: a new exception tells more than the requests that fail of it. */
function kindOfGroup(group: readonly Finding[], parts: readonly Part[]): IncidentKind {
  const kinds = new Set(group.filter(({isSeed}) => isSeed).map(({kind}) => kind));
  for (const kind of ['never-healthy', 'port-conflict', 'memory-growth', 'restart-loop'] as const) {
    if (kinds.has(kind)) return kind;
  }
  const lead = parts.find(({reading, evidence}) => reading.isBad && evidence > 0);
  const leading = lead === undefined ? null : kindOf(lead.reading);
  if (leading !== null && kinds.has(leading)) return leading;
  return urgency.find((kind) => kinds.has(kind)) ?? 'errors';
}

function leadOf(group: readonly Finding[], kind: IncidentKind): Finding {
  const same = group.filter((finding) => finding.kind === kind);
  return same.find(({title}) => title !== null) ?? same[0] ?? (group[0] as Finding);
}

/**
 * The first sign. What had never been seen before, or what ends a program, tells it exactly. A stretch of what also
 * occurs otherwise may begin with a chance event: it counts as earlier only if chance hardly makes what it has in advance.
 */
function begin(group: readonly Finding[], bucketMs: number): number | null {
  const seeds = group.filter(({isSeed, from}) => isSeed && from !== null);
  const exact = seeds.filter(({isSharp, usual}) => isSharp && usual === 0).map(({from}) => from ?? 0);
  const strongest = seeds.toSorted((a, b) => Number(b.isSharp) - Number(a.isSharp) || b.evidence - a.evidence)[0];
  if (strongest === undefined) return null;
  const anchor = exact.length > 0 ? Math.min(...exact) : (strongest.from ?? 0);
  return Math.min(
    anchor,
    ...seeds.filter((finding) => leads(finding, anchor, bucketMs)).map(({from}) => from ?? anchor),
  );
}

/** It came so often before that moment that it can't be chance. */
function leads({reading, from, to, usual, isSharp}: Finding, until: number, bucketMs: number): boolean {
  if (reading === null || !isSharp || from === null || to === null || from >= until) return false;
  const {buckets, counts} = reading.template.series;
  const [first, last] = [Math.floor(from / bucketMs), Math.floor(until / bucketMs)];
  let count = 0;
  for (let i = 0; i < buckets.length; i += 1) {
    if ((buckets[i] ?? 0) >= first && (buckets[i] ?? 0) < last) count += counts[i] ?? 0;
  }
  const expected = (usual * (until - from)) / Math.max(bucketMs, to - from);
  return count >= 3 && count * Math.log(count / Math.max(expected, 1e-6)) - (count - expected) > 9;
}

function end(group: readonly Finding[]): number | null {
  const seeds = group.filter(({isSeed}) => isSeed);
  const sharp = seeds.filter(({isSharp}) => isSharp);
  const times = (sharp.length > 0 ? sharp : seeds).flatMap(({to}) => (to === null ? [] : [to]));
  return times.length === 0 ? null : Math.max(...times);
}

function firstSign(group: readonly Finding[], from: number | null, parts: readonly Part[]): Incident['first'] {
  const known = group
    .filter(({first, from: at}) => first.line > 0 && (from === null || at === null || at >= from))
    .sort((a, b) => (a.from ?? 0) - (b.from ?? 0) || a.first.line - b.first.line)[0];
  const sign = known ?? group[0];
  if (sign === undefined) throw new Error('an incident without a finding');
  return {
    spot: sign.first,
    text: sign.reading === null ? textOf(sign.first, group, parts) : textAt(sign.reading.template, sign.first),
  };
}

function textOf(spot: Spot, group: readonly Finding[], parts: readonly Part[] = rankedParts(group)): string {
  const at = parts.find(({reading: {template}}) =>
    template.spots.some(({source, line}) => source === spot.source && line === spot.line),
  );
  if (at !== undefined) return textAt(at.reading.template, spot);
  return group.find(({title}) => title !== null)?.title ?? parts[0]?.reading.template.text ?? '';
}

/** Of the last events that are known, the one that tells most. */
function lastSign(group: readonly Finding[], to: number | null): Spot | null {
  const known = group.filter(({last}) => last.line > 0);
  const late = known.filter(({last}) => to === null || last.time === null || Math.abs(last.time - to) <= 2 * 60_000);
  const best = (late.length > 0 ? late : known).toSorted(
    (a, b) => tellingOf(b) - tellingOf(a) || (b.last.time ?? 0) - (a.last.time ?? 0) || b.last.line - a.last.line,
  )[0];
  return best?.last ?? null;
}

/** A life's finding ends with what ended that life. */
const tellingOf = ({reading, title}: Finding) => (title !== null && reading !== null ? 5 : (reading?.telling ?? 0));

function namesOf(group: readonly Finding[]): string[] {
  return [...new Set(group.flatMap(({name}) => (name === null || name === '' ? [] : [name])))];
}
