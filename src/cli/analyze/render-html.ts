import {type Analysis, type LogLevel, logLevels, type Series} from '../../lib/core/logs/analysis.js';
import type {Incident, LogReport} from '../../lib/core/logs/report.js';
import {formatDateTime, formatDuration, formatShare} from '../../lib/core/report/format.js';
import {neutralise} from '../render/foreign.js';
import {inColumns} from './sparkline.js';
import {grouped, placeOf} from './wording.js';
import {pageScript, pageStyle} from './html-page.js';

const columns = 160;
const chartHeight = 120;

/** The report as one page: nothing is loaded from anywhere, and it is whole without its script. */
export function renderHtml(report: LogReport, {top}: {readonly top: number}): string {
  const {analysis, incidents} = report;
  const bad = incidents.some(({isOver}) => !isOver);
  const state =
    incidents.length === 0
      ? 'no incidents found'
      : `${incidents.length} ${incidents.length === 1 ? 'incident' : 'incidents'}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>Log analysis: ${escaped(state)}</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the incidents</a>
<header>
<h1><span class="mark ${incidents.length === 0 ? 'good' : bad ? 'failed' : 'acting'}" aria-hidden="true">${incidents.length === 0 ? '●' : bad ? '■' : '▼'}</span> ${escaped(state)}</h1>
<p>${grouped(analysis.lines)} lines, ${grouped(analysis.events)} events, ${escaped(spanOf(analysis))}</p>
<p class="dim">${analysis.sources
    .slice(0, 12)
    .map(({name}) => escaped(name))
    .join(', ')}${analysis.sources.length > 12 ? `, and ${analysis.sources.length - 12} more` : ''}</p>
</header>
<main id="main">
${levelChart(report)}
<section aria-labelledby="incidents"><h2 id="incidents">Incidents</h2>
${
  incidents.length === 0
    ? '<p>None found.</p>'
    : incidents
        .slice(0, 50)
        .map((incident) => incidentCard(incident, report))
        .join('\n')
}
${incidents.length > 50 ? `<p class="dim">and ${incidents.length - 50} more</p>` : ''}
</section>
${nextSection(report)}
${templateSection(report, top)}
${changesSection(report)}
${endpointSection(report)}
${reliabilitySection(report)}
${notesSection(report)}
</main>
<footer class="dim">erp logs analyze. Times are local.</footer>
<script>${pageScript}</script>
</body>
</html>
`;
}

const when = (time: number): string => formatDateTime(new Date(time));

function spanOf({from, to}: Analysis): string {
  return from === null || to === null ? 'without times' : `${when(from)} to ${when(to)} (${formatDuration(to - from)})`;
}

const shades: readonly {
  readonly name: string;
  readonly levels: readonly (LogLevel | 'none')[];
  readonly className: string;
}[] = [
  {name: 'errors', levels: ['CRITICAL', 'ERROR'], className: 'failed'},
  {name: 'warnings', levels: ['WARNING'], className: 'acting'},
  {name: 'other events', levels: ['INFO', 'DEBUG', 'none'], className: 'calm'},
];

/** One small chart for each kind of level, on the same time axis, incidents as bands behind. */
function levelChart({analysis, incidents}: LogReport): string {
  const {from, to, bucketMs, levelSeries, levels} = analysis;
  const totals = `<table class="numbers"><caption>Events by level</caption><thead><tr><th>level</th><th>events</th></tr></thead><tbody>${[
    ...logLevels,
  ]
    .reverse()
    .map((level) => `<tr><td>${level}</td><td>${grouped(levels[level])}</td></tr>`)
    .join('')}<tr><td>without</td><td>${grouped(levels.none)}</td></tr></tbody></table>`;
  if (from === null || to === null) return `<section aria-label="Levels">${totals}</section>`;
  const first = Math.floor(from / bucketMs);
  const last = Math.floor(to / bucketMs);
  const count = Math.max(1, Math.min(columns, last - first + 1));
  const x = (time: number): number => ((time - first * bucketMs) / ((last - first + 1) * bucketMs)) * 1000;
  const bands = incidents
    .flatMap(({from: begin, to: end, spells, title}) =>
      (spells ?? (begin === null || end === null ? [] : [{from: begin, to: end}])).map((spell) => ({...spell, title})),
    )
    .slice(0, 200)
    .map(
      ({from: begin, to: end, title}) =>
        `<rect class="band" x="${x(begin).toFixed(1)}" y="0" width="${Math.max(2, x(end) - x(begin)).toFixed(1)}" height="${chartHeight}"><title>${escaped(title)}</title></rect>`,
    )
    .join('');
  const charts = shades
    .map(({name, levels: some, className}) => {
      const sums = some.map((level) => inColumns(levelSeries[level], first, last, count));
      const values = Array.from({length: count}, (_, i) => sums.reduce((sum, one) => sum + (one[i] ?? 0), 0));
      const most = Math.max(...values);
      if (most === 0) return '';
      const bars = values
        .map((value, i) =>
          value === 0
            ? ''
            : `<rect class="${className}" x="${((i * 1000) / count).toFixed(1)}" y="${(chartHeight - (value / most) * chartHeight).toFixed(1)}" width="${(1000 / count - 0.6).toFixed(2)}" height="${((value / most) * chartHeight).toFixed(1)}"/>`,
        )
        .join('');
      return `<figure><figcaption>${name}: most ${grouped(most)} in ${formatDuration(((last - first + 1) * bucketMs) / count)}</figcaption><svg viewBox="0 0 1000 ${chartHeight}" preserveAspectRatio="none" role="img" aria-label="${name} over time, most ${grouped(most)}">${bands}${bars}</svg></figure>`;
    })
    .join('');
  return `<section aria-label="Events over time">${charts}<p class="axis"><span>${when(from)}</span><span>${when(to)}</span></p><details><summary>as table</summary>${totals}</details></section>`;
}

