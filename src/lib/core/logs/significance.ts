/**
 * Whether two counts differ by more than chance.
 * @see Dunning, "Accurate methods for the statistics of surprise and coincidence", 1993 (G-test)
 * @see Benjamini and Hochberg, "Controlling the false discovery rate", 1995
 */

/** Up to this many events the exact test is as fast as it has to be. */
const mostExact = 2000;

/**
 * That chance alone parts two counts so far, or further: 0..1, for both directions.
 * @param scale events in B for each in A, were nothing changed
 */
export function chanceOf(countA: number, countB: number, scale: number): number {
  const all = countA + countB;
  if (all <= 0) return 1;
  const share = scale / (1 + scale);
  return all <= mostExact ? exact(countB, all, share) : byLikelihood(countA, countB, share);
}

/** Given their sum, B's part of the events of two Poisson processes is binomial. Twice the smaller tail. */
function exact(count: number, all: number, share: number): number {
  const whole = Math.round(all);
  const k = Math.min(whole, Math.round(count));
  const isAbove = k > whole * share;
  let tail = 0;
  for (let i = isAbove ? k : 0; i <= (isAbove ? whole : k); i += 1) {
    tail += Math.exp(logChoose(whole, i) + i * Math.log(share) + (whole - i) * Math.log(1 - share));
  }
  return Math.min(1, 2 * tail);
}

function byLikelihood(countA: number, countB: number, share: number): number {
  const all = countA + countB;
  const part = (count: number, expected: number) => (count === 0 ? 0 : count * Math.log(count / expected));
  const g = 2 * (part(countA, all * (1 - share)) + part(countB, all * share));
  return tailOfNormal(Math.sqrt(Math.max(0, g)));
}

/** Both tails of the normal distribution beyond z; relative error below 1.2e-7. Numerical Recipes, erfc by Chebyshev. */
function tailOfNormal(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  return t * Math.exp(-x * x + terms.reduceRight((sum, term) => sum * t + term, 0));
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const factorials: number[] = [0, 0];
function logFactorial(n: number): number {
  for (let i = factorials.length; i <= n; i += 1) factorials.push((factorials[i - 1] ?? 0) + Math.log(i));
  return factorials[n] ?? 0;
}

/** The same chances, after correction for their number: of those below q, about the share q is by chance. */
export function corrected(chances: readonly number[]): number[] {
  const order = chances.map((_, i) => i).sort((a, b) => (chances[b] ?? 0) - (chances[a] ?? 0));
  const result = new Array<number>(chances.length).fill(1);
  let least = 1;
  order.forEach((index, i) => {
    const rank = chances.length - i;
    least = Math.min(least, ((chances[index] ?? 1) * chances.length) / rank);
    result[index] = least;
  });
  return result;
}
