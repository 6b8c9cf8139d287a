import {Args} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {prepareProject} from '../../cli/config/prepare.js';
import {paintMark} from '../../cli/render/colour.js';
import {counted, type ValidateReport, validateReport} from '../../cli/config/validate-report.js';

export default class ConfigValidate extends ErpCommand {
  static override summary = 'check the configuration and say what is wrong, where, and what is allowed';
  static override description =
    'Reads the configuration as every command does: file, environment (ERP_…), .env and the files that services name.\nNothing is started or changed.\n\nEXIT  0 valid, 2 wrong usage, 3 none found or something in it is wrong';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> other.config.yaml',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override args = {file: Args.string({description: 'configuration file (default: search upwards)'})};

  async run(): Promise<ValidateReport> {
    const {args, flags} = await this.parse(ConfigValidate);
    const project = await prepareProject({
      cwd: process.cwd(),
      project: flags.project,
      configFile: args.file ?? flags.config,
      env: process.env,
      mode: 'start',
      runtimeDirOf: () => '',
    });
    const report = validateReport(project);
    if (!this.jsonEnabled()) for (const notice of report.notices) this.advise(notice);
    const view = this.view(process.stdout, flags.color);
    const forwards = report.portForwards.length === 0 ? '' : `, ${counted(report.portForwards.length, 'port-forward')}`;
    this.print(
      `${paintMark(view.paint, view.glyphs, 'good')} ${project.loaded.shownFile} is valid: ${counted(report.services.length, 'service')}${forwards}.\n`,
    );
    return report;
  }
}
