import {join} from 'node:path';
import {Args, Flags} from '@oclif/core';
import {leaseName} from '../cli/actor.js';
import {ErpCommand} from '../cli/base-command.js';
import {clientFor, placeOf} from '../cli/compose.js';
import {EarlySignals} from '../cli/early-signals.js';
import {duration, output} from '../cli/flags.js';
import {following} from '../cli/following.js';
import {type ForegroundOutcome, isSaid, stayInForeground} from '../cli/foreground.js';
import {loadSpec} from '../cli/load-spec.js';
import {askOnce} from '../cli/monitor/once.js';
import {type ForwardsOutcome, outcomeOf} from '../cli/monitor/outcome.js';
import {renderForwardPorts} from '../cli/monitor/ports.js';
import {monitorView} from '../cli/monitor/progress.js';
import {notAfterReboot} from '../cli/not-after-reboot.js';
import {lookAtPorts, portsExitCode, screenFor} from '../cli/ports/look.js';
import {planSource} from '../cli/ports/source.js';
import {paintMark} from '../cli/render/colour.js';
import {contextLines, forwardTable} from '../cli/render/forwards.js';
import {requireKubectl} from '../cli/require-kubectl.js';
import {shownPath} from '../cli/shown-path.js';
import {type Started, startServices} from '../cli/start-services.js';
import {waitUntilReady} from '../cli/wait-ready.js';
import {selectForwards, selectServices} from '../lib/core/config/selection.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {PortsDocument} from '../lib/core/ports/document.js';
import {countOf, formatDuration, listOf} from '../lib/core/report/format.js';
import type {ContextStatus, ForwardStatus, StatusDocument} from '../lib/core/report/status.js';
import {startLimitMs} from '../lib/core/report/waves.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {noteConnectionLaunch} from '../lib/platform/connection-log.js';

export interface MonitorReport {
  readonly project: string;
  readonly forwards: readonly ForwardStatus[];
  readonly contexts: readonly ContextStatus[];
  readonly started: readonly string[];
  readonly alreadyRunning: readonly string[];
  /** How a foreground monitor ended; null in the other modes. */
  readonly end: ForegroundOutcome | null;
  /** `--mode ports`: who holds which port. */
  readonly ports: PortsDocument | null;
}

interface MonitorFlags {
  readonly mode: string;
  readonly once: boolean;
  readonly timeout?: number | undefined;
  readonly debug: boolean;
  readonly output: 'text' | 'jsonl';
  readonly color: boolean;
  readonly project?: string | undefined;
  readonly config?: string | undefined;
  readonly instance?: string | undefined;
}

/** What a mode works with. */
interface Monitoring {
  readonly spec: ProjectSpec;
  readonly names: readonly string[];
  readonly flags: MonitorFlags;
}

