import {Args, Flags} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {prepareProject} from '../../cli/config/prepare.js';
import {renderShow, type ShowReport, showReport} from '../../cli/config/show-report.js';
import {unknownService} from '../../lib/core/config/selection.js';

export default class ConfigShow extends ErpCommand {
  static override summary = 'print every effective value and where it comes from';
  static override description =
    'Precedence: flag, environment (ERP_…), file, default. Secrets are shown as ***. For an old system_config.json the\nfate of each key is listed as well.\n\nEXIT  0 done, 2 wrong usage, 3 none found or something in it is wrong';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> backend --changed',
    'ERP_MAX_RESTARTS=10 <%= config.bin %> <%= command.id %> backend',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override args = {
    service: Args.string({description: 'only this service or port-forward (default: everything)'}),
  };
  static override flags = {
    changed: Flags.boolean({description: 'without the values that are defaults'}),
    watchdog: Flags.boolean({description: 'with the defaults of `erp watchdog`'}),
  };

  async run(): Promise<ShowReport> {
    const {args, flags} = await this.parse(ConfigShow);
    const project = await prepareProject({
      cwd: process.cwd(),
      project: flags.project,
      configFile: flags.config,
      env: process.env,
      mode: flags.watchdog ? 'watchdog' : 'start',
      runtimeDirOf: () => '',
    });
    const names = [...project.spec.services, ...project.spec.portForwards].map(({name}) => name);
    if (args.service !== undefined && !names.includes(args.service)) throw unknownService(args.service, names);
    const report = showReport(project, args.service === undefined ? [] : [args.service]);
    if (!this.jsonEnabled()) for (const notice of report.notices) this.advise(notice);
    this.print(renderShow(report, this.view(process.stdout, flags.color), {changed: flags.changed}));
    return report;
  }
}
