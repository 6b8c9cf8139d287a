import {Command} from '@oclif/core';
import {demoFlags, type ProvokeReport, provokeCommand, renderProvoke} from '../../cli/demo-provoke.js';

export default class Crash extends Command {
  static override summary = "end the demo's backend with an exception that nobody catches";
  static override examples = ['<%= config.bin %> <%= command.id %> --url http://127.0.0.1:8000'];
  static override flags = demoFlags;

  async run(): Promise<ProvokeReport> {
    const {flags} = await this.parse(Crash);
    const report = await provokeCommand('crash', {}, () => Promise.resolve(flags.url));
    this.log(renderProvoke(report));
    return report;
  }
}
