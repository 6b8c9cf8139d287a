import fc from 'fast-check';

const seed = Number(process.env.ERP_SIM_SEED ?? 20261122);
const path = process.env.ERP_SIM_PATH;
const factor = Number(process.env.ERP_SIM_FACTOR ?? 1);

/** True when one failing history is looked at again: it is told in full. */
export const replaying = path !== undefined;

/**
 * Checks `property` over `runs` generated histories. The seed is fixed, so that `npm test` is the same everywhere;
 * `ERP_SIM_SEED` takes another one, `ERP_SIM_FACTOR=50` more histories. A failure prints the command that replays it.
 */
export function overHistories<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  property: (history: T) => void,
): void {
  const details = fc.check(
    fc.property(arbitrary, (history) => {
      property(history);
    }),
    {
      seed,
      numRuns: Math.round(runs * factor),
      interruptAfterTimeLimit: 600_000,
      ...(path === undefined ? {} : {path, endOnFailure: true}),
    },
  );
  if (!details.failed) return;
  const error = details.errorInstance;
  const message = error instanceof Error ? error.message : String(error);
  throw new Error(
    [
      message,
      '',
      `after ${details.numRuns} histories and ${details.numShrinks} simplifications:`,
      JSON.stringify(details.counterexample?.[0]),
      '',
      'see it again:',
      `  ERP_SIM_SEED=${details.seed} ERP_SIM_PATH=${details.counterexamplePath} npm test -- test/sim -t ${JSON.stringify(name)}`,
    ].join('\n'),
    {cause: error},
  );
}
