import {Worker} from 'node:worker_threads';

const seed = Number(process.env.ERP_SIM_SEED ?? 20261122);
const path = process.env.ERP_SIM_PATH ?? null;
const factor = Number(process.env.ERP_SIM_FACTOR ?? 1);

export type HistoryKind = 'any' | 'deathly';

export interface Order {
  readonly kind: HistoryKind;
  readonly seed: number;
  readonly path: string | null;
  readonly runs: number;
}

export interface Finding {
  readonly message: string;
  readonly history: string;
  readonly histories: number;
  readonly simplifications: number;
  readonly path: string;
}

/**
 * Lives through `runs` generated histories, in a thread of its own: within jest's realm every look at a global costs
 * extra, and the whole three times as much. The seed is fixed, so that `npm test` is the same everywhere;
 * `ERP_SIM_SEED` takes another one, `ERP_SIM_FACTOR=50` more histories.
 * @param name of the test, for the command that shows a failure again
 * @throws with the shortest history that breaks a rule
 */
export async function overHistories(name: string, kind: HistoryKind, runs: number): Promise<void> {
  const order: Order = {kind, seed, path, runs: Math.round(runs * factor)};
  const finding = await new Promise<Finding | null>((resolve, reject) => {
    const worker = new Worker(new URL('./histories-worker.js', import.meta.url), {workerData: order});
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (finding === null) return;
  const again = `ERP_SIM_SEED=${seed} ERP_SIM_PATH=${finding.path} npm test -- test/sim -t "${name}"`;
  throw new Error(
    [
      finding.message,
      '',
      `after ${finding.histories} histories and ${finding.simplifications} simplifications:`,
      finding.history,
      '',
      'see it again, line by line:',
      `  ${again}`,
    ].join('\n'),
  );
}
