import {Flags} from '@oclif/core';
import {ErpCommand} from '../cli/base-command.js';
import {connect, placeOf} from '../cli/compose.js';
import {EarlySignals} from '../cli/early-signals.js';
import {output} from '../cli/flags.js';
import {following, listening} from '../cli/following.js';
import {type ForegroundOutcome, stayInForeground} from '../cli/foreground.js';
import {chooseProgress} from '../cli/progress/choose.js';
import {renderStatus} from '../cli/render/status.js';

export default class Attach extends ErpCommand {
  static override summary = 'watch what a running supervisor does; Ctrl-C only leaves';
  static override description =
    `The services go on whatever happens here. Exit codes: 0 left, or stopped by somebody, 4 it ended because a service
failed, 6 no supervisor.`;
  static override examples = ['<%= config.bin %> attach'];
  static override flags = {
    debug: Flags.boolean({description: 'also DEBUG events'}),
    output: output(),
  };

  async run(): Promise<ForegroundOutcome> {
    const {flags} = await this.parse(Attach);
    this.streaming = flags.output === 'jsonl';
    const early = new EarlySignals();
    const {client} = await connect(await placeOf(flags), this.config.version);
    // The status is the stream's own: between a status of its own and the stream a supervisor could die unseen.
    const stream = await listening(following(client, {after: null, lease: null}), (status) => {
      if (!this.streaming) this.print(renderStatus(status, this.view(process.stdout, flags.color)));
    });
    const progress = await chooseProgress({
      output: flags.output,
      quiet: this.jsonEnabled(),
      level: flags.debug ? 'DEBUG' : 'INFO',
      colour: flags.color,
      logDir: null,
    });
    await progress.settled();
    const outcome = await stayInForeground({
      client,
      progress,
      following: stream,
      holds: false,
      early,
    });
    // To leave is what Ctrl-C is for here.
    const end = outcome.reason === 'left' ? {...outcome, exitCode: 0} : outcome;
    process.exitCode = end.exitCode;
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'result', ...end})}\n`);
    else this.advise(end.text);
    return end;
  }
}
