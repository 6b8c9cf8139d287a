import {accessSync, existsSync, statSync} from 'node:fs';
import {userInfo} from 'node:os';
import {delimiter, dirname, isAbsolute, join, resolve} from 'node:path';
import {Args} from '@oclif/core';
import {ErpCommand} from '../cli/base-command.js';
import {nameOfUser} from '../cli/find-supervisor.js';
import {loadSpec} from '../cli/load-spec.js';
import {neutralise} from '../cli/render/foreign.js';
import {cronLine} from '../lib/core/autostart/cron.js';
import {
  assertPlain,
  type Autostart as Report,
  type AutostartFacts,
  type Scheduler,
  schedulers,
} from '../lib/core/autostart/facts.js';
import {launchdAgent} from '../lib/core/autostart/launchd.js';
import {systemdUnits} from '../lib/core/autostart/systemd.js';
import {scheduledTask} from '../lib/core/autostart/task-scheduler.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {projectHash} from '../lib/platform/project-paths.js';

const makers: Readonly<Record<Scheduler, (facts: AutostartFacts) => Report>> = {
  cron: cronLine,
  systemd: systemdUnits,
  launchd: launchdAgent,
  'task-scheduler': scheduledTask,
};

export default class Autostart extends ErpCommand {
  static override summary =
    'print what starts this project after a reboot, for cron, systemd, launchd or Task Scheduler';
  static override description =
    `Prints the line, or a script that puts the units in place, with the paths of this machine; nothing is changed.
Without a name: systemd where it runs, else what the system has. Exit codes: 0, 2 wrong usage, 3 configuration.`;
  static override examples = [
    '<%= config.bin %> autostart',
    '(crontab -l; <%= config.bin %> autostart cron) | crontab -',
    '<%= config.bin %> autostart systemd | sh',
  ];
  protected static override actsAsOwner = false;
  static override args = {
    scheduler: Args.string({description: schedulers.join(', '), options: [...schedulers]}),
  };

  async run(): Promise<Report> {
    const {args, flags} = await this.parse(Autostart);
    if (flags.instance !== undefined) {
      throw new ErpError('What erp watchdog started has no configuration that a scheduler could start again.', {
        code: 'ERP_AUTOSTART_INSTANCE',
        exitCode: ExitCode.usage,
        remedy: ['erp config init writes one, then: erp autostart'],
      });
    }
    const {spec} = await loadSpec({...flags, cwd: process.cwd()});
    const scheduler = (args.scheduler as Scheduler | undefined) ?? usualScheduler();
    const facts: AutostartFacts = {
      name: spec.name,
      projectDir: spec.projectDir,
      configFile: flags.config === undefined ? null : resolve(flags.config),
      hash: projectHash(spec.projectDir, null).slice(0, 6),
      node: process.execPath,
      erp: join(this.config.root, 'bin', 'run.js'),
      path: searchPath(process.env['PATH'] ?? '', process.execPath),
      ...whoFor(spec.projectDir),
    };
    assertPlain(facts);
    const report = makers[scheduler](facts);
    this.print(report.text);
    if (!this.jsonEnabled()) for (const line of [...report.advice, ...this.#fragile()]) this.advise(neutralise(line));
    return report;
  }

  /** Paths that an upgrade takes away. */
  #fragile(): string[] {
    const {root} = this.config;
    const isCache = /[\\/]_npx[\\/]/.test(root);
    const isVersioned = /[\\/](?:\.nvm|\.fnm|\.volta|fnm_multishells|Cellar)[\\/]/.test(process.execPath);
    return [
      ...(isCache ? [`erp lies in npm's cache (${root}), which is emptied: install it first, npm install -g`] : []),
      ...(isVersioned ? [`this names one version of Node (${process.execPath}): print it anew after an upgrade`] : []),
    ];
  }
}

function usualScheduler(): Scheduler {
  if (process.platform === 'win32') return 'task-scheduler';
  if (process.platform === 'darwin') return 'launchd';
  return existsSync('/run/systemd/system') ? 'systemd' : 'cron';
}

/** Schedulers give almost no PATH, and services need ours; what is relative, doubled or not there is left out. */
function searchPath(path: string, node: string): string {
  const folders = new Set([...path.split(delimiter), dirname(node)]);
  return [...folders].filter((folder) => isAbsolute(folder) && isFolder(folder)).join(delimiter);
}

function isFolder(path: string): boolean {
  try {
    accessSync(path);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Root sets up the machine for the project's owner; anybody else for themselves. */
function whoFor(projectDir: string): Pick<AutostartFacts, 'user' | 'home' | 'isRoot'> {
  const {username, homedir} = userInfo();
  const isRoot = process.getuid?.() === 0;
  return {user: isRoot ? nameOfUser(statSync(projectDir).uid) : username, home: homedir, isRoot};
}
