import {Args, Flags} from '@oclif/core';
import {actor} from '../cli/actor.js';
import {ErpCommand} from '../cli/base-command.js';
import {connect, placeOf} from '../cli/compose.js';
import {duration} from '../cli/flags.js';
import {following} from '../cli/following.js';
import {briefProgress} from '../cli/progress/choose.js';
import {paintMark} from '../cli/render/colour.js';
import {waitUntilReady} from '../cli/wait-ready.js';
import {unknownService} from '../lib/core/config/selection.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {listOf} from '../lib/core/report/format.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {namesIn} from '../lib/core/report/verdict.js';

export interface RestartReport {
  readonly restarted: readonly string[];
  readonly status: StatusDocument | null;
}

export default class Restart extends ErpCommand {
  static override summary = 'restart services (planned: costs no budget) and wait until they are ready';
  static override description =
    `A preCheck hook that fails stops nothing. --primary goes back to the primary port; who was started with the other one
follows. Exit codes: 0 ready again, 4 a service failed, 5 no port free or the primary is taken, 6 no supervisor,
9 not ready in time.`;
  static override strict = false;
  static override examples = ['<%= config.bin %> restart backend', '<%= config.bin %> restart backend --primary'];
  static override args = {
    services: Args.string({description: 'services and port-forwards to restart (default: all that run)'}),
  };
  static override flags = {
    primary: Flags.boolean({description: 'on their primary ports (default: all that have another one)'}),
    timeout: duration({description: 'how long to wait', default: 240_000, defaultHelp: async () => '4m'}),
    'no-wait': Flags.boolean({description: 'return as soon as the supervisor has accepted it'}),
  };

  async run(): Promise<RestartReport> {
    const {argv, flags} = await this.parse(Restart);
    const names = argv as string[];
    const place = await placeOf(flags);
    const {client} = await connect(place, this.config.version);
    if (place.note !== null) this.advise(place.note);
    const known = namesIn(await client.presentStatus());
    for (const name of names) if (!known.includes(name)) throw unknownService(name, known);
    const answer = await client.restart({
      services: names.length === 0 ? null : names,
      actor: actor(),
      ...(flags.primary ? {primary: true} : {}),
    });
    const view = this.view(process.stdout, flags.color);
    if (flags.primary && answer.started.length === 0) {
      this.print(`${paintMark(view.paint, view.glyphs, 'good')} ${nothingToReturn(answer.alreadyRunning)}\n`);
      return {restarted: [], status: await client.status()};
    }
    if (answer.started.length === 0) {
      this.print(`${paintMark(view.paint, view.glyphs, 'stopped')} nothing runs that could be restarted\n`);
      return {restarted: [], status: await client.status()};
    }
    if (flags['no-wait']) {
      this.print(`${paintMark(view.paint, view.glyphs, 'moving')} restarting: ${listOf(answer.started)}\n`);
      return {restarted: answer.started, status: await client.status()};
    }
    const progress = await briefProgress(this.jsonEnabled(), flags.color);
    const status = await waitUntilReady({
      client,
      progress,
      following: following(client, {after: answer.after, lease: null}),
      names: [...answer.started, ...(answer.followers ?? [])],
      timeoutMs: flags.timeout,
      orStop: false,
    });
    if (flags.primary) refuseIfMoved(status, answer.started);
    const followed = (answer.followers ?? []).length === 0 ? '' : `; ${listOf(answer.followers ?? [])} followed`;
    this.print(`${paintMark(view.paint, view.glyphs, 'good')} ready again: ${listOf(answer.started)}${followed}\n`);
    return {restarted: answer.started, status};
  }
}

const nothingToReturn = (names: readonly string[]) =>
  names.length === 0
    ? 'nothing to do: no service has a port'
    : `nothing to do: ${listOf(names)} ${names.length === 1 ? 'has its' : 'have their'} primary port`;

/** Between the look and the start somebody else may have come. */
function refuseIfMoved(status: StatusDocument, names: readonly string[]): void {
  const service = status.services.find(({name, moved}) => names.includes(name) && moved != null);
  if (service?.moved == null) return;
  throw new ErpError(`${service.name} could not have ${service.moved.primary}: ${service.moved.text}.`, {
    code: 'ERP_PRIMARY_TAKEN',
    exitCode: ExitCode.noPortFree,
    remedy: service.moved.remedy === null ? [] : [service.moved.remedy],
    facts: {service: service.name, primary: service.moved.primary, port: service.moved.port},
  });
}
