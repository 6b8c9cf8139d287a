import type {PortsDocument} from '../../lib/core/ports/document.js';
import type {ForwardStatus} from '../../lib/core/report/status.js';
import {neutralise} from '../render/foreign.js';
import {answered, contextLines, forwardExplanation, targetWords, toldOf} from '../render/forwards.js';
import type {PortScreen} from '../render/port-holder.js';
import {entryBelow} from '../render/ports.js';
import {type Column, hanging, renderTable, type Row} from '../render/table.js';
import {cellWidth} from '../render/width.js';
import type {StatusDocument} from '../../lib/core/report/status.js';

const columns: readonly Column[] = [
  {title: 'NAME', align: 'left', cut: true},
  {title: 'STATE', align: 'left'},
  {title: 'LOCAL', align: 'right'},
  {title: 'ANSWERED', align: 'right'},
  {title: 'TARGET', align: 'left', drop: 1, cut: true},
];

/** `--mode ports`: what the supervisor says of each port-forward, and who holds the local ports that it wants. */
export function renderForwardPorts(
  forwards: readonly ForwardStatus[],
  contexts: NonNullable<StatusDocument['contexts']>,
  ports: PortsDocument,
  screen: PortScreen,
): string {
  const {view} = screen;
  const indent = Math.max(4, ...forwards.map(({name}) => cellWidth(neutralise(name)))) + 4;
  const rows = forwards.map((forward): Row => {
    const entry = ports.entries.find(({name}) => name === forward.name);
    const wouldUse = forward.port === null && entry?.willUse != null ? `would use ${entry.willUse}` : null;
    return {
      // That it would get its port is no news of something that is stopped.
      mark: forward.state === 'stopped' && entry !== undefined && entry.mark !== 'good' ? entry.mark : forward.mark,
      cells: [
        neutralise(forward.name),
        forward.state,
        forward.port === null ? null : String(forward.port),
        answered(forward),
        targetWords(forward),
      ],
      below: [
        ...forwardExplanation(forward, view, toldOf(contexts)),
        ...(wouldUse === null ? [] : [wouldUse]),
        ...(entry === undefined ? [] : entryBelow(entry, screen, indent)),
      ],
    };
  });
  const lines = [...contextLines(contexts, view, {all: false}), ...renderTable(columns, rows, view)];
  for (const problem of ports.problems) lines.push(...hanging('note: ', 6, neutralise(problem), view.columns));
  return `${lines.join('\n')}\n`;
}
