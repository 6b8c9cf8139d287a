import {DemoCommand, demoFlags, secondsFlag} from '../../cli/demo-command.js';
import type {ProvokeReport} from '../../cli/demo-provoke.js';

export default class Slow extends DemoCommand {
  static override summary = "make each answer of the demo's backend late for a while";
  static override examples = ['<%= config.bin %> <%= command.id %> --for 30s --latency 5s'];
  static override flags = {
    ...demoFlags,
    for: secondsFlag({description: 'how long', default: 60, defaultHelp: async () => '60s'}),
    latency: secondsFlag({description: 'how late', default: 3, defaultHelp: async () => '3s'}),
  };

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Slow);
    return await this.provoke('slow', flags, {seconds: flags.for, latencySeconds: flags.latency});
  }
}
