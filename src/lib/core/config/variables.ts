/** `$${NAME}` (a literal `${NAME}`), `${NAME}`, `${NAME:-value if unset or empty}` */
const variable = /\$(\$\{[A-Za-z_]\w*(?::-[^}]*)?\})|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Fills in variables of the environment. In commands this is the shell's business, so commands never come here.
 * @returns the text, and the names that are not set and have no value to fall back on
 */
export function expandVariables(text: string, variables: Variables): {text: string; missing: string[]} {
  const missing: string[] = [];
  const expanded = text.replaceAll(
    variable,
    (_, literal: string | undefined, name: string | undefined, fallback: string | undefined) => {
      if (literal !== undefined) return literal;
      const value = variables[name ?? ''];
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value === undefined) missing.push(name ?? '');
      return value ?? '';
    },
  );
  return {text: expanded, missing};
}
