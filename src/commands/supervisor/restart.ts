import {join} from 'node:path';
import {ErpCommand} from '../../cli/base-command.js';
import {clientFor, placeOf} from '../../cli/compose.js';
import {noSupervisor, runningProjects} from '../../cli/projects.js';
import {paintMark} from '../../cli/render/colour.js';
import {replaceSupervisor} from '../../cli/replace-supervisor.js';
import {lastSpec} from '../../cli/left-over.js';

export default class SupervisorRestart extends ErpCommand {
  static override summary = 'replace the supervisor by one of this version; services go on';
  static override description =
    `The new supervisor adopts what runs: no service is restarted, no line of output is lost. The configuration stays
the one it was started with. Exit codes: 0, 6 no supervisor.`;
  static override examples = ['<%= config.bin %> supervisor restart'];

  async run(): Promise<{pid: number; version: string; replaced: {pid: number; version: string}}> {
    const {flags} = await this.parse(SupervisorRestart);
    const place = await placeOf(flags);
    const old = await clientFor(place).hello();
    const spec = lastSpec(place);
    if (old === null || spec === null) throw noSupervisor(place.projectDir, await runningProjects());
    const hello = await replaceSupervisor({
      spec,
      supervisorFile: join(this.config.root, 'dist', 'supervisor.js'),
      version: this.config.version,
      pid: old.pid,
    });
    const view = this.view(process.stdout, flags.color);
    this.print(
      `${paintMark(view.paint, view.glyphs, 'good')} supervisor ${hello.version} (pid ${hello.pid}) in place of ${old.version} (pid ${old.pid})\n`,
    );
    return {
      pid: hello.pid,
      version: hello.version,
      replaced: {pid: old.pid, version: old.version},
    };
  }
}
