const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * A duration as people and the configuration write it: `0.4s 12s 3m20s 2h14m 3d4h`, two units at most.
 * @param ms milliseconds; negative counts as 0
 */
export function formatDuration(ms: number): string {
  const clean = Number.isFinite(ms) ? Math.max(0, ms) : 0;
  if (clean < 9950) return `${(Math.round(clean / 100) / 10).toString()}s`;
  const rounded = Math.round(clean / second) * second;
  if (rounded < minute) return `${rounded / second}s`;
  const units: readonly (readonly [string, number])[] = [
    ['d', day],
    ['h', hour],
    ['m', minute],
    ['s', second],
  ];
  const first = units.findIndex(([, size]) => rounded >= size);
  const [name, size] = units[first] as readonly [string, number];
  const [smallName, smallSize] = units[first + 1] as readonly [string, number];
  const big = Math.floor(rounded / size);
  const small = Math.floor((rounded - big * size) / smallSize);
  return small === 0 ? `${big}${name}` : `${big}${name}${small}${smallName}`;
}
