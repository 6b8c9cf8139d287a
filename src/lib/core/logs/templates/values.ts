/**
 * Values of each `<*>` of a template in a message of it, as short as they can be; null: the message is not of this
 * template. Linear in the message for each of its parts.
 */
export function variablesOf(template: string, message: string): string[] | null {
  return valuesIn(template, message.replace(/\s+/g, ' ').trim());
}

function valuesIn(template: string, message: string): string[] | null {
  const parts = template.split('<*>');
  const [first = '', ...others] = parts;
  if (!message.startsWith(first)) return null;
  const last = others.pop();
  if (last === undefined) return message.length === first.length ? [] : null;
  const values: string[] = [];
  let at = first.length;
  for (const part of others) {
    const next = message.indexOf(part, at);
    if (next < 0) return null;
    values.push(message.slice(at, next));
    at = next + part.length;
  }
  const end = message.length - last.length;
  if (end < at || !message.endsWith(last)) return null;
  values.push(message.slice(at, end));
  return values;
}
