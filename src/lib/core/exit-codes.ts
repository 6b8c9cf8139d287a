/** How `erp` ends; one table for every command (docs/reference/exit-codes.md). */
export const ExitCode = {
  done: 0,
  unexpected: 1,
  usage: 2,
  configuration: 3,
  serviceFailed: 4,
  noPortFree: 5,
  noSupervisor: 6,
  otherSupervisor: 7,
  toolMissing: 8,
  timedOut: 9,
  findings: 10,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
