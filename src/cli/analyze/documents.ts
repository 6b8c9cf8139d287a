import {type Analysis, type LogTemplate, logLevels, type Series, type Spot} from '../../lib/core/logs/analysis.js';
import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import type {Comparison, Incident, LogReport} from '../../lib/core/logs/report.js';
import {maskText} from '../../lib/core/config/secrets.js';
import {isoWithOffset} from '../../lib/core/report/format.js';

const time = (at: number | null): string | null => (at === null ? null : isoWithOffset(new Date(at)));

function spotDocument({source, line, time: at}: Spot, {sources}: Pick<Analysis, 'sources'>) {
  return {source: sources[source]?.name ?? '', line, time: time(at)};
}

const seriesDocument = ({buckets, counts}: Series, bucketMs: number) => ({
  times: buckets.map((bucket) => time(bucket * bucketMs)),
  counts,
});

const maskedOrNull = (text: string | null): string | null => (text === null ? null : maskText(text));

/** The contract of `--diagnose --json`: evidence as line numbers, subject as an object. */
export function diagnosisDocument(diagnosis: LogDiagnosis) {
  const {cause, confidence, subject, evidence, remedy, explanation, isPermanent} = diagnosis;
  return {
    cause,
    confidence,
    subject: Object.fromEntries(
      Object.entries(subject).map(([key, value]) => [key, typeof value === 'string' ? maskText(value) : value]),
    ),
    evidence: evidence.map(({line}) => line),
    evidenceText: evidence.map(({text}) => maskText(text)),
    remedy: maskedOrNull(remedy),
    explanation: maskText(explanation),
    permanent: isPermanent,
  };
}

export function templateDocument(template: LogTemplate, analysis: Analysis) {
  const {id, text, level, count, levels, first, last, series, examples, variables, measures, sources} = template;
  return {
    id,
    text: maskText(text),
    level,
    count,
    share: analysis.events === 0 ? 0 : count / analysis.events,
    levels,
    sources: sources.map((source) => analysis.sources[source]?.name ?? ''),
    first: spotDocument(first, analysis),
    last: spotDocument(last, analysis),
    series: seriesDocument(series, analysis.bucketMs),
    examples: examples.map(({spot, text: whole}) => ({...spotDocument(spot, analysis), text: maskText(whole)})),
    variables: variables.map((values) => values.map(maskText)),
    measures: measures.map(({kind, name, count: measured, mean, p50, p95, max}) =>
      kind === 'memory'
        ? {kind, name, count: measured, meanBytes: mean, medianBytes: p50, p95Bytes: p95, maxBytes: max}
        : {kind, name, count: measured, meanMs: mean, medianMs: p50, p95Ms: p95, maxMs: max},
    ),
  };
}

function incidentDocument(incident: Incident, analysis: Analysis) {
  const {kind, title, from, to, isOver, first, end, templates, evidence, diagnosis, recovery, next, spells} = incident;
  const quoted = ({spot, text}: {readonly spot: Spot; readonly text: string}) => ({
    ...spotDocument(spot, analysis),
    text: maskText(text),
  });
  return {
    kind,
    title: maskText(title),
    from: time(from),
    to: time(to),
    durationMs: from === null || to === null ? null : to - from,
    over: isOver,
    first: quoted(first),
    end: end === null ? null : quoted(end),
    templates: templates.map((template) => ({...template, text: maskText(template.text)})),
    evidence: evidence.map(quoted),
    diagnosis: diagnosis === null ? null : diagnosisDocument(diagnosis),
    recovery: maskedOrNull(recovery),
    next: maskedOrNull(next),
    spells: (spells ?? []).map((spell) => ({
      from: time(spell.from),
      to: time(spell.to),
      end: spell.end === null ? null : spotDocument(spell.end, analysis),
    })),
  };
}

const changeDocument = ({template, at}: LogReport['appeared'][number]) => ({
  id: template.id,
  text: maskText(template.text),
  at: time(at),
  count: template.count,
});

const mostEndpoints = 200;

/** `--json`: docs/reference/analyze.schema.json. */
export function reportDocument(report: LogReport, {top}: {readonly top: number}) {
  const {analysis} = report;
  const {bucketMs, levelSeries} = analysis;
  return {
    sources: analysis.sources.map((source) => ({...source, notes: source.notes.map(maskText)})),
    bytes: analysis.bytes,
    lines: analysis.lines,
    events: analysis.events,
    untimed: analysis.untimed,
    from: time(analysis.from),
    to: time(analysis.to),
    durationMs: analysis.from === null || analysis.to === null ? null : analysis.to - analysis.from,
    runs: report.runs,
    bucketMs,
    levels: analysis.levels,
    levelSeries: Object.fromEntries(
      [...logLevels, 'none' as const]
        .filter((level) => analysis.levels[level] > 0)
        .map((level) => [level, seriesDocument(levelSeries[level], bucketMs)]),
    ),
    incidents: report.incidents.map((incident) => incidentDocument(incident, analysis)),
    templateCount: analysis.templates.length,
    templates: analysis.templates.slice(0, top).map((template) => templateDocument(template, analysis)),
    appeared: report.appeared.map(changeDocument),
    vanished: report.vanished.map(changeDocument),
    bursts: report.bursts.map(({from, to, template, ...burst}) => ({
      template: maskText(template),
      ...burst,
      from: time(from),
      to: time(to),
    })),
    gaps: analysis.gaps.map(({after, before, ms}) => ({
      after: spotDocument(after, analysis),
      before: spotDocument(before, analysis),
      durationMs: ms,
    })),
    endpointCount: analysis.endpoints.length,
    endpoints: analysis.endpoints.slice(0, mostEndpoints).map(({method, path, count, statuses, failed, duration}) => ({
      method,
      path: maskText(path),
      count,
      statuses,
      failed,
      duration:
        duration === null
          ? null
          : {meanMs: duration.mean, medianMs: duration.p50, p95Ms: duration.p95, maxMs: duration.max},
    })),
    reliability: report.reliability.map((one) => ({...one, name: maskText(one.name)})),
    next: report.next.map(maskText),
  };
}

export function comparisonDocument({a, b, changes}: Comparison) {
  const side = ({sources, events, lines, from, to}: Analysis) => ({
    sources: sources.map(({name}) => name),
    lines,
    events,
    from: time(from),
    to: time(to),
  });
  return {
    a: side(a),
    b: side(b),
    changes: changes.map(({kind, text, level, countA, countB, expectedB, significance, example}) => ({
      kind,
      text: maskText(text),
      level,
      countA,
      countB,
      expectedB,
      significance,
      // Where there are fewer, A has the better example.
      example: {
        ...spotDocument(example.spot, kind === 'gone' || kind === 'less' ? a : b),
        text: maskText(example.text),
      },
    })),
  };
}
