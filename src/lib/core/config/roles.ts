const words = {
  backend: ['backend', 'api', 'server'],
  frontend: ['frontend', 'web', 'ui', 'client'],
} as const;

/** The role that a name tells, as a whole word or at the edge of one: `api-gateway` does, `rapids` and `build` do not. */
export function inferredRole(
  name: string,
  note: (role: 'backend' | 'frontend', word: string) => 'backend' | 'frontend',
): 'backend' | 'frontend' | null {
  const parts = name
    .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_\d]+/);
  for (const role of ['backend', 'frontend'] as const) {
    const found = words[role].find((word) =>
      parts.some((part) => part === word || (word.length > 3 && (part.startsWith(word) || part.endsWith(word)))),
    );
    if (found !== undefined) return note(role, found);
  }
  return null;
}
