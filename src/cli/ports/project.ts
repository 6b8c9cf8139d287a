import {readFileSync, statSync} from 'node:fs';
import {Redactor} from '../../lib/core/config/redactor.js';
import {maskText} from '../../lib/core/config/secrets.js';
import {type PortPlan, planOfSpec} from '../../lib/core/ports/plan.js';
import type {LivingService, Ours} from '../../lib/core/ports/whose.js';
import {apiPaths} from '../../lib/core/report/api.js';
import type {ForwardStatus, StatusDocument} from '../../lib/core/report/status.js';
import {forwardsOf} from '../../lib/core/report/verdict.js';
import type {ProjectSpec} from '../../lib/core/spec.js';
import {projectMark} from '../../lib/core/supervision/mark.js';
import {ask, TransportError} from '../http10.js';
import {journalOf, lastSpec} from '../left-over.js';
import {runtimeDirsOf, runtimeDirsOfUser, socketsIn} from '../place.js';

/** What is known of a project beside its configuration: who supervises, what ran last. */
export interface PortsProject {
  readonly supervisor: {readonly pid: number} | null;
  readonly ours: Ours;
  readonly last: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
  /** What ran last without a file. */
  readonly plan: PortPlan | null;
  readonly redact: (text: string) => string;
}

export interface ProjectPlace {
  readonly projectDir: string;
  readonly configFile: string | null;
  readonly instance: string | null;
  readonly runtimeDirs: readonly string[];
  readonly sharedState: string | null;
}

/**
 * Root looks at everybody's project, and stays root: it sees who holds a port. The supervisor's socket lies where its
 * owner's environment puts it.
 */
export function runtimeDirsSeen(projectDir: string, instance: string | null): readonly string[] {
  const own = runtimeDirsOf(projectDir, instance);
  if (process.geteuid?.() !== 0) return own;
  try {
    const {uid} = statSync(projectDir);
    return uid === 0 ? own : [...own, ...runtimeDirsOfUser(projectDir, instance, {uid, home: homeOf(uid)})];
  } catch {
    return own;
  }
}

function homeOf(uid: number): string | null {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [, , id, , , home = ''] = line.split(':');
      if (id === String(uid)) return home === '' ? null : home;
    }
  } catch {
    // No such file: the folders in /tmp have to do.
  }
  return null;
}

const answerWithinMs = 3000;

export async function projectNow(place: ProjectPlace): Promise<PortsProject> {
  const {status, problem} = await supervisorAt(place);
  const spec = lastSpec(place);
  const redactor = spec === null ? null : new Redactor(spec);
  return {
    supervisor: status?.supervisor == null ? null : {pid: status.supervisor.pid},
    ours: {
      projects: [...new Set(place.runtimeDirs.map(projectMark))],
      services: status === null ? null : [...status.services.map(living), ...forwardsOf(status).map(livingForward)],
    },
    last: spec === null || status !== null ? {} : lastPorts(spec),
    problems: problem === null ? [] : [problem],
    plan: spec === null || place.configFile !== null ? null : planOfSpec(spec),
    redact: (text) => redactor?.text(text) ?? maskText(text),
  };
}

function living({name, pid, port, incarnation, listener, borrowed}: StatusDocument['services'][number]): LivingService {
  return {name, pid, port, incarnation, isVerified: listener === 'own', isBorrowed: borrowed};
}

/** Its kubectl holds the port, and nobody else of its own. */
const livingForward = ({name, pid, port}: ForwardStatus): LivingService => ({
  name,
  pid,
  port,
  incarnation: null,
  isVerified: false,
  isBorrowed: false,
});

/** The ports of services that still ran when the last supervisor ended: the next one goes on with them. */
function lastPorts(spec: ProjectSpec): Record<string, number> {
  const last: Record<string, number> = {};
  const withPort = [...spec.services.filter(({port}) => port !== null), ...spec.portForwards];
  for (const {name} of withPort) {
    const known = journalOf(spec, name);
    // What was stopped has given its port back; its next start asks for the primary first.
    if (known.wanted === true && known.port !== null) last[name] = known.port;
  }
  return last;
}

async function supervisorAt({
  projectDir,
  runtimeDirs,
}: ProjectPlace): Promise<{status: StatusDocument | null; problem: string | null}> {
  let problem: string | null = null;
  for (const socketPath of socketsIn(runtimeDirs)) {
    try {
      const answer = await ask(socketPath, {method: 'GET', path: apiPaths.status, timeoutMs: answerWithinMs});
      if (answer.status !== 200 || decodeURI(answer.headers['x-erp-project'] ?? '') !== projectDir) continue;
      return {status: JSON.parse(answer.body) as StatusDocument, problem: null};
    } catch (error) {
      // Nobody behind the socket is the usual case of a project that is stopped.
      if (error instanceof TransportError && error.code === 'ETIMEDOUT')
        problem = `the supervisor of ${projectDir} does not answer; what is ours is told by marks`;
      if (error instanceof TransportError && error.code === 'EACCES')
        problem = `the supervisor of ${projectDir} belongs to another user; what is ours is told by marks`;
    }
  }
  return {status: null, problem};
}
