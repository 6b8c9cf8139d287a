import {Flags} from '@oclif/core';
import {DemoCommand, demoFlags} from '../../cli/demo-command.js';
import type {ProvokeReport} from '../../cli/demo-provoke.js';

export default class Leak extends DemoCommand {
  static override summary = "let the demo's backend grow by 50 MB a second";
  static override examples = ['<%= config.bin %> <%= command.id %> --megabytes 200'];
  static override flags = {
    ...demoFlags,
    megabytes: Flags.integer({description: 'where it stops growing', default: 500, min: 1, max: 8192}),
  };

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Leak);
    return await this.provoke('leak', flags, {megabytes: flags.megabytes});
  }
}
