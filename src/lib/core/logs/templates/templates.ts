export interface Distinct {
  readonly text: string;
  readonly from: number;
  readonly source: number;
  readonly count: number;
  readonly detail?: string | null;
}

export interface FoundTemplate {
  readonly text: string;
  readonly members: readonly number[];
}

const masked = (text: string): string => text.replace(/[\w.-]*\d[\w.-]*/g, '<*>');

/** Messages that differ only in words with digits are one template. */
export function templatesOf(distinct: readonly Distinct[]): readonly FoundTemplate[] {
  const groups = new Map<string, number[]>();
  for (const [index, {text, from, detail}] of distinct.entries()) {
    const key = masked(text.slice(from)) + (detail ? ` ⏎ ${masked(detail)}` : '');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  return [...groups].map(([text, members]) => ({text, members}));
}

/** Values of each `<*>`; null: the message is not of this template. */
export function variablesOf(template: string, message: string): string[] | null {
  const parts = template.split('<*>');
  const values: string[] = [];
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const next =
      index === 0
        ? message.startsWith(part)
          ? 0
          : -1
        : part === '' && index === parts.length - 1
          ? message.length
          : message.indexOf(part, at);
    if (next < 0) return null;
    if (index > 0) values.push(message.slice(at, next));
    at = next + part.length;
  }
  return values;
}
