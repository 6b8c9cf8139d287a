import {Flags} from '@oclif/core';
import {DemoCommand, demoFlags} from '../../cli/demo-command.js';
import type {ProvokeReport} from '../../cli/demo-provoke.js';

export default class Flood extends DemoCommand {
  static override summary = "let the demo's backend write log lines as fast as it can";
  static override examples = ['<%= config.bin %> <%= command.id %> --lines 1000000'];
  static override flags = {
    ...demoFlags,
    lines: Flags.integer({description: 'how many', default: 100_000, min: 1, max: 10_000_000}),
  };

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Flood);
    return await this.provoke('flood', flags, {lines: flags.lines});
  }
}
