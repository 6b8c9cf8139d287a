/** A collection of memory takes some tens of milliseconds: below this a ratio says nothing. */
const noiseMs = 120;
const attempts = 5;

/** CPU time of this process in milliseconds, not the clock's: others work on this machine. */
async function processorMs(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const {user, system} = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * That four times the size takes about four times the time; what grows with the square takes sixteen times.
 * @param prepare what is worked on, in that size; its time does not count
 * @throws Error what it took
 */
export async function expectLinear<Of>(
  size: number,
  prepare: (size: number) => Of,
  run: (of: Of) => unknown,
): Promise<void> {
  const small = prepare(size);
  const large = prepare(4 * size);
  // It is compiled by then.
  await run(small);
  for (let attempt = 1; ; attempt += 1) {
    const once = await processorMs(() => run(small));
    const fourfold = await processorMs(() => run(large));
    if (fourfold < noiseMs || fourfold / once < 9) return;
    // What is quadratic is so each time.
    if (attempt === attempts)
      throw new Error(`four times the size takes ${Math.round(once)} and then ${Math.round(fourfold)} ms`);
  }
}
