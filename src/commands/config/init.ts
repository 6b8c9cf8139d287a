import {existsSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {Flags} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {copySchema, gitignoreWith, schemaPlace, writeWhole} from '../../cli/config/init/files.js';
import {listensOnLoopback} from '../../cli/config/init/folder.js';
import {initialConfig} from '../../cli/config/init/init-config.js';
import {counted} from '../../cli/config/validate-report.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';

/** `config init --json` */
interface InitReport {
  readonly file: string;
  /** What was written, absolute; empty with --dry-run. */
  readonly written: readonly string[];
  /** Nothing to start was found; the file holds an example. */
  readonly example: boolean;
  readonly services: readonly {readonly name: string; readonly foundIn: string; readonly notes: readonly string[]}[];
  readonly notices: readonly string[];
  readonly text: string;
}

export default class ConfigInit extends ErpCommand {
  static override summary = 'look at this folder and write the erp.config.yaml that fits it';
  static override description =
    'Reads process-compose.yaml, Procfile, ecosystem.config.js (pm2) or supervisord.conf; without them package.json, Python\nbackends, Celery, redis.conf. Databases that answer on this machine are proposed as external.\nNothing is overwritten without --force and nothing is started.\n\nEXIT  0 written, 2 wrong usage or a configuration is there already';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> -C ../shop --force',
  ];
  static override flags = {
    'dry-run': Flags.boolean({description: 'print the file instead of writing it'}),
    force: Flags.boolean({description: 'overwrite an erp.config.yaml that is there'}),
  };

  async run(): Promise<InitReport> {
    const {flags} = await this.parse(ConfigInit);
    const projectDir = resolve(flags.project ?? '.');
    const file = resolve(projectDir, flags.config ?? 'erp.config.yaml');
    if (!existsSync(projectDir)) {
      throw new ErpError(`${projectDir} is not there.`, {
        code: 'ERP_USAGE',
        exitCode: ExitCode.usage,
        remedy: [`mkdir ${projectDir}`],
      });
    }
    if (existsSync(file) && !flags.force && !flags['dry-run']) {
      throw new ErpError(`${file} is there already. Nothing was changed.`, {
        code: 'ERP_CONFIG_EXISTS',
        exitCode: ExitCode.usage,
        remedy: ['erp config init --dry-run shows what would be written', 'erp config init --force overwrites it'],
      });
    }
    const schema = schemaPlace(projectDir);
    const initial = await initialConfig(projectDir, {
      listens: listensOnLoopback,
      platform: process.platform,
      schema: schema.reference,
    });
    const written: string[] = [];
    if (!flags['dry-run']) {
      if (schema.copy) written.push(copySchema(this.config.root, projectDir));
      const gitignore = gitignoreWith(projectDir);
      if (gitignore !== null) {
        writeWhole(join(projectDir, '.gitignore'), gitignore);
        written.push(join(projectDir, '.gitignore'));
      }
      // Last: when one of the others can't be written, the next try finds no configuration in its way.
      writeWhole(file, initial.text);
      written.push(file);
    }
    const report: InitReport = {
      file,
      written,
      example: initial.example,
      services: initial.proposals.map(({name, source, notes}) => ({name, foundIn: source, notes})),
      notices: initial.notices,
      text: initial.text,
    };
    if (!this.jsonEnabled()) for (const notice of initial.notices) this.advise(notice);
    this.print(flags['dry-run'] ? initial.text : render(report));
    return report;
  }
}

function render({services, written, example}: InitReport): string {
  const width = Math.max(...services.map(({name}) => name.length));
  const found = services.flatMap(({name, foundIn, notes}) => [
    `  ${name.padEnd(width)}  ${foundIn}`,
    ...notes.map((note) => `  ${' '.repeat(width)}  ${note}`),
  ]);
  const head = example
    ? 'Nothing to start was found; the file holds an example.'
    : `Found ${counted(services.length, 'service')}.`;
  return `${[head, ...found, ...written.map((file) => `written  ${file}`)].join('\n')}\nnext: erp config validate, erp start\n`;
}
