import {formatTime, listOf} from '../../lib/core/report/format.js';
import type {Mark} from '../../lib/core/report/status.js';
import type {PortState} from '../../lib/core/ports/assess.js';
import {type EntryReport, findsNone, type PortReport, type PortsDocument} from '../../lib/core/ports/document.js';
import {neutralise} from './foreign.js';
import {holderDetails, holderFacts, holderLines, type PortScreen, remedyLine} from './port-holder.js';
import type {Column, Row} from './table.js';
import {hanging, renderTable} from './table.js';
import {cellWidth} from './width.js';

/** `erp ports`: what would get which port, why not the one it wants, and what to do. */
export function renderPorts(document: PortsDocument, screen: PortScreen): string {
  const {view} = screen;
  const lines: string[] = [];
  if (document.entries.length > 0) lines.push(...entryTable(document.entries, screen));
  for (const sentence of [...overlapSentences(document, screen), ...verdicts(document, screen)])
    lines.push(...hanging('', 0, sentence, view.columns));
  if (document.ports.length > 0) {
    if (lines.length > 0) lines.push('');
    lines.push(...portTable(document, screen));
  }
  if (lines.length === 0) lines.push(document.problems.length > 0 ? 'Nothing could be found out.' : 'Nobody listens.');
  for (const problem of document.problems) lines.push(...hanging('note: ', 6, neutralise(problem), view.columns));
  return `${lines.join('\n')}\n`;
}

function entryTable(entries: readonly EntryReport[], screen: PortScreen): string[] {
  const {view} = screen;
  const columns: Column[] = [
    {title: 'NAME', align: 'left', cut: true},
    {title: 'WILL USE', align: 'right'},
    {title: 'WANTED, THEN ALTERNATIVES', align: 'left'},
  ];
  const names = Math.max(4, ...entries.map(({name}) => cellWidth(neutralise(name))));
  // Mark and gap before, gap behind: where the second column begins.
  const indent = names + 4;
  const fits = (words: (entry: EntryReport) => string): boolean =>
    view.columns === null || entries.every((entry) => names + 14 + cellWidth(words(entry)) <= (view.columns ?? 0));
  // Each port with its own word reads best; with many ports neighbours in the same state share it.
  const words = fits((entry) => stateWords(entry, false))
    ? (entry: EntryReport) => stateWords(entry, false)
    : (entry: EntryReport) => stateWords(entry, true);
  const rows = entries.map(
    (entry): Row => ({
      mark: entry.mark,
      cells: [neutralise(entry.name), entry.willUse === null ? null : String(entry.willUse), words(entry)],
      below: entryBelow(entry, screen, indent),
    }),
  );
  return renderTable(columns, rows, view);
}

/** `8000 taken, 8001 free, 8002 free`, or shorter `8000 taken, 8001 8002 free`. */
function stateWords(entry: EntryReport, together: boolean): string {
  const groups: {words: string; ports: number[]}[] = [];
  for (const port of entry.ports) {
    const words = stateWord(port, entry);
    const last = groups.at(-1);
    if (together && last?.words === words) last.ports.push(port.port);
    else groups.push({words, ports: [port.port]});
  }
  const listed = groups.map(({words, ports}) => `${ports.join(' ')} ${words}`);
  if (entry.any) listed.push('then any');
  else if (entry.outcome === 'none' && entry.ports.length === 1) listed.push('no alternatives');
  return listed.join(', ');
}

function stateWord({state, holders}: PortReport, {name, current}: EntryReport): string {
  const [holder] = holders;
  switch (state) {
    case 'ours': {
      const pid = holder?.pid == null ? '' : `pid ${holder.pid}`;
      if (holder?.whose === 'left-over') return `ours, left running (${pid})`;
      if (holder?.whose === 'old-copy') return `ours, an old copy (${pid})`;
      const whose = holder?.service == null || holder.service === name ? '' : holder.service;
      const said = [neutralise(whose), whose === '' ? pid : ''].filter((word) => word !== '');
      return said.length === 0 ? 'ours' : `ours (${said.join(', ')})`;
    }
    case 'watched':
      return `watched${holder?.pid == null ? '' : ` (pid ${holder.pid})`}`;
    case 'owner-unknown':
      return `owner unknown${holder?.user == null ? '' : ` (user ${neutralise(holder.user)})`}`;
    case 'unknown':
      return current === null ? 'not known' : 'not known, ours by the supervisor';
    case 'free':
    case 'taken':
    case 'reserved':
      return state;
  }
}

/** Who stands in the way of what it wants, and what to do about it. */
export function entryBelow(entry: EntryReport, screen: PortScreen, indent: number): string[] {
  const lines: string[] = [];
  const chosen = entry.ports.findIndex(({port}) => port === entry.willUse);
  // What comes after the chosen port does not matter now.
  const before = chosen < 0 || entry.outcome === 'used' ? entry.ports : entry.ports.slice(0, chosen);
  const told = entry.outcome === 'used' ? entry.ports.slice(0, 1) : before;
  for (const port of told) lines.push(...obstacle(port, entry, screen, indent));
  for (const {port, why, by} of entry.passed) {
    if (why === 'wanted' && entry.outcome === 'none')
      lines.push(`${port}: left for ${neutralise(by ?? 'another')}, which has nothing else`);
  }
  if (entry.outcome === 'used') lines.push('used if it answers (ifRunning: use), and never stopped');
  if (entry.kind === 'external' && entry.mark === 'stopped') lines.push('only watched: erp does not start it');
  const [primary] = entry.ports;
  if (entry.current !== null && primary !== undefined && entry.current !== primary.port && primary.state === 'free')
    lines.push(`${primary.port} is free again, and it stays where it is`);
  return lines;
}

