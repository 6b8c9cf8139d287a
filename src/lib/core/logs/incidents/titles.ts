import {formatDuration} from '../../report/format.js';
import type {Body} from './body.js';
import {peersOf} from './peers.js';

const longest = 100;

/** One line that says what happened. */
export function titleOf(body: Body): string {
  return cut(titles[body.kind](body));
}

const titles: Readonly<Record<Body['kind'], (body: Body) => string>> = {
  'never-healthy': named,
  'restart-loop': named,
  crash: named,
  hang: (body) => body.lead.title ?? `${who(body)} stopped responding`,
  'port-conflict': (body) => `${portOf(body)} was already in use`,
  'memory-growth': memoryTitle,
  'dependency-outage': outageTitle,
  errors: errorsTitle,
  slow: named,
};

function named(body: Body): string {
  const {lead} = body;
  const title = lead.title ?? leadText(body);
  const isSaid = lead.name === null || title.toLowerCase().includes(lead.name);
  return isSaid || body.kind === 'never-healthy' ? title : `${lead.name}: ${title}`;
}

const who = ({names}: Body) => names[0] ?? 'a program';

function portOf({parts, evidence}: Body): string {
  const texts = [...evidence.map(({text}) => text), ...parts.map(({reading}) => reading.template.text)];
  const port = texts
    .map((text) => /(?:\bport\D{0,12}|:|['"], )(\d{2,5})\b(?!:\d)/i.exec(text)?.[1])
    .find((found) => found !== undefined);
  return port === undefined ? 'a port' : `port ${port}`;
}

function memoryTitle(body: Body): string {
  if (body.lead.diagnosis !== undefined) return body.lead.title ?? leadText(body);
  const exits = body.parts.find(({reading}) => reading.meanings.has('out-of-memory'));
  const over = body.parts.find(({reading}) => reading.meanings.has('memory-limit'));
  const name = body.names[0] ?? 'a program';
  if (exits !== undefined && exits.count > 1)
    return `${name} ran out of memory ${exits.count} times in ${lengthOf(body)}`;
  if (exits !== undefined) return `${name} ran out of memory`;
  return over === undefined
    ? (body.lead.title ?? `${name} used more and more memory`)
    : `${name}: memory above the limit`;
}

function outageTitle(body: Body): string {
  if (body.lead.title !== null) return body.lead.title;
  const whom = peersOf(body).join(', ') || 'a service it needs';
  const has = (meaning: 'refused' | 'name-unknown' | 'exhausted') =>
    body.parts.some(({reading}) => reading.meanings.has(meaning));
  if (has('refused')) return `${whom} refused connections`;
  if (has('name-unknown')) return `the name of ${whom} was not known`;
  if (has('exhausted')) return `connections to ${whom} ran out`;
  return `${whom} did not answer`;
}

function errorsTitle(body: Body): string {
  const part = body.parts.find(({reading, evidence}) => reading.isBad && evidence > 0);
  if (part === undefined || body.lead.diagnosis !== undefined) return body.lead.title ?? leadText(body);
  const text = part.reading.template.text.split(' ⏎ ').at(-1) ?? part.reading.template.text;
  if (part.count === 1) return `once: ${text}`;
  if (part.usual <= 0.05 * part.count) return `new, ${part.count} times: ${text}`;
  return `${Math.round(part.count / Math.max(0.1, part.usual))} times as often as usual: ${text}`;
}

/** Of a traceback its last line says it. */
const leadText = ({first}: Body) => first.text.split(' ⏎ ').at(-1) ?? first.text;

const lengthOf = ({from, to}: Body) => formatDuration((to ?? 0) - (from ?? 0));

const cut = (text: string) => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);
