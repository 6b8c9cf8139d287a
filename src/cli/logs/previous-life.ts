import {readFileSync} from 'node:fs';
import {join} from 'node:path';

export interface LifeSpan {
  readonly from: number;
  readonly to: number;
}

/** When the life before the present (or last) one of a service was, by its journal; null: none is known. */
export function previousLife(stateDir: string, service: string): LifeSpan | null {
  let text: string;
  try {
    text = readFileSync(join(stateDir, 'journal', `${service}.jsonl`), 'utf8');
  } catch {
    return null;
  }
  const starts: number[] = [];
  for (const line of text.split('\n')) {
    try {
      const record = JSON.parse(line) as {t?: unknown; at?: unknown};
      if (record.t === 'intent' && typeof record.at === 'number') starts.push(record.at);
    } catch {
      // Torn: the records before it are whole.
    }
  }
  const [from, to] = starts.slice(-2);
  // The new life's first bytes can't have arrived in the millisecond in which it was decided on.
  return from === undefined || to === undefined ? null : {from, to: to - 1};
}
