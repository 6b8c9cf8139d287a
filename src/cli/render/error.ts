import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import {stripControls} from './foreign.js';

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
  const exitCode = exitCodeOf(error);
  return {
    error: {
      code: error instanceof ErpError ? error.code : exitCode === ExitCode.usage ? 'ERP_USAGE' : 'ERP_UNEXPECTED',
      message: error instanceof Error ? error.message : String(error),
      remedy: error instanceof ErpError ? error.remedy : [],
      exitCode,
      causes: causesOf(error).map((cause) => cause.message),
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

/** Foreseen failures in their parts, wrong usage in one message, anything else with its stack, because it is our bug. */
export function renderError(error: unknown): string {
  const exitCode = exitCodeOf(error);
  if (error instanceof ErpError || (error instanceof Error && exitCode !== ExitCode.unexpected)) {
    const lines = clean(error.message).split('\n');
    for (const cause of causesOf(error)) {
      // Node's texts often are the cause's words once more.
      if (!error.message.includes(cause.message)) lines.push(`  because ${clean(cause.message)}`);
    }
    const remedy = error instanceof ErpError ? error.remedy : [];
    remedy.forEach((line, index) => lines.push(`  ${index === 0 ? 'remedy:' : '       '} ${clean(line)}`));
    return `${lines.join('\n')}\n`;
  }
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return `${clean(stack)}\nThis is a defect of erp. remedy: report it with the lines above.\n`;
}

/** A message may quote what others wrote; its line breaks are ours. */
const clean = (text: string) => text.split('\n').map(stripControls).join('\n');

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (
    let cause = (error as {cause?: unknown} | null)?.cause;
    cause instanceof Error && causes.length < 10;
    cause = cause.cause
  ) {
    causes.push(cause);
  }
  return causes;
}
