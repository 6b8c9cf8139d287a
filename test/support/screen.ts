/**
 * What a person sees after all this was written to a terminal of this size: what has scrolled out at the top, then the
 * screen down to the cursor. Knows what `erp` uses: line breaks, cursor up, both ways to erase; cells are characters.
 */
export function screenOf(text: string, columns: number, rows: number): string[] {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  const top = (): number => Math.max(0, lines.length - rows);
  const down = (): void => {
    row += 1;
    if (row === lines.length) lines.push('');
  };
  for (const [token, count, code] of text.matchAll(/\u001b\[\??([\d;]*)([A-Za-z])|\n|\r|[^\u001b]/gu)) {
    if (token === '\n') down();
    else if (token === '\r') column = 0;
    else if (code === 'A') row = Math.max(top(), row - Number(count || 1));
    else if (code === 'J' || code === 'K') {
      lines[row] = (lines[row] ?? '').slice(0, column);
      if (code === 'J') lines.length = row + 1;
    } else if (code === undefined) {
      // The cursor waits behind the last cell; only another character breaks the line.
      if (column === columns) {
        down();
        column = 0;
      }
      const line = (lines[row] ?? '').padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + 1);
      column += 1;
    }
  }
  return lines;
}
