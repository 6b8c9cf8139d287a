import {join} from 'node:path';
import {Args, Flags} from '@oclif/core';
import {leaseName} from '../cli/actor.js';
import {ErpCommand} from '../cli/base-command.js';
import {firstProcessAdvice} from '../cli/first-process.js';
import {EarlySignals} from '../cli/early-signals.js';
import {output} from '../cli/flags.js';
import {type ForegroundOutcome, isSaid, stayInForeground} from '../cli/foreground.js';
import {type LoadedSpec, loadSpec} from '../cli/load-spec.js';
import {chooseProgress} from '../cli/progress/choose.js';
import {startServices} from '../cli/start-services.js';
import {watchdogSpec, watchedService} from '../cli/watchdog-spec.js';
import {selectServices} from '../lib/core/config/selection.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {listOf} from '../lib/core/report/format.js';

export interface WatchdogReport {
  readonly service: string;
  readonly instance: string | null;
  readonly end: ForegroundOutcome | null;
}

const policyFlag = (description: string, helpValue: string) =>
  Flags.string({description, helpValue, helpGroup: 'SUPERVISION'});

export default class Watchdog extends ErpCommand {
  static override summary = 'keep one service or one program alive; end with 4 when its restarts are used up';
  static override description = `With a name: a service of the configuration and what it needs (default: the backend).
With -- COMMAND: any program, without configuration.
Exit codes: 0 stopped as asked, 4 the budget is spent, 5 no port free, 7 other configuration, 130 interrupted.`;
  static override usage = ['watchdog [SERVICE] [FLAGS]', 'watchdog [FLAGS] -- COMMAND …'];
  static override strict = false;
  static override examples = [
    '<%= config.bin %> watchdog backend --max-restarts 10',
    '<%= config.bin %> watchdog --port 8000,8001 --health /health -- python3 -m uvicorn main:app --port {port}',
  ];
  static override args = {service: Args.string({description: 'service of the configuration (default: the backend)'})};
  static override flags = {
    name: Flags.string({description: 'name of the instance (default: after the program)', helpGroup: 'COMMAND'}),
    port: Flags.string({
      description: 'port of the program, with alternatives: 8000,8001',
      helpValue: 'PORT',
      helpGroup: 'COMMAND',
    }),
    health: Flags.string({
      description: 'address or path that is asked; default: does the port answer',
      helpValue: 'URL',
      helpGroup: 'COMMAND',
    }),
    expect: Flags.string({
      description: 'field of the health answer that must have this value, status=healthy',
      helpValue: 'FIELD=VALUE',
      helpGroup: 'SUPERVISION',
    }),
    'check-interval': policyFlag('pause between two probes (default: 15s)', 'DURATION'),
    'timeout-threshold': policyFlag('without an answer for this long it hangs (default: 45s)', 'DURATION'),
    'max-restarts': policyFlag('restarts until it counts as failed (default: 5)', 'N'),
    'start-timeout': policyFlag('how long a start may take (default: 120s)', 'DURATION'),
    'after-budget': policyFlag('when the restarts are used up: fail (default), or "cooldown 5m"', 'WHAT'),
    debug: Flags.boolean({description: 'show and log everything, with DEBUG lines'}),
    output: output(),
  };

  async run(): Promise<WatchdogReport> {
    const {flags, argv} = await this.parse(Watchdog);
    this.streaming = flags.output === 'jsonl';
    const {before, command} = this.#words(argv as string[]);
    const overrides = {
      checkInterval: flags['check-interval'],
      timeoutThreshold: flags['timeout-threshold'],
      maxRestarts: flags['max-restarts'],
      startTimeout: flags['start-timeout'],
      afterBudget: flags['after-budget'],
    };
    const {spec, notices} =
      command === null
        ? await this.#fromConfiguration(flags, overrides, before)
        : await watchdogSpec({
            ...flags,
            cwd: process.cwd(),
            overrides,
            command: {
              argv: command,
              name: flags.name ?? flags.instance ?? null,
              port: flags.port ?? null,
              health: flags.health ?? null,
              expect: flags.expect === undefined ? [] : [flags.expect],
            },
          });
    for (const notice of notices) this.advise(notice);
    const service = command === null ? watchedService(spec, before[0] ?? null) : (spec.instance as string);
    const advice = firstProcessAdvice(true);
    if (advice !== null) this.advise(advice);
    const lease = leaseName();
    const early = new EarlySignals();
    const started = await startServices({
      spec: flags.debug ? {...spec, logging: {...spec.logging, ownLevel: 'DEBUG'}} : spec,
      services: selectServices(spec, {names: [service]}).start,
      named: [],
      alone: false,
      lease,
      supervisorFile: join(this.config.root, 'dist', 'supervisor.js'),
      version: this.config.version,
    });
    if (!started.launched && started.answer.started.length === 0) {
      this.advise(`already running: ${listOf(started.answer.alreadyRunning)}. erp attach shows it.`);
      return {service, instance: spec.instance, end: null};
    }
    const progress = await chooseProgress({
      output: flags.output,
      quiet: this.jsonEnabled(),
      level: flags.debug ? 'DEBUG' : 'INFO',
      colour: flags.color,
      logDir: spec.logDir,
    });
    const end = await stayInForeground({
      client: started.client,
      progress,
      following: started.follow(null),
      holds: started.launched,
      early,
    });
    process.exitCode = end.exitCode;
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'result', ...end})}\n`);
    else if (end.reason !== 'stopped') this.advise(`${isSaid(end) ? '' : `${end.text}. `}Exit code ${end.exitCode}.`);
    return {service, instance: spec.instance, end};
  }

  /** What stands behind `--` is the command; oclif takes the dashes away, the command line still has them. */
  #words(argv: readonly string[]): {before: readonly string[]; command: readonly string[] | null} {
    const dashes = this.argv.indexOf('--');
    const count = dashes < 0 ? 0 : this.argv.length - dashes - 1;
    const before = argv.slice(0, argv.length - count);
    if (before.length > 1 || (dashes >= 0 && before.length > 0)) {
      throw usage(
        dashes >= 0 ? 'Either a service or a command, not both.' : `One service at a time: ${before.join(', ')}.`,
        ['erp watchdog SERVICE', 'erp watchdog -- COMMAND', 'erp start SERVICE SERVICE for several'],
      );
    }
    if (dashes >= 0 && count === 0) throw usage('Nothing stands behind --.', ['erp watchdog -- COMMAND']);
    return {before, command: dashes < 0 ? null : argv.slice(argv.length - count)};
  }

  async #fromConfiguration(
    flags: {
      readonly project?: string | undefined;
      readonly config?: string | undefined;
      readonly name?: string | undefined;
      readonly port?: string | undefined;
      readonly health?: string | undefined;
      readonly expect?: string | undefined;
    },
    overrides: Parameters<typeof loadSpec>[0]['overrides'],
    before: readonly string[],
  ): Promise<LoadedSpec> {
    const wrong = (['name', 'port', 'health'] as const).find((flag) => flags[flag] !== undefined);
    if (wrong !== undefined) {
      throw usage(`--${wrong} belongs to a command; a service has it in the configuration.`, [
        `erp watchdog --${wrong} ${flags[wrong]} -- COMMAND`,
        `erp watchdog ${before[0] ?? 'SERVICE'} without it`,
      ]);
    }
    return await loadSpec({
      project: flags.project,
      config: flags.config,
      cwd: process.cwd(),
      mode: 'watchdog',
      overrides: {...overrides, expect: flags.expect},
    });
  }
}

function usage(message: string, remedy: readonly string[]): ErpError {
  return new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy});
}