function incidentCard(incident: Incident, report: LogReport): string {
  const {title, kind, from, to, isOver, first, end, templates, diagnosis, recovery, next, evidence} = incident;
  const span = from === null || to === null ? '' : `${when(from)} for ${formatDuration(Math.max(0, to - from))}`;
  const quote = ({spot, text}: Incident['evidence'][number]): string =>
    `<code>${escaped(placeOf(spot, report) || `:${spot.line}`)}</code> <q>${escaped(text)}</q>`;
  const rows: [string, string][] = [
    ['first', quote(first)],
    ...(end === null ? [] : [['end', quote(end)] as [string, string]]),
    [
      'cause',
      diagnosis === null || diagnosis.cause === null
        ? 'unknown: nothing in the log names it'
        : `<strong>${escaped(diagnosis.cause)}</strong> (${certainty(diagnosis.confidence)}): ${escaped(diagnosis.explanation)}`,
    ],
    ...(evidence.length === 0 ? [] : [['evidence', evidence.slice(0, 6).map(quote).join('<br>')] as [string, string]]),
    ...(templates.length === 0
      ? []
      : [
          [
            'stands out',
            templates
              .slice(0, 4)
              .map(({text, count, usual}) => `${grouped(count)} instead of ${grouped(usual)}: <q>${escaped(text)}</q>`)
              .join('<br>'),
          ] as [string, string],
        ]),
    ...(recovery === null ? [] : [['over', escaped(recovery)] as [string, string]]),
    ...(next === null ? [] : [['next', `<code>${escaped(next)}</code>`] as [string, string]]),
  ];
  return `<article><h3><span class="mark ${isOver ? 'acting' : 'failed'}" aria-hidden="true">${isOver ? '▼' : '■'}</span> ${escaped(title)}</h3><p class="dim">${escaped(kind)}${span === '' ? '' : `, ${span}`}${isOver ? '' : ', not over where the log ends'}</p><dl>${rows.map(([name, text]) => `<dt>${name}</dt><dd>${text}</dd>`).join('')}</dl></article>`;
}

const certainty = (confidence: number): string =>
  confidence >= 0.9 ? 'certain' : confidence >= 0.6 ? 'likely' : 'perhaps';

function nextSection({next}: LogReport): string {
  return next.length === 0
    ? ''
    : `<section aria-labelledby="next"><h2 id="next">What to do next</h2><ul>${next.map((step) => `<li>${escaped(step)}</li>`).join('')}</ul></section>`;
}

function templateSection({analysis}: LogReport, top: number): string {
  const {templates, events, from, to, bucketMs} = analysis;
  const rest = templates.length - top;
  const rows = templates.slice(0, top).map(
    ({count, level, text, id, series, examples}) =>
      `<tr><td class="number">${grouped(count)}</td><td class="number">${formatShare(count / Math.max(1, events))}</td><td>${level ?? ''}</td><td>${spark(series, from, to, bucketMs)}</td><td><details><summary><code>${escaped(text)}</code></summary><p class="dim">${id}</p>${examples
        .slice(0, 3)
        .map(({text: example}) => `<pre>${escaped(example, 1500)}</pre>`)
        .join('')}</details></td></tr>`,
  );
  return `<section aria-labelledby="templates"><h2 id="templates">Templates</h2><label class="filter">Filter <input type="search" data-filter="template-rows"></label><table><thead><tr><th class="number">count</th><th class="number">share</th><th>level</th><th>over time</th><th>template</th></tr></thead><tbody id="template-rows">${rows.join('\n')}</tbody></table>${rest > 0 ? `<p class="dim">and ${rest} more</p>` : ''}</section>`;
}

