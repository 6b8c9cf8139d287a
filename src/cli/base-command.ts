import {Command, Flags} from '@oclif/core';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';

/** `{"error": …}` as `--json` and the last line of `--output jsonl` print it. */
export interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly remedy: readonly string[];
    readonly exitCode: number;
    readonly causes: readonly string[];
    readonly facts: Readonly<Record<string, unknown>>;
  };
}

export function errorDocument(error: unknown): ErrorDocument {
  const causes: string[] = [];
  for (
    let cause = (error as {cause?: unknown}).cause;
    cause instanceof Error && causes.length < 10;
    cause = cause.cause
  ) {
    causes.push(cause.message);
  }
  return {
    error: {
      code:
        error instanceof ErpError ? error.code : exitCodeOf(error) === ExitCode.usage ? 'ERP_USAGE' : 'ERP_UNEXPECTED',
      message: error instanceof Error ? error.message : String(error),
      remedy: error instanceof ErpError ? error.remedy : [],
      exitCode: exitCodeOf(error),
      causes,
      facts: error instanceof ErpError ? error.facts : {},
    },
  };
}

/** oclif's own errors are all wrong usage (parser, unknown command); what nobody foresaw is 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ErpError) return error.exitCode;
  const exit = (error as {oclif?: {exit?: unknown}} | null)?.oclif?.exit;
  return typeof exit === 'number' ? exit : ExitCode.unexpected;
}

/** What every command shares: where the project is, how it speaks, how it fails. */
export abstract class ErpCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    project: Flags.string({
      char: 'C',
      description: 'folder of the project (default: search upwards)',
      env: 'ERP_PROJECT',
      helpGroup: 'PROJECT',
    }),
    config: Flags.string({description: 'configuration file', env: 'ERP_CONFIG', helpGroup: 'PROJECT'}),
    color: Flags.boolean({
      description: 'colour even into a pipe; --no-color: none',
      allowNo: true,
      helpGroup: 'PROJECT',
    }),
  };

  /** Foreseen failures in four parts; anything else with its stack, because it is our bug. */
  protected override async catch(error: Error & {exitCode?: number}): Promise<void> {
    const exitCode = exitCodeOf(error);
    if (exitCode === 0) return this.exit(0);
    if (this.jsonEnabled()) {
      process.stdout.write(`${JSON.stringify(errorDocument(error), null, 2)}\n`);
    } else if (error instanceof ErpError) {
      process.stderr.write(renderError(error));
    } else if (exitCode === ExitCode.unexpected) {
      process.stderr.write(
        `${error.stack ?? String(error)}\nThis is a defect of erp. remedy: report it with the lines above.\n`,
      );
    } else {
      process.stderr.write(`${error.message}\n`);
    }
    process.exitCode = exitCode;
  }
}

export function renderError(error: ErpError): string {
  const lines = [error.message];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) lines.push(`  because ${cause.message}`);
  error.remedy.forEach((remedy, index) => lines.push(`  ${index === 0 ? 'remedy:' : '       '} ${remedy}`));
  return `${lines.join('\n')}\n`;
}
