import {DemoCommand, demoFlags, secondsFlag} from '../../cli/demo-command.js';
import type {ProvokeReport} from '../../cli/demo-provoke.js';

export default class Unhealthy extends DemoCommand {
  static override summary = "let the demo's backend say that it is unhealthy (503) for a while";
  static override examples = ['<%= config.bin %> <%= command.id %> --for 2m'];
  static override flags = {
    ...demoFlags,
    for: secondsFlag({description: 'how long', default: 60, defaultHelp: async () => '60s'}),
  };

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Unhealthy);
    return await this.provoke('unhealthy', flags, {seconds: flags.for});
  }
}
