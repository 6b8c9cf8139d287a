import {ErpCommand} from '../cli/base-command.js';
import {type RunningProject, runningProjects} from '../cli/projects.js';
import {neutralise} from '../cli/render/foreign.js';
import {type Column, renderTable} from '../cli/render/table.js';
import {formatDuration} from '../lib/core/report/format.js';

export default class Ls extends ErpCommand {
  static override summary = 'all projects of this user that run here';
  protected static override actsAsOwner = false;
  static override examples = ['<%= config.bin %> ls'];

  async run(): Promise<{projects: RunningProject[]}> {
    const {flags} = await this.parse(Ls);
    const projects = await runningProjects();
    const view = this.view(process.stdout, flags.color);
    if (projects.length === 0) this.print('No project of this user runs here.\n');
    else {
      const hasForwards = projects.some(({forwards}) => forwards.all > 0);
      const columns: Column[] = [
        {title: 'PROJECT', align: 'left', cut: true},
        {title: 'STATE', align: 'left'},
        {title: 'SERVICES', align: 'right'},
        ...(hasForwards ? [{title: 'FORWARDS', align: 'right'} as const] : []),
        {title: 'PID', align: 'right', drop: 2},
        {title: 'UPTIME', align: 'right', drop: 1},
        {title: 'FOLDER', align: 'left', cut: true},
      ];
      const rows = projects.map(({name, instance, overall, mark, services, forwards, supervisor, project}) => ({
        mark,
        cells: [
          neutralise(instance === null ? name : `${name} (${instance})`),
          overall,
          `${services.up} / ${services.all}`,
          ...(hasForwards ? [forwards.all === 0 ? null : `${forwards.up} / ${forwards.all}`] : []),
          String(supervisor.pid),
          formatDuration(supervisor.uptimeMs),
          neutralise(project),
        ],
      }));
      this.print(`${renderTable(columns, rows, view).join('\n')}\n`);
    }
    return {projects};
  }
}
