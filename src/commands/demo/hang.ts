import {Command} from '@oclif/core';
import {demoFlags, type ProvokeReport, provokeCommand, renderProvoke} from '../../cli/demo-provoke.js';

export default class Hang extends Command {
  static override summary = "stop the demo's backend from answering while it lives on";
  static override examples = ['<%= config.bin %> <%= command.id %> --url http://127.0.0.1:8000'];
  static override flags = demoFlags;

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Hang);
    const report = await provokeCommand('hang', {}, () => Promise.resolve(flags.url));
    this.log(renderProvoke(report));
    return report;
  }
}
