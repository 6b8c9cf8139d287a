import {Args} from '@oclif/core';
import type {Address} from '../cli/address.js';
import {ErpCommand} from '../cli/base-command.js';
import {connect, nobodyThere, placeOf} from '../cli/compose.js';
import {addressAnswer} from '../cli/print-address.js';

export default class Port extends ErpCommand {
  static override summary = 'print the present port of a service or port-forward, one line for scripts';
  static override description =
    `The port that it has now, which may be an alternative. Nothing is printed for what does not run.
Exit codes: 0 printed, 2 unknown name or no such address, 4 it does not run, 6 no supervisor.`;
  static override examples = [
    '<%= config.bin %> port backend',
    'curl http://127.0.0.1:$(<%= config.bin %> port backend)/health',
  ];
  static override args = {service: Args.string({description: 'name of a service or port-forward', required: true})};

  async run(): Promise<Address> {
    const {args, flags} = await this.parse(Port);
    const place = await placeOf(flags);
    const {client} = await connect(place, this.config.version);
    const document = await client.status();
    if (document === null) throw await nobodyThere(place);
    const {line, address} = await addressAnswer(document, args.service, 'port', place);
    this.print(`${line}\n`);
    return address;
  }
}
