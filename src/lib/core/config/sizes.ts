/** Sizes: `20MB`, `1.2 GiB`, `812 KiB`, `4096` (bytes). Always powers of 1024, whatever the unit is called. */
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const pattern = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b|bytes?)?\s*$/i;

/** Pattern for editors (JSON Schema); `parseSize` is what decides. */
export const sizePattern = String.raw`^\s*\d+(\.\d+)?\s*([kKmMgGtT]([iI]?[bB])?|[bB])?\s*$`;

/** @returns whole bytes, or null when it is no size */
export function parseSize(text: string | number): number | null {
  const match = pattern.exec(String(text));
  if (match === null) return null;
  const letter = match[2]?.toLowerCase();
  const power = letter === undefined ? 0 : 'kmgt'.indexOf(letter) + 1;
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** At most three digits: `812 KiB`, `1.2 GiB`, `20 MiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be printed with four digits.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 9.95 && unit > 0 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
  return `${digits.replace(/\.0$/, '')} ${units[unit] ?? 'B'}`;
}
