/**
 * Start of every ERP_MARK of a project. The runtime folder's name is the hash of the project (and instance): unique,
 * short, and without the path that others need not see in a process's environment.
 */
export function projectMark(runtimeDir: string): string {
  return runtimeDir.split(/[/\\]/).filter(Boolean).at(-1) ?? 'erp';
}

/** ERP_MARK of guardian and supervisor. One that a service of another project has started is nobody's stray by it. */
export const supervisorMark = (mark: string): string => `${mark}/@supervisor`;
