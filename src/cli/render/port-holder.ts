import type {HolderReport, PortReport} from '../../lib/core/ports/document.js';
import {formatTime} from '../../lib/core/report/format.js';
import {neutralise} from './foreign.js';
import type {View} from './table.js';
import {cutEnd} from './width.js';

/** How ports are drawn, and what the sentences around them need to know. */
export interface PortScreen {
  readonly view: View;
  /** As it is shown from here; null: none. */
  readonly configFile: string | null;
  /** Becomes `~`; null: none. */
  readonly home: string | null;
  /** Root would see more than we do. */
  readonly mayAskRoot: boolean;
}

/** Of explanation for one holder. */
const rowsForOne = 2;
/** How far it stands to the right, where nobody says. */
const usualIndent = 8;

/** `8000: python3 pid 812, ops1, from 09:41:08, in ~/old-erp: python3 -m uvicorn main:app --po…` */
export function holderLines(
  port: Pick<PortReport, 'port' | 'holders'>,
  screen: PortScreen,
  indent = usualIndent,
): string[] {
  return port.holders.map((holder) => {
    const {user, program} = holderFacts(holder, screen);
    if (holder.pid === null) return `${port.port}: its process can't be read${user === null ? '' : `, user ${user}`}`;
    const since = holder.startedAt === null ? null : `from ${formatTime(new Date(holder.startedAt), screen.view.now)}`;
    return told(`${port.port}: `, [`${program ?? 'a process'} pid ${holder.pid}`, user, since], holder, screen, indent);
  });
}

/** The same below a table that has shown the rest. */
export function holderDetails(holder: HolderReport, screen: PortScreen): string[] {
  return holder.pid === null ? [] : [told('', [], holder, screen, usualIndent)].filter((line) => line !== '');
}

function told(
  head: string,
  facts: readonly (string | null)[],
  holder: HolderReport,
  screen: PortScreen,
  indent: number,
): string {
  const {program, folder, command: whole} = holderFacts(holder, screen);
  const {columns, glyphs} = screen.view;
  const all = [
    ...facts,
    holder.isConnection ? 'the near end of a connection of it, which goes with it' : null,
    folder === null ? null : `in ${folder}`,
    whoseWords(holder),
  ].filter((words) => words !== null);
  // Where room is scarce, the folder of the program is left out: that it runs in says more.
  const command = columns === null ? whole : (whole?.replace(/^\/\S*\/(?=\S)/, '') ?? null);
  const line = `${head}${all.join(', ')}`;
  if (command === null || command === program) return line;
  const room = columns === null ? Number.POSITIVE_INFINITY : rowsForOne * (columns - indent);
  return cutEnd(`${line}${all.length === 0 ? '' : ': '}${command}`, Math.max(room, line.length + 12), glyphs.cut);
}

/** What to do about whoever holds a port that somebody else should have. */
export function remedyLine({port, state, holders}: PortReport, {mayAskRoot}: PortScreen): string | null {
  if (state === 'owner-unknown') return mayAskRoot ? `see who it is: sudo erp ports ${port}` : null;
  if (state !== 'taken') return null;
  const other = holders.find(({whose}) => whose === 'other-project');
  return other === undefined
    ? `free it: erp ports release ${port} (shows it and asks first)`
    : `free it: erp stop ${neutralise(other.service ?? '')} in that project (erp ls shows them)`;
}

export function holderFacts(
  {user, name, command, cwd}: HolderReport,
  {home}: PortScreen,
): {
  readonly user: string | null;
  readonly program: string | null;
  readonly folder: string | null;
  readonly command: string | null;
} {
  const first = command === null ? null : (/^\S+/.exec(command)?.[0].replace(/^.*[/\\]/, '') ?? null);
  const program = name ?? first;
  const folder = cwd === null ? null : home !== null && isWithin(cwd, home) ? `~${cwd.slice(home.length)}` : cwd;
  const clean = (text: string | null) => (text === null ? null : neutralise(text));
  return {user: clean(user), program: clean(program), folder: clean(folder), command: clean(command)};
}

const isWithin = (path: string, folder: string): boolean =>
  folder !== '/' && (path === folder || path.startsWith(`${folder}/`));

/** What makes it more than a stranger. */
function whoseWords({whose, service}: HolderReport): string | null {
  const name = neutralise(service ?? '');
  switch (whose) {
    case 'old-copy':
      return `an old copy of ${name}, which the supervisor does not know any more`;
    case 'left-over':
      return `${name}, left running by the last supervisor`;
    case 'same-command':
      return `probably an old copy of ${name}: the same command, without erp's mark`;
    case 'other-project':
      return `${name} of another project of erp`;
    case 'ours':
      return service === null ? "erp's supervisor" : `${name}, which runs`;
    case 'used':
      return `used as ${name}`;
    case 'stranger':
    case 'unknown':
      return null;
  }
}
