import {setTimeout as sleep} from 'node:timers/promises';
import {ExitCode} from '../../lib/core/exit-codes.js';
import type {EntryReport, PortReport, PortsDocument} from '../../lib/core/ports/document.js';
import {formatDateTime} from '../../lib/core/report/format.js';
import {LiveRegion, type LiveStream} from '../progress/live-region.js';
import {neutralise} from '../render/foreign.js';

/** How what changes is shown. */
export interface PortsDisplay {
  show(document: PortsDocument, before: PortsDocument | null): void;
  close(): void;
}

/** Looks again and again until the operator leaves (Ctrl-C); shows only what is new. */
export async function watchPorts(
  look: () => Promise<PortsDocument>,
  display: PortsDisplay,
  intervalMs: number,
): Promise<ExitCode> {
  const leave = new AbortController();
  const onSignal = () => leave.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    for (let before: PortsDocument | null = null; !leave.signal.aborted; ) {
      const document = await look();
      if (before === null || factsOf(document) !== factsOf(before)) display.show(document, before);
      before = document;
      await sleep(intervalMs, undefined, {signal: leave.signal}).catch(() => {});
    }
  } finally {
    display.close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  return ExitCode.interrupted;
}

/** All but the time of the look. */
const factsOf = (document: PortsDocument): string => JSON.stringify({...document, at: null});

/** One screen, drawn again in place; the last one stays. */
export function liveDisplay(stream: LiveStream, render: (document: PortsDocument) => string): PortsDisplay {
  let lines: readonly string[] = [];
  const region = new LiveRegion(stream, () => fitting(lines, stream));
  return {
    show: (document) => {
      lines = render(document).trimEnd().split('\n');
      region.redraw();
    },
    close: () => {
      region.close();
      stream.write(lines.map((line) => `${line}\n`).join(''));
    },
  };
}

function fitting(lines: readonly string[], {rows = 24}: LiveStream): readonly string[] {
  const room = rows - 1;
  if (lines.length <= room) return lines;
  return [
    ...lines.slice(0, room - 1),
    `${lines.length - room + 1} more lines: make the window taller, or name services`,
  ];
}

/** The whole table once, then a line for each change. */
export function plainDisplay(write: (text: string) => void, render: (document: PortsDocument) => string): PortsDisplay {
  return {
    show: (document, before) => {
      if (before === null) {
        write(render(document));
        return;
      }
      for (const words of changes(before, document))
        write(`[${formatDateTime(new Date(document.at))}] [INFO] ${words}\n`);
    },
    close: () => {},
  };
}

/** One document a line. */
export const jsonDisplay = (write: (text: string) => void): PortsDisplay => ({
  show: (document) => write(`${JSON.stringify(document)}\n`),
  close: () => {},
});

function changes(before: PortsDocument, after: PortsDocument): string[] {
  const lines: string[] = [];
  for (const [port, now] of allPorts(after)) {
    const then = allPorts(before).get(port);
    const was = then === undefined ? 'free' : stateWords(then);
    const is = stateWords(now);
    if (was !== is) lines.push(`port ${port}: ${was}, now ${is}`);
  }
  for (const port of allPorts(before).keys()) if (!allPorts(after).has(port)) lines.push(`port ${port}: now free`);
  for (const entry of after.entries) {
    const then = before.entries.find(({name}) => name === entry.name);
    if (then !== undefined && wordsFor(then) === wordsFor(entry)) continue;
    lines.push(`${neutralise(entry.name)} ${wordsFor(entry)}`);
  }
  for (const {name} of before.entries)
    if (!after.entries.some((entry) => entry.name === name)) lines.push(`${neutralise(name)} is no longer configured`);
  return [...lines, ...after.problems.filter((words) => !before.problems.includes(words)).map(neutralise)];
}

function allPorts({entries, ports}: PortsDocument): Map<number, PortReport> {
  return new Map([...entries.flatMap((entry) => entry.ports), ...ports].map((port) => [port.port, port]));
}

function stateWords({state, holders}: PortReport): string {
  const who = holders
    .filter(({pid}) => pid !== null)
    .map(
      ({name, pid, user}) => `${name ?? 'pid'} ${name === null ? '' : 'pid '}${pid}${user === null ? '' : `, ${user}`}`,
    );
  return `${state.replace('-', ' ')}${who.length === 0 ? '' : ` (${neutralise(who.join('; '))})`}`;
}

function wordsFor({current, willUse, outcome}: EntryReport): string {
  if (current !== null) return `runs on ${current}`;
  if (willUse === null) return 'would find no port';
  return `${outcome === 'watched' ? 'is watched on' : 'will use'} ${willUse}`;
}
