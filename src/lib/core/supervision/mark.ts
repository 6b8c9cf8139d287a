/**
 * Start of every ERP_MARK of a project. The runtime folder's name is the hash of the project (and instance): unique,
 * short, and without the path that others need not see in a process's environment.
 */
export function projectMark(runtimeDir: string): string {
  return runtimeDir.split(/[/\\]/).filter(Boolean).at(-1) ?? 'erp';
}

/** ERP_MARK of guardian and supervisor. One that a service of another project has started is nobody's stray by it. */
export const supervisorMark = (mark: string): string => `${mark}/@supervisor`;

/**
 * `PROJECT/SERVICE/INCARNATION`, with a port `…/PORT`: what a process is and where it listens, kept where no file is
 * needed. Incarnation 0 is what a service runs beside itself: hooks, probes, stop commands.
 */
export function markOf(project: string, service: string, incarnation: number, port: number | null): string {
  return `${project}/${service}/${incarnation}${port === null ? '' : `/${port}`}`;
}

export interface Mark {
  readonly service: string;
  readonly incarnation: number;
  /** null: it has none, or the mark is of a version that did not say. */
  readonly port: number | null;
}

/** null: of another project, or no mark. */
export function readMark(mark: string, project: string): Mark | null {
  if (!mark.startsWith(`${project}/`)) return null;
  const [, service, incarnation, port] = /^([^/]+)\/(\d+)(?:\/(\d+))?$/.exec(mark.slice(project.length + 1)) ?? [];
  if (service === undefined) return null;
  return {service, incarnation: Number(incarnation), port: port === undefined ? null : Number(port)};
}
