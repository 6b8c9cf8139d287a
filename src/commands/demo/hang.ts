import {DemoCommand, demoFlags} from '../../cli/demo-command.js';
import type {ProvokeReport} from '../../cli/demo-provoke.js';

export default class Hang extends DemoCommand {
  static override summary = "stop the demo's backend from answering while it lives on";
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = demoFlags;

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Hang);
    return await this.provoke('hang', flags);
  }
}
