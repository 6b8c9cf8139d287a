import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import type {HolderReport} from '../../lib/core/ports/document.js';
import {lookAtPorts} from '../ports/look.js';
import {planSource} from '../ports/source.js';

interface ProjectFlags {
  readonly project?: string | undefined;
  readonly config?: string | undefined;
}

/**
 * A taken port with who holds it at this moment. The log may be of yesterday or of another machine: what is seen now is told
 * as such.
 */
export async function withHolder(diagnosis: LogDiagnosis, flags: ProjectFlags, root: string): Promise<LogDiagnosis> {
  const {port} = diagnosis.subject;
  if (diagnosis.cause !== 'port-in-use' || typeof port !== 'number') return diagnosis;
  const seen = await lookAt(port, flags, root);
  return seen === null ? diagnosis : {...diagnosis, remedy: `${seen}; ${diagnosis.remedy ?? ''}`};
}

/** null: this machine does not tell. */
async function lookAt(port: number, flags: ProjectFlags, root: string): Promise<string | null> {
  try {
    const {ports} = await lookAtPorts({names: [], ports: [port]}, await planSource(flags, root));
    const [report] = ports;
    if (report === undefined) return null;
    const [holder] = report.holders;
    if (holder !== undefined) return `here ${port} is held now by ${named(holder)}`;
    return report.state === 'free' ? `here ${port} is free now` : null;
  } catch {
    // Whoever only wants a cause is not troubled with what the survey lacks.
    return null;
  }
}

function named({name, pid, user, service, command}: HolderReport): string {
  const facts = [
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(user === null ? [] : [user]),
    ...(service === null ? [] : [`service ${service}`]),
  ];
  const program = name ?? command?.split(' ', 1)[0] ?? 'somebody whose name this user may not read';
  return `${program}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}
