import {Args} from '@oclif/core';
import type {Address} from '../cli/address.js';
import {ErpCommand} from '../cli/base-command.js';
import {connect, nobodyThere, placeOf} from '../cli/compose.js';
import {addressAnswer} from '../cli/print-address.js';

export default class Url extends ErpCommand {
  static override summary = 'print the address of a service or port-forward, one line for scripts';
  static override description =
    `What url: says in the configuration; else scheme and host of its http probe with its present port; else tcp://127.0.0.1:PORT.
Of a port-forward: http://127.0.0.1:PORT/, or tcp:// where its probe or remote port is no web server's.
Exit codes: 0 printed, 2 unknown name or no such address, 4 it does not run, 6 no supervisor.`;
  static override examples = ['<%= config.bin %> url backend', 'curl $(<%= config.bin %> url backend)health'];
  static override args = {service: Args.string({description: 'name of a service or port-forward', required: true})};

  async run(): Promise<Address> {
    const {args, flags} = await this.parse(Url);
    const place = await placeOf(flags);
    const {client} = await connect(place, this.config.version);
    const document = await client.status();
    if (document === null) throw await nobodyThere(place);
    const {line, address} = await addressAnswer(document, args.service, 'url', place);
    this.print(`${line}\n`);
    return address;
  }
}
