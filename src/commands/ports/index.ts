import {Args, Flags} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {duration} from '../../cli/flags.js';
import {lookAtPorts, portsExitCode, screenFor} from '../../cli/ports/look.js';
import {planSource} from '../../cli/ports/source.js';
import {jsonDisplay, liveDisplay, plainDisplay, watchPorts} from '../../cli/ports/watch.js';
import {parseWish} from '../../cli/ports/wish.js';
import {renderPorts} from '../../cli/render/ports.js';
import {shownPath} from '../../cli/shown-path.js';
import {wantsLive} from '../../cli/terminal.js';
import type {PortsDocument} from '../../lib/core/ports/document.js';

const usualIntervalMs = 1000;

export default class Ports extends ErpCommand {
  static override summary = 'who holds which port, and what start would choose';
  static override description =
    `Without names: every service and port-forward, with its primary port and its alternatives. It looks, and never binds.
Exit codes: 0 everything finds a port, 2 unknown name or no port, 3 configuration,
5 something would find no port, 8 this machine does not tell who listens.`;
  static override examples = [
    '<%= config.bin %> ports',
    '<%= config.bin %> ports backend 8080 3000-3010',
    '<%= config.bin %> ports --all',
    '<%= config.bin %> ports release 8000',
  ];
  static override args = {
    what: Args.string({
      description: 'services, port-forwards, ports, ranges of ports',
      helpValue: 'SERVICE|PORT|FROM-TO',
    }),
  };
  static override strict = false;
  static override flags = {
    all: Flags.boolean({char: 'a', description: 'everybody who listens on this machine'}),
    watch: Flags.boolean({char: 'w', description: 'show it again at each change; with --json one document a line'}),
    interval: duration({description: 'how often --watch looks (default: 1s)', dependsOn: ['watch']}),
  };
  // Root sees who holds a port; the owner of the project may not.
  protected static override actsAsOwner = false;

  async run(): Promise<PortsDocument | undefined> {
    const {argv, flags} = await this.parse(Ports);
    const wish = parseWish(argv as string[], flags.all);
    const source = await planSource(flags, this.config.root);
    const {configFile} = source.place;
    const render = (document: PortsDocument) =>
      renderPorts(
        document,
        screenFor(
          this.view(process.stdout, flags.color),
          configFile === null ? null : shownPath(configFile, process.cwd()),
        ),
      );
    const look = () => lookAtPorts(wish, source);
    if (flags.watch) {
      const write = (text: string) => void process.stdout.write(text);
      const live = wantsLive(process.stdout);
      const display = this.jsonEnabled()
        ? jsonDisplay(write)
        : live
          ? liveDisplay(process.stdout, render)
          : plainDisplay(write, render);
      this.streaming = this.jsonEnabled();
      process.exitCode = await watchPorts(look, display, flags.interval ?? usualIntervalMs);
      return undefined;
    }
    const document = await look();
    this.print(render(document));
    process.exitCode = portsExitCode(document);
    return document;
  }
}