function obstacle(port: PortReport, entry: EntryReport, screen: PortScreen, indent: number): string[] {
  if (port.state === 'reserved') return [`${port.port}: ${reservedWords(port)}`];
  const holders = port.state === 'taken' ? holderLines(port, screen, indent) : [];
  const remedy = entry.outcome === 'used' ? null : remedyLine(port, screen);
  return [...holders, ...(remedy === null ? [] : [remedy])];
}

function reservedWords({reserved}: PortReport): string {
  const words: Record<string, string> = {
    privileged: 'only root may listen there',
    excluded: 'Windows keeps it back (excluded port range)',
    reserved: 'the system keeps it back',
  };
  return reserved === null ? '' : `${words[reserved.why] ?? reserved.why}: ${neutralise(reserved.source)}`;
}

/** Overlaps inside the configuration: whoever comes first gets it, and nobody thinks of it then. */
function overlapSentences({overlaps}: PortsDocument, {configFile}: PortScreen): string[] {
  return overlaps.map(({port, wanted}) => {
    let file = configFile;
    const said = wanted.map(({name, role, line}, index) => {
      const place = line === null ? '' : ` (${file ?? ''}:${line})`;
      if (line !== null) file = null;
      const article = role === 'primary' ? 'primary' : 'an alternative';
      const same = wanted[index - 1]?.role === role;
      return `${same ? '' : `${article} `}of ${neutralise(name)}${place}`;
    });
    return `overlap: ${port} is ${listOf(said)}`;
  });
}

function verdicts({entries}: PortsDocument, {configFile}: PortScreen): string[] {
  return entries.filter(findsNone).map((entry) => {
    const place = entry.line === null ? '' : ` (${configFile ?? ''}:${entry.line})`;
    const taken = entry.ports.find(({state}) => state === 'taken');
    const what = entry.ports.length > 1 ? 'more alternatives' : 'alternatives';
    const remedy = `give it ${what}${place}${taken === undefined ? '' : `, or erp ports release ${taken.port}`}`;
    return `${neutralise(entry.name)} would find no port. remedy: ${remedy}`;
  });
}

const markOf: Readonly<Record<PortState, Mark>> = {
  free: 'stopped',
  ours: 'good',
  watched: 'good',
  taken: 'degraded',
  reserved: 'failed',
  'owner-unknown': 'unknown',
  unknown: 'unknown',
};

/** Ports by number: neighbours that nobody holds share a row. */
function portTable(document: PortsDocument, screen: PortScreen): string[] {
  const {view} = screen;
  const columns: Column[] = [
    {title: 'PORT', align: 'right'},
    {title: 'STATE', align: 'left'},
    {title: 'PID', align: 'right'},
    {title: 'USER', align: 'left', drop: 2, cut: true},
    {title: 'SINCE', align: 'left', drop: 3},
    {title: 'ADDRESS', align: 'left', drop: 4, cut: true},
    {title: 'WHO', align: 'left', cut: true},
  ];
  const isList = document.ports.length > 8;
  const rows = folded(document.ports).flatMap(({first, last, port}): Row[] => {
    const number = first === last ? String(first) : `${first}-${last}`;
    const wanted = port.wantedBy.map(({name, role}) => `${role} of ${neutralise(name)}`).join(', ');
    if (port.holders.length === 0) {
      const why = port.state === 'reserved' ? reservedWords(port) : '';
      const said = [wanted, why].filter((words) => words !== '').join('; ');
      return [{mark: markOf[port.state], cells: [number, stateName(port.state), null, null, null, null, said || null]}];
    }
    return port.holders.map((holder, index): Row => {
      const facts = holderFacts(holder, screen);
      return {
        mark: markOf[port.state],
        cells: [
          number,
          stateName(port.state),
          holder.pid === null ? null : String(holder.pid),
          facts.user,
          holder.startedAt === null ? null : formatTime(new Date(holder.startedAt), view.now),
          holder.addresses.join(' '),
          facts.program,
        ],
        below: isList || index > 0 ? [] : [...details(port, wanted, screen)],
      };
    });
  });
  return renderTable(columns, rows, view);
}

function details(port: PortReport, wanted: string, screen: PortScreen): string[] {
  const remedy = remedyLine(port, screen);
  return [
    ...port.holders.flatMap((holder) => holderDetails(holder, screen)),
    ...(wanted === '' ? [] : [wanted]),
    ...(remedy === null ? [] : [remedy]),
  ];
}

const stateName = (state: PortState): string => (state === 'unknown' ? 'not known' : state.replace('-', ' '));

interface Run {
  readonly first: number;
  readonly last: number;
  readonly port: PortReport;
}

function folded(ports: readonly PortReport[]): Run[] {
  const runs: Run[] = [];
  for (const port of ports) {
    const before = runs.at(-1);
    const isSame =
      before !== undefined &&
      before.last + 1 === port.port &&
      before.port.holders.length + port.holders.length === 0 &&
      before.port.state === port.state &&
      before.port.wantedBy.length + port.wantedBy.length === 0;
    if (isSame) runs[runs.length - 1] = {...before, last: port.port};
    else runs.push({first: port.port, last: port.port, port});
  }
  return runs;
}
