/** As people read it: 2 digits below ten, then fewer. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size < 0.01) return value.toFixed(4);
  return value.toFixed(size < 0.1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
}

export const ms = (value: number | null): string => (value === null ? '–' : `${figure(value)} ms`);
export const seconds = (value: number | null): string => (value === null ? '–' : `${figure(value)} s`);
export const mebibytes = (kibibytes: number | null): string =>
  kibibytes === null ? '–' : `${figure(kibibytes / 1024)} MiB`;
export const times = (value: number | null): string => (value === null ? '–' : `${figure(value)} x`);

export const ratio = (a: number | null, b: number | null): number | null =>
  a === null || b === null || b === 0 ? null : a / b;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => text.replaceAll('|', '/').replaceAll(/\s*\n\s*/g, ' ');
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
