import type {Analysis} from '../../lib/core/logs/analysis.js';
import type {Incident, LogReport} from '../../lib/core/logs/report.js';
import {formatDateTime, formatDuration, formatShare} from '../../lib/core/report/format.js';
import {courseChart, escaped, mostCards, spark} from './html-charts.js';
import {pageScript, pageStyle} from './html-page.js';
import {certaintyOf, furtherEvidence, grouped, placeOf, shareOf} from './wording.js';

const mostEvidence = 6;
const mostEndpoints = 40;
const mostPrograms = 50;
const mostNotes = 50;

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
${courseChart(report)}
${nextSection(report)}
<section aria-labelledby="incidents"><h2 id="incidents">Incidents</h2>
${
  incidents.length === 0
    ? '<p>None found.</p>'
    : incidents
        .slice(0, mostCards)
        .map((incident, index) => incidentCard(incident, index + 1, report))
        .join('\n')
}
${incidents.length > mostCards ? `<p class="dim">and ${incidents.length - mostCards} more</p>` : ''}
</section>
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

function incidentCard(incident: Incident, number: number, report: LogReport): string {
  const {title, kind, from, to, isOver, first, end, templates, diagnosis, recovery, next} = incident;
  const span = from === null || to === null ? '' : `${when(from)} for ${formatDuration(Math.max(0, to - from))}`;
  const quote = ({spot, text}: Incident['evidence'][number]): string =>
    `<code>${escaped(placeOf(spot, report) || `:${spot.line}`)}</code> <q>${escaped(text)}</q>`;
  const further = furtherEvidence(incident, mostEvidence);
  const rows: [string, string][] = [
    ['first', quote(first)],
    ...(end === null ? [] : [['end', quote(end)] as [string, string]]),
    [
      'cause',
      diagnosis === null || diagnosis.cause === null
        ? 'unknown: nothing in these logs names it'
        : `<strong>${escaped(diagnosis.cause)}</strong> (${certaintyOf(diagnosis.confidence)}): ${escaped(diagnosis.explanation)}`,
    ],
    ...(further.length === 0 ? [] : [['evidence', further.map(quote).join('<br>')] as [string, string]]),
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
    ...(next === null ? [] : [['next', `<strong>${escaped(next)}</strong>`] as [string, string]]),
  ];
  return `<article id="incident-${number}" class="${isOver ? 'acting' : 'failed'}"><h3><span class="mark ${isOver ? 'acting' : 'failed'}" aria-hidden="true">${isOver ? '▼' : '■'}</span> ${escaped(title)}</h3><p class="dim">${escaped(kind)}${span === '' ? '' : `, ${span}`}${isOver ? '' : ', not over where the log ends'}</p><dl>${rows.map(([name, text]) => `<dt>${name}</dt><dd>${text}</dd>`).join('')}</dl></article>`;
}

function nextSection({next}: LogReport): string {
  return next.length === 0
    ? ''
    : `<section aria-labelledby="next"><h2 id="next">What to do next</h2><ul>${next.map((step) => `<li><strong>${escaped(step)}</strong></li>`).join('')}</ul></section>`;
}

function templateSection({analysis}: LogReport, top: number): string {
  const {templates, events} = analysis;
  const rest = templates.length - top;
  const rows = templates.slice(0, top).map(
    ({count, level, text, id, series, examples}) =>
      `<tr><td class="number">${grouped(count)}</td><td class="number">${shareOf(count, events)}</td><td>${level ?? ''}</td><td>${spark(series, analysis)}</td><td><details><summary><code>${escaped(text)}</code></summary><p class="dim">${id}</p>${examples
        .slice(0, 3)
        .map(({text: example}) => `<pre>${escaped(example, 1500)}</pre>`)
        .join('')}</details></td></tr>`,
  );
  return `<section aria-labelledby="templates"><h2 id="templates">Templates</h2><label class="filter" hidden>Filter <input type="search" data-filter="template-rows"></label><div class="wide"><table data-rows><thead><tr><th scope="col" class="number">count</th><th scope="col" class="number">share</th><th scope="col">level</th><th scope="col">over time</th><th scope="col">template</th></tr></thead><tbody id="template-rows">${rows.join('\n')}</tbody></table></div>${rest > 0 ? `<p class="dim">and ${rest} more</p>` : ''}</section>`;
}

