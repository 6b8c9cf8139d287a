/**
 * A failure that the demo foresees: its message is all that the operator needs, so no stack is printed.
 * Exit codes are those of `erp` itself (docs: exit codes), so that both say the same thing the same way.
 */
export class DemoError extends Error {
  override name = 'DemoError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, {cause});
    this.exitCode = exitCode;
  }
}

/** Readable text of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
