import {readFileSync} from 'node:fs';
import {canonicalJson} from '../lib/core/config/spec-hash.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {Hello, StartAnswer} from '../lib/core/report/api.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {actor} from './actor.js';
import {clientFor, doorOf} from './compose.js';
import {launch} from './launch.js';
import {specFile} from './place.js';
import {otherUsersSupervisor} from './other-user.js';
import {environmentDifference, specDifference} from './spec-difference.js';
import {type Following, following, listening} from './following.js';
import {checkVersion, type SupervisorClient} from './supervisor-client.js';

export interface StartOptions {
  readonly spec: ProjectSpec;
  readonly services: readonly string[];
  /** Those that the operator has named; a job that is done is run again only then. */
  readonly named: readonly string[];
  /** Without what they need (`--frontend-only`). */
  readonly alone: boolean;
  /** Only what concerns port-forwards has to be the same in the configuration that runs. */
  readonly forwardsOnly?: boolean;
  /** Ctrl-C in this terminal will stop everything: nobody else's terminal may hold them. null: detached. */
  readonly lease: string | null;
  readonly supervisorFile: string;
  readonly version: string;
}

export interface Started {
  readonly client: SupervisorClient;
  readonly hello: Hello;
  readonly launched: boolean;
  readonly answer: StartAnswer;
  /** Names of variables that are different here than where the running supervisor was started. */
  readonly otherEnvironment: readonly string[];
  /**
   * Everything that happens because of the request.
   * @param lease to hold in a supervisor that was found; one that was launched here is held by the lease it was asked for
   */
  readonly follow: (lease: string | null) => Following;
}

/** Finds the supervisor or starts one, and asks for the services. */
export async function startServices(options: StartOptions): Promise<Started> {
  const {spec} = options;
  const client = clientFor(doorOf(spec));
  const found = await client.hello();
  if (found === null) {
    const other = otherUsersSupervisor(spec.projectDir, spec.stateDir);
    if (other !== null) throw other;
  } else {
    checkVersion(found, options.version);
    refuseOthers(found, options);
  }
  const hello =
    found ??
    (await launch({
      // Whoever detaches leaves no terminal behind that the services could be tied to.
      spec: options.lease === null ? {...spec, tie: 'none'} : spec,
      supervisorFile: options.supervisorFile,
      version: options.version,
      client,
    }));
  // Two starts at once: the other one's supervisor may be the one that answers.
  if (found === null) refuseOthers(hello, options);
  // A program that fails at once takes its supervisor with it: whoever listens after the request may hear nothing.
  const early = found === null ? await listening(following(client, {after: null, lease: options.lease})) : null;
  const done = found === null ? [] : await jobsDone(client);
  const services = options.services.filter((name) => options.named.includes(name) || !done.includes(name));
  const answer = await client.start({
    services,
    spec: found === null || found.specHash !== spec.hash ? null : spec,
    actor: actor(),
    ...(options.alone ? {alone: true} : {}),
  });
  return {
    client,
    hello,
    launched: found === null,
    otherEnvironment: found === null ? [] : comparedWithRunning(spec, environmentDifference),
    answer: {
      ...answer,
      alreadyRunning: options.services.filter((name) => !answer.started.includes(name)),
    },
    follow: (lease) => early ?? following(client, {after: answer.after, lease}),
  };
}

async function jobsDone(client: SupervisorClient): Promise<string[]> {
  const status = await client.status();
  return status?.services.filter(({state}) => state === 'done').map(({name}) => name) ?? [];
}

function refuseOthers(hello: Hello, {spec, lease, named, forwardsOnly}: StartOptions): void {
  const isOther = hello.specHash !== spec.hash;
  if (isOther && !(forwardsOnly === true && forwardsAreSame(hello, spec)))
    throw otherConfiguration(hello, spec, forwardsOnly === true);
  // Whoever names services adds them to what runs, and takes nothing from the terminal that holds it.
  if (lease !== null && named.length === 0 && hello.lease !== null && hello.lease !== lease) {
    throw new ErpError(`${spec.name} is held by another terminal (${hello.lease}, supervisor pid ${hello.pid}).`, {
      code: 'ERP_HELD_ELSEWHERE',
      exitCode: ExitCode.otherSupervisor,
      remedy: ['erp attach shows it here', 'erp start --detach SERVICE starts one more'],
      facts: {lease: hello.lease, pid: hello.pid},
    });
  }
}

/** Flags of an `erp start` that speak of services (`--max-restarts`) are nothing to its port-forwards. */
function forwardsAreSame(hello: Hello, spec: ProjectSpec): boolean {
  if (hello.configFile !== spec.configFile) return false;
  const about = ({portForwards, connection}: ProjectSpec) => canonicalJson({portForwards, connection});
  const [same] = comparedWithRunning(spec, (running, asked) => (about(running) === about(asked) ? ['same'] : []));
  return same !== undefined;
}

function otherConfiguration(hello: Hello, spec: ProjectSpec, forwardsOnly: boolean): ErpError {
  const difference = comparedWithRunning(spec, ({portForwards, connection, ...rest}, asked) =>
    specDifference({...(forwardsOnly ? asked : rest), portForwards, connection}, asked),
  );
  const shown = difference.slice(0, 10).map((line) => `\n  ${line}`);
  const more = difference.length > shown.length ? `\n  and ${difference.length - shown.length} more` : '';
  const file = hello.configFile === spec.configFile ? '' : ` (${hello.configFile ?? 'none'})`;
  return new ErpError(`The supervisor (pid ${hello.pid}) runs another configuration${file}.${shown.join('')}${more}`, {
    code: 'ERP_OTHER_CONFIGURATION',
    exitCode: ExitCode.otherSupervisor,
    remedy: ['erp stop, then erp start: the new configuration takes effect'],
    facts: {pid: hello.pid, configFile: hello.configFile, difference},
  });
}

/** Against the specification that the running supervisor was started with. */
function comparedWithRunning(
  spec: ProjectSpec,
  compare: (running: ProjectSpec, asked: ProjectSpec) => string[],
): string[] {
  try {
    return compare(JSON.parse(readFileSync(specFile(spec.stateDir), 'utf8')) as ProjectSpec, spec);
  } catch {
    return [];
  }
}