function changesSection(report: LogReport): string {
  const {appeared, vanished, bursts, analysis} = report;
  const {gaps} = analysis;
  if (appeared.length + vanished.length + bursts.length + gaps.length === 0) return '';
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
  return `<section aria-labelledby="changes"><h2 id="changes">New, vanished, bursts and gaps</h2>${list('Came up late', appeared)}${list('Was not seen again', vanished)}${burstList(report)}${gapList(report)}</section>`;
}

function burstList({bursts, analysis}: LogReport): string {
  if (bursts.length === 0) return '';
  const texts = new Map(analysis.templates.map(({id, text}) => [id, text]));
  const items = bursts
    .slice(0, 20)
    .map(
      ({template, from, to, count, usual}) =>
        `<li>${when(from)}, ${grouped(count)} in ${formatDuration(Math.max(60_000, to - from))} instead of ${grouped(usual)}: <code>${escaped(texts.get(template) ?? template)}</code></li>`,
    );
  return `<h3>Bursts</h3><ul>${items.join('')}</ul>`;
}

function gapList(report: LogReport): string {
  const {gaps} = report.analysis;
  if (gaps.length === 0) return '';
  const items = gaps.slice(0, 20).map(({after, ms}) => {
    const place = after.line === 0 ? '' : ` <code>${escaped(placeOf(after, report))}</code>`;
    return `<li>${formatDuration(ms)} after${place}${after.time === null ? '' : ` ${when(after.time)}`}</li>`;
  });
  return `<h3>Gaps</h3><ul>${items.join('')}</ul>`;
}

function endpointSection({analysis}: LogReport): string {
  const {endpoints} = analysis;
  if (endpoints.length === 0) return '';
  const rows = endpoints
    .toSorted((a, b) => b.failed - a.failed || (b.duration?.p95 ?? 0) - (a.duration?.p95 ?? 0) || b.count - a.count)
    .slice(0, mostEndpoints)
    .map(
      ({method, path, count, failed, duration, series, failedSeries}) =>
        `<tr><td>${escaped(method)} <code>${escaped(path)}</code></td><td>${spark(series, analysis, failedSeries)}</td><td class="number">${grouped(count)}</td><td class="number">${failed === 0 ? '–' : `${grouped(failed)} (${shareOf(failed, count)})`}</td><td class="number">${duration === null ? '–' : grouped(duration.p50)}</td><td class="number">${duration === null ? '–' : grouped(duration.p95)}</td></tr>`,
    );
  return `<section aria-labelledby="endpoints"><h2 id="endpoints">Endpoints</h2><div class="wide"><table><thead><tr><th scope="col">request</th><th scope="col">over time</th><th scope="col" class="number">requests</th><th scope="col" class="number">failed</th><th scope="col" class="number">median ms</th><th scope="col" class="number">p95 ms</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>${endpoints.length > mostEndpoints ? `<p class="dim">and ${endpoints.length - mostEndpoints} more</p>` : ''}</section>`;
}

function reliabilitySection({reliability}: LogReport): string {
  if (reliability.length === 0) return '';
  const span = (ms: number | null): string => (ms === null ? '–' : formatDuration(ms));
  return `<section aria-labelledby="lives"><h2 id="lives">Lives</h2><div class="wide"><table><thead><tr><th scope="col">program</th><th scope="col" class="number">starts</th><th scope="col" class="number">exits</th><th scope="col" class="number">restarts</th><th scope="col" class="number">available</th><th scope="col" class="number">MTBF</th><th scope="col" class="number">MTTR</th></tr></thead><tbody>${reliability
    .slice(0, mostPrograms)
    .map(
      ({name, starts, exits, restarts, availability, mtbfMs, mttrMs}) =>
        `<tr><td>${escaped(name)}</td><td class="number">${starts}</td><td class="number">${exits}</td><td class="number">${restarts}</td><td class="number">${availability === null ? '–' : formatShare(availability)}</td><td class="number">${span(mtbfMs)}</td><td class="number">${span(mttrMs)}</td></tr>`,
    )
    .join('')}</tbody></table></div></section>`;
}

function notesSection({analysis}: LogReport): string {
  const notes = analysis.sources.flatMap(({name, notes: some}) =>
    some.map((note) => `<li>${escaped(name)}: ${escaped(note)}</li>`),
  );
  return notes.length === 0
    ? ''
    : `<section aria-labelledby="notes"><h2 id="notes">Notes</h2><ul>${notes.slice(0, mostNotes).join('')}</ul>${notes.length > mostNotes ? `<p class="dim">and ${notes.length - mostNotes} more</p>` : ''}</section>`;
}
