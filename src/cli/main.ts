import {execute} from '@oclif/core';

/** Everything the fast path does not answer: oclif with all commands. */
export async function main(dir: string): Promise<void> {
  await execute({dir});
}
