/**
 * Start of every ERP_MARK of a project. The runtime folder's name is the hash of the project (and instance): unique,
 * short, and without the path that others need not see in a process's environment.
 */
export function projectMark(runtimeDir: string): string {
  return runtimeDir.split(/[/\\]/).filter(Boolean).at(-1) ?? 'erp';
}
