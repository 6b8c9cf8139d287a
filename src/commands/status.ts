import {Args, Flags} from '@oclif/core';
import {ErpCommand} from '../cli/base-command.js';
import {connect, nobodyThere, nothingRuns, placeOf} from '../cli/compose.js';
import {duration, output} from '../cli/flags.js';
import {renderForward} from '../cli/render/forwards.js';
import {renderService, renderStatus} from '../cli/render/status.js';
import type {SupervisorClient} from '../cli/supervisor-client.js';
import {stoppedDocument, waitFor, watchStatus} from '../cli/watch-status.js';
import {unknownService} from '../lib/core/config/selection.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {namesIn, statusExitCode, type Supervised} from '../lib/core/report/verdict.js';

export default class Status extends ErpCommand {
  static override summary = 'what runs, what does not, and why';
  static override description = `Exit codes: 0 all healthy or degraded, 4 something is down, 6 nothing runs,
9 --wait timed out (4 at once when it can't come true any more).`;
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status backend',
    '<%= config.bin %> start --detach && <%= config.bin %> status --wait healthy --timeout 60',
  ];
  static override args = {service: Args.string({description: 'one page about this service or port-forward'})};
  static override flags = {
    watch: Flags.boolean({char: 'w', description: 'show it again at each change'}),
    wait: Flags.option({
      options: ['healthy', 'ready', 'stopped'] as const,
      description: 'return when it is so',
    })(),
    timeout: duration({description: 'how long --wait waits', default: 60_000, defaultHelp: async () => '60s'}),
    output: output(),
  };

  async run(): Promise<StatusDocument | Supervised | undefined> {
    const {args, flags} = await this.parse(Status);
    this.streaming = flags.output === 'jsonl';
    const place = await placeOf(flags);
    if (flags.wait === 'stopped' && (await nothingRuns(place))) {
      const stopped = stoppedDocument(place);
      this.print(renderStatus(stopped, this.view(process.stdout, flags.color)));
      return stopped;
    }
    const {client} = await connect(place, this.config.version);
    if (place.note !== null) this.advise(place.note);
    if (flags.wait !== undefined) {
      const document = await waitFor(client, flags.wait, flags.timeout);
      return this.#show(document, args.service, flags.color, ExitCode.done);
    }
    if (flags.watch || this.streaming) {
      await this.#watch(client, args.service, flags.color);
      return undefined;
    }
    const document = await client.status();
    if (document === null) throw await nobodyThere(place);
    return this.#show(document, args.service, flags.color, null);
  }

  #show(
    document: StatusDocument,
    name: string | undefined,
    colour: boolean | undefined,
    exitCode: ExitCode | null,
  ): StatusDocument | Supervised {
    const view = this.view(process.stdout, colour);
    if (name === undefined) {
      this.print(renderStatus(document, view));
      process.exitCode = exitCode ?? statusExitCode(document);
      return document;
    }
    const service = document.services.find((each) => each.name === name);
    const forward = document.forwards?.find((each) => each.name === name);
    if (service !== undefined) this.print(renderService(service, view));
    else if (forward !== undefined) this.print(renderForward(forward, view));
    const shown = service ?? forward;
    if (shown === undefined) throw unknownService(name, namesIn(document));
    const down = shown.mark === 'failed' || shown.mark === 'acting';
    process.exitCode = exitCode ?? (down ? ExitCode.serviceFailed : ExitCode.done);
    return shown;
  }

  async #watch(client: SupervisorClient, name: string | undefined, colour: boolean | undefined): Promise<void> {
    const outcome = await watchStatus(client, (document) => {
      if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'status', status: document})}\n`);
      else this.#show(document, name, colour, ExitCode.done);
    });
    process.exitCode = outcome.exitCode;
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'result', ...outcome})}\n`);
  }
}
