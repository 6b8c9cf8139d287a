import type {ExitCode} from './exit-codes.js';

export interface ErpErrorDetails {
  /** Stable name for programs, `ERP_…`. */
  readonly code: string;
  readonly exitCode: ExitCode;
  /** What to do now; commands can be pasted. */
  readonly remedy?: readonly string[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A failure we foresaw: what happened, why, what to do, how we exit. Anything else that is thrown is our bug. */
export class ErpError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly remedy: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
  /** oclif prints these under "Try this:". */
  readonly suggestions: string[];
  readonly oclif: {exit: number};

  constructor(message: string, details: ErpErrorDetails) {
    super(message, details.cause === undefined ? undefined : {cause: details.cause});
    this.name = 'ErpError';
    this.code = details.code;
    this.exitCode = details.exitCode;
    this.remedy = details.remedy ?? [];
    this.facts = details.facts ?? {};
    this.suggestions = [...this.remedy];
    this.oclif = {exit: details.exitCode};
  }
}
