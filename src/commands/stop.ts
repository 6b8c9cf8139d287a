import {join} from 'node:path';
import {Args, Flags} from '@oclif/core';
import {actor} from '../cli/actor.js';
import {ErpCommand} from '../cli/base-command.js';
import {clientFor, type Place, placeOf} from '../cli/compose.js';
import {confirm} from '../cli/confirm.js';
import {duration} from '../cli/flags.js';
import {otherUsersSupervisor, usualStateDir} from '../cli/other-user.js';
import {chooseProgress} from '../cli/progress/choose.js';
import {paintMark} from '../cli/render/colour.js';
import type {SupervisorClient} from '../cli/supervisor-client.js';
import {followStop} from '../cli/follow-stop.js';
import {adoptToStop} from '../cli/without-supervisor.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {listOf} from '../lib/core/report/format.js';

export interface StopReport {
  readonly stopped: readonly string[];
  readonly notRunning: readonly string[];
}

export default class Stop extends ErpCommand {
  static override summary = 'stop services in reverse order, check that nothing is left';
  static override description =
    `Without names everything stops, and the supervisor with it. Works without a supervisor too.
Exit codes: 0 stopped or not running at all, 2 it would have to ask, 7 another user's, 9 timed out.`;
  static override strict = false;
  static override examples = ['<%= config.bin %> stop', '<%= config.bin %> stop redis --yes'];
  static override args = {services: Args.string({description: 'services to stop (default: all)'})};
  static override flags = {
    yes: Flags.boolean({description: 'also stop what needs them, without asking'}),
    now: Flags.boolean({description: 'kill at once, no grace'}),
    'for-now': Flags.boolean({
      description: 'for a shutdown: the next start --ensure brings back what runs now',
    }),
    timeout: duration({description: 'how long to wait for the end', default: 120_000, defaultHelp: async () => '2m'}),
  };

  async run(): Promise<StopReport> {
    const {argv, flags} = await this.parse(Stop);
    const names = argv as string[];
    if (flags['for-now'] && names.length > 0) throw onlyEverything();
    const forNow = flags['for-now'];
    const place = placeOf(flags);
    const client = clientFor(place);
    const asked = (await client.hello()) === null ? null : await this.#ask(client, names, {...flags, forNow});
    const stop = asked === null ? await this.#adopt(place, names, flags.now, forNow) : {client, answer: asked};
    if (stop === null) return this.#done({stopped: [], notRunning: names}, flags.color);
    const {answer} = stop;
    const progress = await chooseProgress({
      output: 'text',
      quiet: this.jsonEnabled(),
      level: 'INFO',
      colour: flags.color,
      logDir: null,
    });
    await followStop({
      ...stop,
      progress,
      after: answer.after,
      names,
      stopping: answer.stopping,
      timeoutMs: flags.timeout,
    });
    return this.#done({stopped: answer.stopping, notRunning: answer.notRunning}, flags.color);
  }

  #adopt(place: Place, names: readonly string[], now: boolean, forNow: boolean) {
    const other = otherUsersSupervisor(place.projectDir, usualStateDir(place));
    if (other !== null) throw other;
    const supervisorFile = join(this.config.root, 'dist', 'supervisor.js');
    return adoptToStop({place, names, now, forNow, supervisorFile, version: this.config.version});
  }

  async #ask(
    client: SupervisorClient,
    names: readonly string[],
    {yes, now, forNow}: {readonly yes: boolean; readonly now: boolean; readonly forNow: boolean},
  ) {
    const request = {services: names.length === 0 ? null : names, now, actor: actor(), forNow};
    try {
      return await client.stop({...request, dependents: yes || names.length === 0});
    } catch (error) {
      if (!(error instanceof ErpError) || error.code !== 'ERP_NEEDED_BY') throw error;
      await confirm(`${error.message} Stop them as well?`, {flag: '--yes', json: this.jsonEnabled()});
      return await client.stop({...request, dependents: true});
    }
  }

  #done(report: StopReport, colour: boolean | undefined): StopReport {
    const view = this.view(process.stdout, colour);
    const mark = paintMark(view.paint, view.glyphs, 'stopped');
    const words =
      report.stopped.length > 0
        ? `stopped: ${listOf(report.stopped)}`
        : report.notRunning.length > 0
          ? `not running: ${listOf(report.notRunning)}`
          : 'nothing runs';
    this.print(`${mark} ${words}\n`);
    return report;
  }
}

function onlyEverything(): ErpError {
  return new ErpError('--for-now stops everything; it takes no names.', {
    code: 'ERP_USAGE',
    exitCode: ExitCode.usage,
    remedy: ['erp stop --for-now', 'erp stop SERVICE'],
  });
}