export default class MonitorConnection extends ErpCommand {
  static override summary = 'keep port-forwards alive, and believe them only when they answer';
  static override description =
    `Starts the kubectl port-forwards of the configuration, asks through each of them every few seconds, and replaces
what does not answer. A supervisor that runs already gets them added; the terminal that started it holds it, Ctrl-C stops it.
--mode background returns when all answer, ports shows who holds which local port, --once asks each of them once.
Exit codes: 0 stopped as asked, or all answer, 2 wrong usage, 3 configuration, 4 something does not answer or needs you,
7 other configuration, 8 kubectl is missing, 9 not known in time, 130 interrupted.`;
  static override strict = false;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> grafana --mode background',
    '<%= config.bin %> <%= command.id %> --once --timeout 30',
    '<%= config.bin %> <%= command.id %> --mode ports',
  ];
  static override args = {forwards: Args.string({description: 'port-forwards (default: all)'})};
  static override flags = {
    mode: Flags.option({
      options: ['foreground', 'background', 'ports', 'task', 'service'] as const,
      default: 'foreground' as const,
      description: 'how it runs; task and service come with a later version',
    })(),
    once: Flags.boolean({description: 'ask each of them once; what was started for it is stopped again'}),
    timeout: duration({description: 'how long background and --once wait (default: as long as the starts may take)'}),
    debug: Flags.boolean({description: 'show and log everything, with DEBUG lines'}),
    output: output(),
  };

  async run(): Promise<MonitorReport> {
    const {argv, flags} = await this.parse(MonitorConnection);
    this.streaming = flags.output === 'jsonl';
    if (flags.mode === 'task' || flags.mode === 'service') throw later(flags.mode);
    if (flags.once && flags.mode !== 'foreground') throw onceAlone(flags.mode);
    const {mode, ...place} = flags;
    const {spec, notices} = await loadSpec({...place, cwd: process.cwd(), debug: flags.debug});
    for (const notice of notices) this.advise(notice);
    const monitoring = {spec, names: selectForwards(spec, argv as string[]), flags: flags as MonitorFlags};
    if (mode === 'ports') return await this.#ports(monitoring);
    requireKubectl(spec);
    if (flags.once) return await this.#once(monitoring);
    return await this.#keep(monitoring, mode === 'background');
  }

  async #ports({spec, names, flags}: Monitoring): Promise<MonitorReport> {
    const source = await planSource(flags, this.config.root);
    const [ports, status] = await Promise.all([
      lookAtPorts({names, ports: []}, source),
      clientFor(await placeOf(flags)).status(),
    ]);
    const {forwards} = outcomeOf(status, specsOf(spec, names));
    const {configFile} = source.place;
    const file = configFile === null ? null : shownPath(configFile, process.cwd());
    const contexts = status?.contexts ?? [];
    this.#show(renderForwardPorts(forwards, contexts, ports, screenFor(this.view(process.stdout, flags.color), file)));
    process.exitCode = portsExitCode(ports);
    return this.#report({spec, forwards, contexts, ports});
  }

  /** With a supervisor it only asks; without one it starts, asks and stops. */
  async #once({spec, names, flags}: Monitoring): Promise<MonitorReport> {
    const client = clientFor(await placeOf(flags));
    const isRunning = (await client.hello()) !== null;
    const started = isRunning ? null : await this.#start({spec, names, flags}, leaseName());
    const specs = specsOf(spec, names);
    const asked = started?.client ?? client;
    const {forwards, contexts, exitCode} = await askOnce({
      client: asked,
      following: started?.follow(null) ?? following(client, {after: null, lease: null}),
      specs,
      progress: await monitorView({...this.#screen(flags), client: asked, spec, names}),
      timeoutMs: flags.timeout ?? limitOf(spec, names),
      isStarting: started !== null,
      thenStop: started?.launched === true,
    });
    this.#table(forwards, contexts, flags);
    const away = forwards.filter(({state, wanted}) => state === 'stopped' && wanted === 'down').map(({name}) => name);
    if (away.length > 0 && isRunning && !this.streaming && !this.jsonEnabled())
      this.advise(`Not running: ${listOf(away)}. erp start ${away.join(' ')}`);
    process.exitCode = exitCode;
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'result', exitCode, forwards, contexts})}\n`);
    return this.#report({spec, forwards, contexts, ...(started === null ? {} : {started})});
  }

  async #keep(monitoring: Monitoring, background: boolean): Promise<MonitorReport> {
    const {spec, names, flags} = monitoring;
    const begunAt = Date.now();
    const early = background ? null : new EarlySignals();
    const started = await this.#start(monitoring, background ? null : leaseName());
    const nothingNew = !started.launched && started.answer.started.length === 0;
    const view = this.view(process.stdout, flags.color);
    if (nothingNew)
      this.#show(
        `${paintMark(view.paint, view.glyphs, 'good')} already running: ${listOf(started.answer.alreadyRunning)}. erp attach shows it.\n`,
      );
    if (nothingNew && !background) {
      const status = await started.client.status();
      const {forwards} = outcomeOf(status, specsOf(spec, names));
      return this.#report({spec, forwards, contexts: status?.contexts ?? [], started});
    }
    const progress = await monitorView({...this.#screen(flags), client: started.client, spec, names});
    const upLine = (document: StatusDocument): string => {
      const {forwards} = outcomeOf(document, specsOf(spec, names));
      const took = formatDuration(Date.now() - begunAt);
      const isProven = forwards.every(({state}) => state === 'verified');
      const words = `${countOf(forwards.length, 'forward')} ${isProven ? 'verified' : 'up'} after ${took}`;
      return `${paintMark(view.paint, view.glyphs, 'good')} ${words}`;
    };
    if (early === null) return await this.#detach(monitoring, started, progress, upLine);
    let last: StatusDocument | null = null;
    const outcome = await stayInForeground({
      client: started.client,
      progress,
      following: started.follow(started.launched ? leaseName() : null),
      holds: started.launched,
      early,
      onReady: (document) => {
        last = document;
        const end = started.launched ? 'stops everything' : 'only leaves';
        this.#show(`${upLine(document)}. Ctrl-C ${end}.\n`);
      },
    });
    // Who only joined has left what goes on: that is what Ctrl-C is for there.
    const end = outcome.reason === 'left' ? {...outcome, exitCode: ExitCode.done} : outcome;
    process.exitCode = end.exitCode;
    const {forwards} = outcomeOf(last, specsOf(spec, names));
    const report = this.#report({spec, forwards, contexts: [], started, end});
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'result', ...end})}\n`);
    else if (end.reason !== 'stopped') this.advise(`${isSaid(end) ? '' : `${end.text}. `}Exit code ${end.exitCode}.`);
    return report;
  }

  async #detach(
    {spec, names, flags}: Monitoring,
    started: Started,
    progress: Awaited<ReturnType<typeof monitorView>>,
    upLine: (document: StatusDocument) => string,
  ): Promise<MonitorReport> {
    const status = await waitUntilReady({
      client: started.client,
      progress,
      following: started.follow(null),
      names,
      timeoutMs: flags.timeout ?? limitOf(spec, names),
      orStop: false,
    });
    const {forwards} = outcomeOf(status, specsOf(spec, names));
    this.#show(`${upLine(status)}\n`);
    this.#table(forwards, status.contexts ?? [], flags);
    if (started.launched && !this.jsonEnabled() && !this.streaming) this.advise(notAfterReboot);
    const report = this.#report({spec, forwards, contexts: status.contexts ?? [], started});
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'result', exitCode: 0, ...report})}\n`);
    return report;
  }

  async #start({spec, names}: Monitoring, lease: string | null): Promise<Started> {
    const started = await startServices({
      spec,
      services: names,
      named: names,
      alone: false,
      forwardsOnly: true,
      lease,
      supervisorFile: join(this.config.root, 'dist', 'supervisor.js'),
      version: this.config.version,
    });
    const verb = started.launched ? 'launched' : 'joined';
    noteConnectionLaunch(spec.logDir, `${verb} supervisor pid ${started.hello.pid} for ${names.join(', ')}`);
    return started;
  }

  #screen({output, debug, color}: MonitorFlags) {
    return {output, debug, colour: color, quiet: this.jsonEnabled()};
  }

  #table(forwards: ForwardsOutcome['forwards'], contexts: readonly ContextStatus[], {color}: MonitorFlags): void {
    const view = this.view(process.stdout, color);
    const lines = [...contextLines(contexts, view, {all: false}), ...forwardTable(forwards, contexts, view)];
    this.#show(`${lines.join('\n')}\n`);
  }

  #show(text: string): void {
    if (!this.streaming) this.print(text);
  }

  #report(known: {
    readonly spec: ProjectSpec;
    readonly forwards: readonly ForwardStatus[];
    readonly contexts: readonly ContextStatus[];
    readonly started?: Started;
    readonly end?: ForegroundOutcome;
    readonly ports?: PortsDocument;
  }): MonitorReport {
    const {spec, forwards, contexts, started, end, ports} = known;
    return {
      project: spec.projectDir,
      forwards,
      contexts,
      started: started?.answer.started ?? [],
      alreadyRunning: started?.answer.alreadyRunning ?? [],
      end: end ?? null,
      ports: ports ?? null,
    };
  }
}

const specsOf = ({portForwards}: ProjectSpec, names: readonly string[]) =>
  portForwards.filter(({name}) => names.includes(name));

/** With the services that come along. */
const limitOf = (spec: ProjectSpec, names: readonly string[]): number =>
  startLimitMs(spec, selectServices(spec, {names}).start);

const later = (mode: string) =>
  new ErpError(`--mode ${mode} comes with a later version; use erp autostart.`, {
    code: 'ERP_USAGE',
    exitCode: ExitCode.usage,
    remedy: [],
  });

const onceAlone = (mode: string) =>
  new ErpError(`--once and --mode ${mode} exclude each other.`, {
    code: 'ERP_USAGE',
    exitCode: ExitCode.usage,
    remedy: ['erp monitor-connection --once'],
  });
