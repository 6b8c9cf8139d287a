import {join} from 'node:path';
import {Args, Flags} from '@oclif/core';
import {actor} from '../cli/actor.js';
import {ErpCommand} from '../cli/base-command.js';
import {clientFor, type Place, placeOf} from '../cli/compose.js';
import {confirm} from '../cli/confirm.js';
import {duration} from '../cli/flags.js';
import {otherUsersSupervisor, usualStateDir} from '../cli/other-user.js';
import {briefProgress} from '../cli/progress/choose.js';
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
Exit codes: 0 stopped or not running at all, 2 it would have to ask, 4 something can't be ended, 7 another user's, 9 timed out.`;
  static override strict = false;
  static override examples = ['<%= config.bin %> stop', '<%= config.bin %> stop redis --yes'];
  static override args = {services: Args.string({description: 'services and port-forwards to stop (default: all)'})};
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
    const place = await placeOf(flags);
    const until = Date.now() + flags.timeout;
    let stopped: readonly string[] = [];
    for (;;) {
      const stop = await this.#askWhoever(place, names, {...flags, forNow});
      if (stop === null) return this.#done({stopped, notRunning: stopped.length > 0 ? [] : names}, flags.color);
      const {answer} = stop;
      stopped = [...new Set([...stopped, ...answer.stopping])];
      const notRunning = answer.notRunning.filter((name) => !stopped.includes(name));
      const progress = await briefProgress(this.jsonEnabled(), flags.color);
      const isDown = await followStop({
        ...stop,
        progress,
        after: answer.after,
        names,
        stopping: answer.stopping,
        timeoutMs: Math.max(1, until - Date.now()),
      });
      if (isDown) return this.#done({stopped, notRunning}, flags.color);
    }
  }

  /** The supervisor that lives, else one that takes over what the last one left; null: there is nothing to stop. */
  async #askWhoever(place: Place, names: readonly string[], flags: AskFlags) {
    const client = clientFor(place);
    const hello = await client.hello();
    const answer = hello === null ? null : await this.#ask(client, names, flags);
    if (answer !== null) return {client, answer, supervisor: hello?.pid ?? null};
    const adopted = await this.#adopt(place, names, flags.now, flags.forNow);
    return adopted === null ? null : {...adopted, supervisor: null};
  }

  #adopt(place: Place, names: readonly string[], now: boolean, forNow: boolean) {
    const other = otherUsersSupervisor(place.projectDir, usualStateDir(place));
    if (other !== null) throw other;
    const supervisorFile = join(this.config.root, 'dist', 'supervisor.js');
    return adoptToStop({place, names, now, forNow, supervisorFile, version: this.config.version});
  }

  async #ask(client: SupervisorClient, names: readonly string[], {yes, now, forNow}: AskFlags) {
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

interface AskFlags {
  readonly yes: boolean;
  readonly now: boolean;
  readonly forNow: boolean;
}

function onlyEverything(): ErpError {
  return new ErpError('--for-now stops everything; it takes no names.', {
    code: 'ERP_USAGE',
    exitCode: ExitCode.usage,
    remedy: ['erp stop --for-now', 'erp stop SERVICE'],
  });
}
