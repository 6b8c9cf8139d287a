import {join} from 'node:path';
import {Args, Flags} from '@oclif/core';
import {leaseName} from '../cli/actor.js';
import {ErpCommand} from '../cli/base-command.js';
import {EarlySignals} from '../cli/early-signals.js';
import {ensureServices} from '../cli/ensure-services.js';
import {firstProcessAdvice} from '../cli/first-process.js';
import {duration, output} from '../cli/flags.js';
import {type ForegroundOutcome, isSaid, stayInForeground} from '../cli/foreground.js';
import {loadSpec} from '../cli/load-spec.js';
import {notAfterReboot} from '../cli/not-after-reboot.js';
import {chooseProgress} from '../cli/progress/choose.js';
import type {Progress} from '../cli/progress/progress.js';
import {paintMark} from '../cli/render/colour.js';
import {dryRun, type DryRunReport, renderDryRun} from '../cli/render/dry-run.js';
import {countedParts} from '../cli/counted-parts.js';
import {headline} from '../cli/render/status.js';
import type {View} from '../cli/render/table.js';
import {type Started, startServices} from '../cli/start-services.js';
import {waitUntilReady} from '../cli/wait-ready.js';
import {selectServices} from '../lib/core/config/selection.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {formatDuration, listOf} from '../lib/core/report/format.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {startLimitMs} from '../lib/core/report/waves.js';
import type {ProjectSpec} from '../lib/core/spec.js';

export interface StartReport {
  readonly project: string;
  readonly started: readonly string[];
  readonly alreadyRunning: readonly string[];
  /** How a foreground start ended; null with `--detach`. */
  readonly end: ForegroundOutcome | null;
  readonly status: StatusDocument | null;
  /** What these services do not survive, and what to do about it; null: nothing new was left running. */
  readonly notSurvived: string | null;
}

export default class Start extends ErpCommand {
  static override summary = 'start services in order, wait until they are ready, then watch them';
  static override description = `Exit codes: 0 stopped as asked, 3 configuration, 4 a service failed, 5 no port free,
7 other configuration, 8 kubectl is missing, 9 not ready in time, 130 interrupted.`;
  static override strict = false;
  static override examples = [
    '<%= config.bin %> start',
    '<%= config.bin %> start --backend-only --max-restarts 10',
    '<%= config.bin %> start --detach && <%= config.bin %> status --wait healthy --timeout 60',
  ];
  static override args = {
    services: Args.string({description: 'services and port-forwards to start, with all they need (default: all)'}),
  };
  static override flags = {
    'backend-only': Flags.boolean({description: 'role backend, and all it needs', exclusive: ['frontend-only']}),
    'frontend-only': Flags.boolean({description: 'role frontend, without what it needs'}),
    'max-restarts': Flags.string({
      description: 'restarts until a service counts as failed (default: 5)',
      helpValue: 'N',
      helpGroup: 'SUPERVISION',
    }),
    'check-interval': Flags.string({
      description: 'pause between two probes of a ready service (default: 15s)',
      helpValue: 'DURATION',
      helpGroup: 'SUPERVISION',
    }),
    'timeout-threshold': Flags.string({
      description: 'without an answer for this long it hangs (default: 45s)',
      helpValue: 'DURATION',
      helpGroup: 'SUPERVISION',
    }),
    'start-timeout': Flags.string({
      description: 'how long a start may take (default: 120s)',
      helpValue: 'DURATION',
      helpGroup: 'SUPERVISION',
    }),
    'after-budget': Flags.string({
      description: 'when the restarts are used up: fail, or "cooldown 5m" (default)',
      helpValue: 'WHAT',
      helpGroup: 'SUPERVISION',
    }),
    'give-up-after': Flags.string({
      description: 'failed for this long: no more tries (CI: 0)',
      helpValue: 'DURATION',
      helpGroup: 'SUPERVISION',
    }),
    detach: Flags.boolean({char: 'd', description: 'return as soon as all are ready; they go on'}),
    timeout: duration({description: 'how long --detach waits (default: as long as the starts may take)'}),
    'or-stop': Flags.boolean({description: 'stop everything when it does not get ready', dependsOn: ['detach']}),
    ensure: Flags.boolean({
      description: 'for schedulers: bring back what was wanted last, say nothing when all is well',
    }),
    'dry-run': Flags.boolean({description: 'show order, ports and commands; start nothing'}),
    demo: Flags.boolean({description: 'the built-in demo ERP, in this folder'}),
    debug: Flags.boolean({description: 'show and log everything, with DEBUG lines'}),
    output: output(),
  };

