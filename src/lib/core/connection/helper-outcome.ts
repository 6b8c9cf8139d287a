/** What became of one call of kubectl that only reads. */
export interface HelperOutcome {
  /** null: it was ended by a signal, or could not be started. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It was ended because its time was up. */
  readonly isTooLate: boolean;
  /** It could not be started. */
  readonly error: {readonly code: string; readonly message: string} | null;
}
