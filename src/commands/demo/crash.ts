import {DemoCommand, demoFlags} from '../../cli/demo-command.js';
import type {ProvokeReport} from '../../cli/demo-provoke.js';

export default class Crash extends DemoCommand {
  static override summary = "end the demo's backend with an exception that nobody catches";
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = demoFlags;

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Crash);
    return await this.provoke('crash', flags);
  }
}
