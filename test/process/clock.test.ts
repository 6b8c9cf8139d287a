import {describe, expect, it} from '@jest/globals';
import {SystemClock} from '../../src/lib/platform/system-clock.js';

describe('system clock', () => {
  it('never calls too early, in order, and not after it was cancelled', async () => {
    const clock = new SystemClock();
    const early: number[] = [];
    const order: number[] = [];
    await new Promise<void>((done) => {
      const start = clock.now();
      for (let n = 0; n < 50; n++) {
        const at = start + n * 0.7;
        clock.at(at, () => {
          if (clock.now() < at) early.push(n);
          order.push(n);
          if (order.length === 50) done();
        });
      }
      clock.at(start, () => order.push(-1))();
    });
    expect(early).toEqual([]);
    expect(order).not.toContain(-1);
  });

  it('takes what lies in the past for now, and weeks for weeks', async () => {
    const clock = new SystemClock();
    let fired = 0;
    const cancel = clock.at(clock.now() + 60 * 24 * 3600 * 1000, () => fired++);
    await new Promise<void>((done) => clock.at(clock.now() - 1000, done));
    await new Promise<void>((done) => clock.at(-Infinity, done));
    expect(fired).toBe(0);
    cancel();
    expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(100);
  });
});
