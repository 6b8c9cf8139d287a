import {Command} from '@oclif/core';
import {demoFlags, type ProvokeReport, provokeCommand, renderProvoke, secondsFlag} from '../../cli/demo-provoke.js';

export default class Slow extends Command {
  static override summary = "make each answer of the demo's backend late for a while";
  static override examples = ['<%= config.bin %> <%= command.id %> --url http://127.0.0.1:8000 --for 30s --latency 5s'];
  static override flags = {
    ...demoFlags,
    for: secondsFlag({description: 'how long', default: 60}),
    latency: secondsFlag({description: 'how late', default: 3}),
  };

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Slow);
    const report = await provokeCommand('slow', {seconds: flags.for, latencySeconds: flags.latency}, () =>
      Promise.resolve(flags.url),
    );
    this.log(renderProvoke(report));
    return report;
  }
}
