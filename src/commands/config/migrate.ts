import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {Flags} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {shownPath} from '../../cli/shown-path.js';
import {copySchema, schemaPlace, writeWhole} from '../../cli/config/init/files.js';
import {loadConfig, requireConfig} from '../../cli/config/load.js';
import {migratedConfig} from '../../cli/config/migrate-config.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';

/** `config migrate --json` */
interface MigrateReport {
  readonly from: string;
  readonly file: string;
  readonly written: readonly string[];
  readonly keys: readonly {readonly key: string; readonly usedAs: string | null; readonly why: string | null}[];
  readonly text: string;
}

export default class ConfigMigrate extends ErpCommand {
  static override summary = 'write erp.config.yaml from an old system_config.json and keep the old file';
  static override description =
    'What is ignored, and why, stands at the end of the new file.\n\nEXIT  0 written, 2 wrong usage or erp.config.yaml is there already, 3 no old configuration or it is wrong';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config config/system_config.json --dry-run',
  ];
  static override flags = {
    'dry-run': Flags.boolean({description: 'print the file instead of writing it'}),
    force: Flags.boolean({description: 'overwrite an erp.config.yaml that is there'}),
  };

  async run(): Promise<MigrateReport> {
    const {flags} = await this.parse(ConfigMigrate);
    const loaded = await loadConfig({
      cwd: process.cwd(),
      project: flags.project,
      configFile: flags.config ?? oldFile(flags.project),
    });
    requireConfig(loaded);
    if (loaded.legacy === null) {
      throw new ErpError(`${loaded.shownFile} is not the old format: there is nothing to migrate.`, {
        code: 'ERP_NOTHING_TO_MIGRATE',
        exitCode: ExitCode.configuration,
        remedy: ['erp config migrate --config config/system_config.json'],
      });
    }
    const file = join(loaded.projectDir, 'erp.config.yaml');
    if (existsSync(file) && !flags.force && !flags['dry-run']) {
      throw new ErpError(`${file} is there already. Nothing was changed.`, {
        code: 'ERP_CONFIG_EXISTS',
        exitCode: ExitCode.usage,
        remedy: [
          'erp config migrate --dry-run shows what would be written',
          'erp config migrate --force overwrites it',
        ],
      });
    }
    const schema = schemaPlace(loaded.projectDir);
    const text = migratedConfig(loaded.legacy, {
      oldFile: shownPath(loaded.file, loaded.projectDir),
      schema: schema.reference,
    });
    const written: string[] = [];
    if (!flags['dry-run']) {
      if (schema.copy) written.push(copySchema(this.config.root, loaded.projectDir));
      writeWhole(file, text);
      written.push(file);
    }
    const keys = loaded.legacy.keys.map(({key, usedAs, why}) => ({key, usedAs, why}));
    const ignored = keys.filter(({usedAs}) => usedAs === null).length;
    const lines = [
      ...written.map((path) => `written  ${path}`),
      `kept     ${loaded.file}`,
      `${keys.length - ignored} keys used, ${ignored} ignored: erp config show --config ${loaded.shownFile}`,
    ];
    this.print(flags['dry-run'] ? text : `${lines.join('\n')}\n`);
    return {from: loaded.file, file, written, keys, text};
  }
}

/** A new file beside the old one is found first; what is to be migrated is the old one. */
function oldFile(project: string | undefined): string | undefined {
  const candidate = join(project ?? process.cwd(), 'config', 'system_config.json');
  return existsSync(candidate) ? candidate : undefined;
}