  async run(): Promise<StartReport | DryRunReport> {
    const {argv, flags} = await this.parse(Start);
    this.streaming = flags.output === 'jsonl';
    const dist = join(this.config.root, 'dist');
    const {spec, notices} = await loadSpec({
      ...flags,
      cwd: process.cwd(),
      debug: flags.debug,
      demoDir: flags.demo ? join(dist, 'demo') : undefined,
      overrides: {
        maxRestarts: flags['max-restarts'],
        checkInterval: flags['check-interval'],
        timeoutThreshold: flags['timeout-threshold'],
        startTimeout: flags['start-timeout'],
        afterBudget: flags['after-budget'],
        giveUpAfter: flags['give-up-after'],
      },
    });
    if (!flags.ensure) for (const notice of notices) this.advise(notice);
    const wish = {
      names: argv as string[],
      backendOnly: flags['backend-only'],
      frontendOnly: flags['frontend-only'],
    };
    const selection = selectServices(spec, wish);
    const view = this.view(process.stdout, flags.color);
    if (flags['dry-run']) {
      const report = dryRun(spec, selection);
      this.print(renderDryRun(report, view));
      return report;
    }
    const detached = flags.detach || flags.ensure;
    const advice = firstProcessAdvice(!detached);
    if (advice !== null) this.advise(advice);
    const begunAt = Date.now();
    const early = detached ? null : new EarlySignals();
    const started = await (flags.ensure ? ensureServices : startServices)({
      spec,
      services: selection.start,
      named: wish.names,
      alone: flags['frontend-only'],
      lease: detached ? null : leaseName(),
      supervisorFile: join(dist, 'supervisor.js'),
      version: this.config.version,
    });
    if (started === null) {
      return {
        project: spec.projectDir,
        started: [],
        alreadyRunning: [],
        end: null,
        status: null,
        notSurvived: null,
      };
    }
    const {answer, otherEnvironment} = started;
    if (otherEnvironment.length > 0) {
      const [shown, more] = [otherEnvironment.slice(0, 5), otherEnvironment.length - 5];
      this.advise(
        `The environment here is another one (${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}); services keep that of the first start until erp stop.`,
      );
    }
    const nothingNew = answer.started.length === 0 && !started.launched;
    if (nothingNew && !flags.ensure && !this.streaming) {
      this.print(
        `${paintMark(view.paint, view.glyphs, 'good')} already running: ${listOf(answer.alreadyRunning)}. erp attach shows it.\n`,
      );
    }
    // What runs already is said, and that is all.
    if (nothingNew && !detached) return this.#report(spec, started, null, await started.client.status());
    const progress = await chooseProgress({
      output: flags.output,
      quiet: this.jsonEnabled() || flags.ensure,
      level: flags.debug ? 'DEBUG' : 'INFO',
      colour: flags.color,
      logDir: spec.logDir,
    });
    if (!this.streaming && !flags.ensure && !this.jsonEnabled()) {
      const file = flags.demo ? 'built-in demo' : (spec.configFile?.slice(spec.projectDir.length + 1) ?? '');
      progress.notice(`${spec.name}  ${countedParts(spec, selection.start)}, ${file}`);
    }
    // Named services join a supervisor that runs already; what else it holds is not this terminal's to stop.
    const joined = !started.launched && wish.names.length > 0;
    if (early !== null && !joined) return await this.#stay(spec, started, progress, view, begunAt, early);
    early?.handOver();
    return await this.#detach(spec, started, progress, view, selection.start, flags, begunAt);
  }

  async #detach(
    spec: ProjectSpec,
    started: Started,
    progress: Progress,
    view: View,
    names: readonly string[],
    flags: {readonly timeout?: number | undefined; readonly 'or-stop': boolean; readonly ensure: boolean},
    begunAt: number,
  ): Promise<StartReport> {
    const status = await waitUntilReady({
      client: started.client,
      progress,
      following: started.follow(null),
      names: flags.ensure ? null : names,
      timeoutMs: flags.timeout ?? startLimitMs(spec, names),
      orStop: flags['or-stop'],
    });
    const isNews = started.launched || started.answer.started.length > 0;
    if (isNews && !flags.ensure && !this.streaming) this.print(`${readyLine(status, Date.now() - begunAt, view)}\n`);
    const notSurvived = started.launched && !flags.ensure ? notAfterReboot : null;
    if (notSurvived !== null && !this.streaming && !this.jsonEnabled()) this.advise(notSurvived);
    if (this.streaming) this.#result({exitCode: ExitCode.done, status, notSurvived});
    return {...this.#report(spec, started, null, status), notSurvived};
  }

  async #stay(
    spec: ProjectSpec,
    started: Started,
    progress: Progress,
    view: View,
    begunAt: number,
    early: EarlySignals,
  ): Promise<StartReport> {
    let status: StatusDocument | null = null;
    const outcome = await stayInForeground({
      client: started.client,
      progress,
      following: started.follow(leaseName()),
      holds: true,
      early,
      onReady: (document) => {
        status = document;
        if (this.streaming) return;
        this.print(`${readyLine(document, Date.now() - begunAt, view)}. Ctrl-C stops everything.\n`);
      },
    });
    process.exitCode = outcome.exitCode;
    if (this.streaming) this.#result(outcome);
    else if (outcome.reason !== 'stopped')
      this.advise(`${isSaid(outcome) ? '' : `${outcome.text}. `}Exit code ${outcome.exitCode}.`);
    return this.#report(spec, started, outcome, status);
  }

  #result(facts: object): void {
    process.stdout.write(`${JSON.stringify({type: 'result', ...facts})}\n`);
  }

  #report(
    spec: ProjectSpec,
    {answer}: Started,
    end: ForegroundOutcome | null,
    status: StatusDocument | null,
  ): StartReport {
    return {
      project: spec.projectDir,
      started: answer.started,
      alreadyRunning: answer.alreadyRunning,
      end,
      status,
      notSurvived: null,
    };
  }
}

/** `● healthy after 6.2s` */
function readyLine(document: StatusDocument, tookMs: number, view: View): string {
  const [line = ''] = headline(document, view).split('  ');
  return `${line} after ${formatDuration(tookMs)}`;
}
