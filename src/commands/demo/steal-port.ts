import {setTimeout as pause} from 'node:timers/promises';
import {Args, Flags} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {secondsFlag} from '../../cli/demo-command.js';
import {stealPort} from '../../cli/steal-port.js';
import {ExitCode} from '../../lib/core/exit-codes.js';

export default class StealPort extends ErpCommand {
  static override summary = 'take a port with a stranger that claims to be healthy';
  static override description =
    'Runs until Ctrl-C, or as long as --for says. With --wait it takes the port as soon as its owner lets go of it: ' +
    'run "erp demo crash" in another terminal meanwhile.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 8000 --wait --for 60s',
    '<%= config.bin %> <%= command.id %> 8001',
  ];
  static override args = {
    port: Args.integer({
      description: "port to take (the demo backend's primary one)",
      default: 8000,
      min: 1,
      max: 65535,
    }),
  };
  static override flags = {
    for: secondsFlag({description: 'how long to keep it (default: until Ctrl-C)'}),
    wait: Flags.boolean({description: 'wait until the port is free'}),
  };

  async run(): Promise<{port: number; answered: number}> {
    const {args, flags} = await this.parse(StealPort);
    const port = String(args.port);
    const stop = new AbortController();
    for (const [signal, exitCode] of [
      ['SIGINT', ExitCode.interrupted],
      ['SIGTERM', ExitCode.done],
    ] as const) {
      process.once(signal, () => {
        process.exitCode = exitCode;
        stop.abort();
      });
    }
    const stolen = await stealPort(args.port, {
      wait: flags.wait,
      signal: stop.signal,
      onWaiting: () => {
        this.advise(`Waiting for port ${port}. In another terminal: erp demo crash`);
      },
    });
    if (stolen === undefined) return {port: args.port, answered: 0};
    const end = flags.for === undefined ? 'Ctrl-C gives it back' : `back in ${String(flags.for)}s, or with Ctrl-C`;
    this.advise(`Port ${port} is mine (pid ${String(process.pid)}); ${end}.`);
    // Timers end at 24.8 days, so "until Ctrl-C" is just that.
    const keptMs = flags.for === undefined ? 2 ** 31 - 1 : Math.min(flags.for * 1000, 2 ** 31 - 1);
    await pause(keptMs, undefined, {signal: stop.signal}).catch(() => undefined);
    await stolen.release();
    this.print(`port ${port} given back, ${String(stolen.answered())} requests answered\n`);
    return {port: args.port, answered: stolen.answered()};
  }
}
