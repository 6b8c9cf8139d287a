import {Command} from '@oclif/core';
import {demoFlags, type ProvokeReport, provokeCommand, renderProvoke, secondsFlag} from '../../cli/demo-provoke.js';

export default class Unhealthy extends Command {
  static override summary = "let the demo's backend say that it is unhealthy (503) for a while";
  static override examples = ['<%= config.bin %> <%= command.id %> --url http://127.0.0.1:8000 --for 2m'];
  static override flags = {
    ...demoFlags,
    for: secondsFlag({description: 'how long', default: 60}),
  };

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Unhealthy);
    const report = await provokeCommand('unhealthy', {seconds: flags.for}, () => Promise.resolve(flags.url));
    this.log(renderProvoke(report));
    return report;
  }
}