function spark(series: Series, from: number | null, to: number | null, bucketMs: number): string {
  if (from === null || to === null) return '';
  const first = Math.floor(from / bucketMs);
  const last = Math.floor(to / bucketMs);
  const values = inColumns(series, first, last, Math.max(1, Math.min(60, last - first + 1)));
  const most = Math.max(1, ...values);
  const bars = values.map((value, i) =>
    value === 0
      ? ''
      : `<rect class="calm" x="${((i * 120) / values.length).toFixed(1)}" y="${(20 - (value / most) * 20).toFixed(1)}" width="${Math.max(0.8, 120 / values.length - 0.4).toFixed(1)}" height="${((value / most) * 20).toFixed(1)}"/>`,
  );
  return `<svg class="spark" viewBox="0 0 120 20" preserveAspectRatio="none" aria-hidden="true">${bars.join('')}</svg>`;
}

function changesSection({appeared, vanished}: LogReport): string {
  if (appeared.length + vanished.length === 0) return '';
  const list = (name: string, some: LogReport['appeared']): string =>
    some.length === 0
      ? ''
      : `<h3>${name}</h3><ul>${some
          .slice(0, 20)
          .map(
            ({template, at}) =>
              `<li>${when(at)}, ${grouped(template.count)} times: <code>${escaped(template.text)}</code></li>`,
          )
          .join('')}</ul>`;
  return `<section aria-labelledby="changes"><h2 id="changes">New and vanished</h2>${list('Came up late', appeared)}${list('Was not seen again', vanished)}</section>`;
}

function endpointSection({analysis}: LogReport): string {
  const {endpoints} = analysis;
  if (endpoints.length === 0) return '';
  const rows = endpoints
    .toSorted((a, b) => b.failed - a.failed || (b.duration?.p95 ?? 0) - (a.duration?.p95 ?? 0) || b.count - a.count)
    .slice(0, 40)
    .map(
      ({method, path, count, failed, duration}) =>
        `<tr><td>${escaped(method)} <code>${escaped(path)}</code></td><td class="number">${grouped(count)}</td><td class="number">${failed === 0 ? '–' : `${grouped(failed)} (${formatShare(failed / count)})`}</td><td class="number">${duration === null ? '–' : `${Math.round(duration.p50)}`}</td><td class="number">${duration === null ? '–' : `${Math.round(duration.p95)}`}</td></tr>`,
    );
  return `<section aria-labelledby="endpoints"><h2 id="endpoints">Endpoints</h2><table><thead><tr><th>request</th><th class="number">requests</th><th class="number">failed</th><th class="number">median ms</th><th class="number">p95 ms</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`;
}

function reliabilitySection({reliability}: LogReport): string {
  if (reliability.length === 0) return '';
  const span = (ms: number | null): string => (ms === null ? '–' : formatDuration(ms));
  return `<section aria-labelledby="lives"><h2 id="lives">Lives</h2><table><thead><tr><th>program</th><th class="number">starts</th><th class="number">exits</th><th class="number">restarts</th><th class="number">available</th><th class="number">MTBF</th><th class="number">MTTR</th></tr></thead><tbody>${reliability.map(({name, starts, exits, restarts, availability, mtbfMs, mttrMs}) => `<tr><td>${escaped(name)}</td><td class="number">${starts}</td><td class="number">${exits}</td><td class="number">${restarts}</td><td class="number">${availability === null ? '–' : formatShare(availability)}</td><td class="number">${span(mtbfMs)}</td><td class="number">${span(mttrMs)}</td></tr>`).join('')}</tbody></table></section>`;
}

function notesSection({analysis}: LogReport): string {
  const notes = analysis.sources.flatMap(({name, notes: some}) =>
    some.map((note) => `<li>${escaped(name)}: ${escaped(note)}</li>`),
  );
  return notes.length === 0
    ? ''
    : `<section aria-labelledby="notes"><h2 id="notes">Notes</h2><ul>${notes.join('')}</ul></section>`;
}

/** Nothing of a log becomes markup, and none of it turns the direction of the page around. */
function escaped(text: string, most = 500): string {
  const clean = neutralise(text.length > most ? `${text.slice(0, most)}…` : text).replace(
    /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g,
    '',
  );
  return clean
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}
