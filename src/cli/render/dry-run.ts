import {existsSync} from 'node:fs';
import {delimiter, isAbsolute, join, relative} from 'node:path';
import {forwardArgs} from '../../lib/core/connection/forward-args.js';
import type {Selection} from '../../lib/core/config/selection.js';
import {maskSecrets} from '../../lib/core/config/secrets.js';
import {countOf} from '../../lib/core/report/format.js';
import {startWaves} from '../../lib/core/report/waves.js';
import type {CommandSpec, ProjectSpec, ServiceSpec} from '../../lib/core/spec.js';
import {bold, dim} from './colour.js';
import {neutralise} from './foreign.js';
import type {View} from './table.js';
import {indented} from './table.js';
import {padEnd, cellWidth} from './width.js';

export interface DryRunReport {
  readonly project: string;
  readonly configFile: string | null;
  /** Each wave starts when the one before is ready. */
  readonly waves: readonly (readonly DryRunService[])[];
  readonly forwards: readonly DryRunForward[];
  readonly notStarted: readonly {readonly name: string; readonly why: string}[];
}

export interface DryRunForward {
  readonly name: string;
  readonly command: string;
  readonly ports: readonly number[];
  readonly needs: readonly string[];
}

export interface DryRunService {
  readonly name: string;
  readonly kind: ServiceSpec['kind'];
  readonly command: string | null;
  readonly cwd: string;
  readonly ports: readonly number[];
  readonly needs: readonly string[];
  /** Why it is only watched; null: it is started. */
  readonly observed: string | null;
  /** What a start would fail of. */
  readonly missing: readonly string[];
}

export function dryRun(spec: ProjectSpec, selection: Selection): DryRunReport {
  const meant = spec.services.filter(({name}) => selection.start.includes(name));
  return {
    project: spec.projectDir,
    configFile: spec.configFile,
    waves: startWaves(meant).map((wave) => wave.map((service) => described(service, spec))),
    forwards: spec.portForwards
      .filter(({name}) => selection.start.includes(name))
      .map((forward) => ({
        name: forward.name,
        command: [
          ...spec.connection.kubectl,
          ...forwardArgs(forward, forward.primary, forward.remotePort ?? 'PORT'),
        ].join(' '),
        ports: [forward.primary, ...forward.alternatives],
        needs: forward.dependsOn.map(({name}) => name),
      })),
    notStarted: selection.notStarted,
  };
}

function described(service: ServiceSpec, spec: ProjectSpec): DryRunService {
  return {
    name: service.name,
    kind: service.kind,
    command: service.command === null ? null : maskSecrets(commandText(service.command)),
    cwd: service.cwd,
    ports: service.port === null ? [] : [service.port.primary, ...service.port.alternatives],
    needs: service.dependsOn.map(({name}) => name),
    observed: service.kind === 'external' ? 'external' : service.observed,
    missing: [
      ...(existsSync(service.cwd) ? [] : [`folder ${service.cwd}`]),
      ...service.requiredFiles.filter((file) => !existsSync(file)).map((file) => `file ${file}`),
      ...missingProgram(service, spec),
    ],
  };
}

const commandText = (command: CommandSpec) => ('shell' in command ? command.shell : command.argv.join(' '));

/** Only where it is certain: a program named without shell, not found in any folder of the service's PATH. */
function missingProgram({command, cwd, env}: ServiceSpec, spec: ProjectSpec): string[] {
  if (command === null || 'shell' in command) return [];
  const [program] = command.argv;
  if (program.includes('{')) return [];
  if (program.includes('/')) {
    return existsSync(isAbsolute(program) ? program : join(cwd, program)) ? [] : [`program ${program}`];
  }
  if (process.platform === 'win32') return [];
  const path = env['PATH'] ?? spec.baseEnv['PATH'] ?? '';
  return path.split(delimiter).some((folder) => existsSync(join(folder, program))) ? [] : [`program ${program}`];
}

export function renderDryRun(report: DryRunReport, view: View): string {
  const all = report.waves.flat();
  const width = Math.max(4, ...[...all, ...report.forwards].map(({name}) => cellWidth(name)));
  const counted = [
    ...(all.length > 0 || report.forwards.length === 0 ? [countOf(all.length, 'service')] : []),
    ...(report.forwards.length > 0 ? [countOf(report.forwards.length, 'forward')] : []),
  ].join(', ');
  const lines = [view.paint(bold, `${counted} would start. Nothing was started.`)];
  report.waves.forEach((wave, index) => {
    lines.push(view.paint(dim, `wave ${index + 1}${index === 0 ? '' : ', when the one before is ready'}`));
    for (const service of wave) {
      const facts = [...factsOf(service), service.kind === 'job' ? 'job' : null].filter((part) => part !== null);
      const mark =
        view.glyphs.marks[service.missing.length > 0 ? 'failed' : service.observed === null ? 'moving' : 'unknown'];
      lines.push(
        ...hung(`${mark} ${padEnd(neutralise(service.name), width)}  ${facts.join(', ')}`.trimEnd(), width, view),
      );
      if (service.observed !== null)
        lines.push(...hung(`only observed: ${neutralise(service.observed)}`, width, view, true));
      if (service.command !== null) {
        const folder = relative(report.project, service.cwd);
        lines.push(
          ...hung(
            `${neutralise(service.command)}${folder === '' ? '' : `  (in ${neutralise(folder)})`}`,
            width,
            view,
            true,
          ),
        );
      }
      for (const missing of service.missing) lines.push(...hung(`missing: ${neutralise(missing)}`, width, view, true));
    }
  });
  if (report.forwards.length > 0) lines.push(view.paint(dim, 'port-forwards'));
  for (const forward of report.forwards) {
    const facts = factsOf(forward).filter((part) => part !== null);
    lines.push(
      ...hung(
        `${view.glyphs.marks.moving} ${padEnd(neutralise(forward.name), width)}  ${facts.join(', ')}`,
        width,
        view,
      ),
      ...hung(neutralise(forward.command), width, view, true),
    );
  }
  if (report.notStarted.length > 0) {
    lines.push(view.paint(dim, 'not started'));
    for (const {name, why} of report.notStarted) {
      lines.push(
        ...hung(`${view.glyphs.marks.stopped} ${padEnd(neutralise(name), width)}  ${neutralise(why)}`, width, view),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const factsOf = ({ports, needs}: Pick<DryRunService, 'ports' | 'needs'>): (string | null)[] => [
  ports.length === 0 ? null : `port ${ports[0]}${ports.length > 1 ? `, else ${ports.slice(1).join(', ')}` : ''}`,
  needs.length === 0 ? null : `needs ${needs.join(', ')}`,
];

function hung(text: string, width: number, view: View, below = false): string[] {
  const margin = width + 4;
  if (below) return indented(text, margin, view.columns);
  const [first = '', ...rest] = indented(text, 0, view.columns);
  return [first, ...rest.flatMap((line) => indented(line, margin, view.columns))];
}
