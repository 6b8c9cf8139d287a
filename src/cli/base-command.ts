import {Command, Flags} from '@oclif/core';
import type {Input, ParserOutput} from '@oclif/core/interfaces';
import {actAsOwner} from './act-as-owner.js';
import type {ProjectFlags} from './compose.js';
import {betterUsage} from './usage.js';
import {errorDocument, exitCodeOf, renderError} from './render/error.js';
import type {View} from './render/table.js';
import {viewOf} from './terminal.js';

export {errorDocument, type ErrorDocument, exitCodeOf, renderError} from './render/error.js';

type Values = Record<string, unknown>;

/** What every command shares: where the project is, how it speaks, how it fails. */
export abstract class ErpCommand extends Command {
  static override enableJsonFlag = true;

  /** Root becomes the owner of the project; false: the command is about this machine or this user. */
  protected static actsAsOwner = true;

  static override baseFlags = {
    project: Flags.string({
      char: 'C',
      description: 'folder of the project (default: search upwards)',
      env: 'ERP_PROJECT',
      helpValue: 'FOLDER',
      helpGroup: 'PROJECT',
    }),
    config: Flags.string({
      description: 'configuration file',
      env: 'ERP_CONFIG',
      helpValue: 'FILE',
      helpGroup: 'PROJECT',
    }),
    instance: Flags.string({
      description: 'what `erp watchdog --name` started beside the project',
      helpValue: 'NAME',
      helpGroup: 'PROJECT',
    }),
    color: Flags.boolean({
      description: 'colour even into a pipe; --no-color: none',
      allowNo: true,
      helpGroup: 'PROJECT',
    }),
  };

  /** Set by `--output jsonl`: errors become the last line of the stream. */
  protected streaming = false;

  protected override async init(): Promise<void> {
    await super.init();
    // A reader that has seen enough (`| head -1`) is no failure.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
    });
  }

  /**
   * oclif's parser, with an answer to a misspelt flag. Its `argv` is sorted by where a word first occurs, so that
   * `--port 80 -- serve 80` would begin with 80: ours has the words as they were typed. And a missing argument is not
   * read from stdin, where it would eat the input of a shell's loop.
   */
  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Input<F, B, A>,
    argv?: string[],
  ): Promise<ParserOutput<F, B, A>> {
    try {
      const given = options ?? (this.ctor as Input<F, B, A>);
      const args = Object.fromEntries(
        Object.entries(given.args ?? {}).map(([name, arg]) => [name, {...(arg as object), ignoreStdin: true}]),
      ) as Input<F, B, A>['args'];
      // A command's class is what oclif takes; what it inherits is not copied by itself.
      const {flags, baseFlags, enableJsonFlag} = given;
      const input = {...given, flags, baseFlags, enableJsonFlag, args} as Input<F, B, A>;
      const parsed = await super.parse<F, B, A>(input, argv);
      if ((this.ctor as typeof ErpCommand).actsAsOwner) actAsOwner(parsed.flags as ProjectFlags);
      return {...parsed, argv: parsed.raw.flatMap((token) => (token.type === 'arg' ? [token.input] : []))};
    } catch (error) {
      throw betterUsage(error, this.ctor);
    }
  }

  protected view(stream: NodeJS.WriteStream, colour: boolean | undefined): View {
    return viewOf(stream, this.jsonEnabled() ? false : colour);
  }

  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(text);
  }

  protected advise(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Exactly what the fast path prints: oclif's own would be coloured. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }

  protected override async catch(error: unknown): Promise<void> {
    const exitCode = exitCodeOf(error);
    if (exitCode === 0) return this.exit(0);
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'error', ...errorDocument(error)})}\n`);
    else if (this.jsonEnabled()) this.logJson(errorDocument(error));
    else process.stderr.write(renderError(error));
    process.exitCode = exitCode;
  }
}
