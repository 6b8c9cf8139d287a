import {Args, Flags} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {duration} from '../../cli/flags.js';
import {screenFor} from '../../cli/ports/look.js';
import {projectNow} from '../../cli/ports/project.js';
import {releasePort, type ReleaseReport} from '../../cli/ports/release.js';
import {releaseWorld} from '../../cli/ports/release-world.js';
import {planSource} from '../../cli/ports/source.js';
import {parseWish} from '../../cli/ports/wish.js';
import {renderRelease} from '../../cli/render/release.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';

interface ReleaseDocument {
  readonly schema: 1;
  readonly ports: readonly ReleaseReport[];
}

const usualGraceMs = 10_000;

export default class PortsRelease extends ErpCommand {
  static override aliases = ['ports:free'];
  static override summary = 'end who holds a port, gently, after showing and asking';
  static override description =
    `It shows the process, asks, sends SIGTERM, waits, and looks whether the port stays free. Never ended: process 1,
erp itself and what it was started from, services of a running erp (erp stop does that). Parts of the system only with --force.
Exit codes: 0 free now, 2 wrong usage or nobody to ask (--yes), 4 not freed, 130 answered no.`;
  static override examples = [
    '<%= config.bin %> ports release 8000',
    '<%= config.bin %> ports release 8000 8001 --yes',
    '<%= config.bin %> ports release 8000 --yes --kill --grace 30s',
    '<%= config.bin %> ports release 8000 --dry-run',
  ];
  static override args = {port: Args.string({description: 'one or more ports', required: true, helpValue: 'PORT'})};
  static override strict = false;
  static override flags = {
    yes: Flags.boolean({char: 'y', description: 'do not ask'}),
    grace: duration({
      description: 'how long it may take to end',
      default: usualGraceMs,
      defaultHelp: async () => '10s',
    }),
    kill: Flags.boolean({description: 'end it by force when it does not end in time'}),
    force: Flags.boolean({description: 'parts of the system, too'}),
    'dry-run': Flags.boolean({description: 'show who would be ended, and end nobody'}),
  };
  // Root may end what the owner of the project may not.
  protected static override actsAsOwner = false;

  async run(): Promise<ReleaseDocument> {
    const {argv, flags} = await this.parse(PortsRelease);
    const ports = portsIn(argv as string[]);
    const source = await planSource(flags, this.config.root);
    const [now, plan] = await Promise.all([projectNow(source.place), source.plan().catch(() => null)]);
    const view = this.view(process.stdout, flags.color);
    const screen = screenFor(view, null);
    const world = releaseWorld({
      now,
      plan: plan ?? now.plan,
      screen,
      yes: flags.yes,
      force: flags.force,
      json: this.jsonEnabled(),
      argv: process.argv.slice(2),
      print: (lines) => this.print(lines.map((line) => `${line}\n`).join('')),
    });
    const options = {graceMs: flags.grace, dryRun: flags['dry-run'], kill: flags.kill};
    const reports: ReleaseReport[] = [];
    for (const port of ports) {
      const report = await releasePort(port, options, world);
      this.print(renderRelease(report, view));
      reports.push(report);
    }
    const isDone = ({result}: ReleaseReport) => ['released', 'was-free', 'would-release'].includes(result);
    process.exitCode = reports.every(isDone) ? ExitCode.done : ExitCode.serviceFailed;
    return {schema: 1, ports: reports};
  }
}

function portsIn(words: readonly string[]): readonly number[] {
  const {names, ports} = parseWish(words, false);
  const [name] = names ?? [];
  if (name === undefined && ports !== 'all') return ports;
  throw new ErpError(`${name} is no port.`, {
    code: 'ERP_USAGE',
    exitCode: ExitCode.usage,
    remedy: ['erp ports release 8000', `erp stop ${name} for a service of this project`],
  });
}
