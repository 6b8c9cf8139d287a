import {ErpError} from '../lib/core/errors.js';
import type {Hello, StartAnswer} from '../lib/core/report/api.js';
import {forwardsOf} from '../lib/core/report/verdict.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {actor} from './actor.js';
import {clientFor, doorOf} from './compose.js';
import {following} from './following.js';
import {launch} from './launch.js';
import {ownerOf} from '../lib/platform/lock.js';
import {journalOf, leftOver} from './left-over.js';
import {otherUsersSupervisor} from './other-user.js';
import {runtimeDirsOf} from './place.js';
import {replaceSupervisor} from './replace-supervisor.js';
import type {Started, StartOptions} from './start-services.js';
import {checkVersion, type SupervisorClient} from './supervisor-client.js';

/**
 * `start --ensure`, for schedulers: brings back what was wanted last, by the journals. Whatever an operator has stopped
 * stays stopped; what was never started or stopped here is started, when it is named or when that is everything.
 * @returns null when nothing is wanted up
 */
export async function ensureServices(options: StartOptions): Promise<Started | null> {
  const {spec, supervisorFile, version} = options;
  const client = clientFor(doorOf(spec));
  const asked = supervisorPid(spec);
  const found = await client.hello().catch((error: unknown) => replacedIfStuck(error, options, asked));
  if (found !== null) checkVersion(found, version);
  else {
    const other = otherUsersSupervisor(spec.projectDir, spec.stateDir);
    if (other !== null) throw other;
  }
  const {up, fresh} = wantedLast(options);
  const isWanted = up.length > 0 || fresh.length > 0;
  // A supervisor that died while it stopped something: the next one goes on with that.
  if (found === null && !isWanted && !leavesSomething(spec)) return null;
  const hello = found ?? (await launch({spec: {...spec, tie: 'none'}, supervisorFile, version, client}));
  // It takes up by itself what was wanted before its predecessor's death; after a reboot it waits to be asked.
  const now = await client.status();
  const isUp = now !== null && [...now.services, ...forwardsOf(now)].some(({wanted}) => wanted === 'up');
  const answers = [
    ...(isUp ? [] : await started(client, up, true)),
    ...(await started(client, fresh, options.alone, found === null || !isUp ? null : spec)),
  ];
  if (!isUp && answers.length === 0) return null;
  return {
    client,
    hello,
    launched: found === null,
    otherEnvironment: [],
    answer: {started: answers.flatMap(({started}) => started), alreadyRunning: [], after: answers[0]?.after ?? 0},
    follow: (lease) => following(client, {after: answers[0]?.after ?? null, lease}),
  };
}

async function started(
  client: SupervisorClient,
  services: readonly string[],
  alone: boolean,
  spec: ProjectSpec | null = null,
): Promise<StartAnswer[]> {
  if (services.length === 0) return [];
  return [await client.start({services, spec, actor: actor(), ...(alone ? {alone} : {})})];
}

function wantedLast({spec, services, named}: StartOptions): {up: readonly string[]; fresh: readonly string[]} {
  const all = [...spec.services, ...spec.portForwards];
  const wanted = new Map(all.map(({name}) => [name, journalOf(spec, name).wanted]));
  const isFirst = [...wanted.values()].every((each) => each === null);
  return {
    up: [...wanted].filter(([, each]) => each === true).map(([name]) => name),
    fresh: isFirst ? services : named.filter((name) => wanted.get(name) === null),
  };
}

const leavesSomething = ({projectDir, instance, runtimeDir, stateDir}: ProjectSpec) =>
  leftOver({projectDir, instance, runtimeDirs: [runtimeDir], sharedState: stateDir}).length > 0;

/** Whoever holds the lock; null: nobody, or it lies where we do not look. */
function supervisorPid({projectDir, instance, runtimeDir}: ProjectSpec): number | null {
  const owners = [...runtimeDirsOf(projectDir, instance), runtimeDir].map(ownerOf);
  return owners.find((owner) => owner !== null)?.pid ?? null;
}

/**
 * A supervisor that has been silent for 10 s is replaced, its services go on. Two schedulers may have waited for it: the
 * second must not replace the one that the first has just started.
 */
async function replacedIfStuck(
  error: unknown,
  {spec, supervisorFile, version}: StartOptions,
  asked: number | null,
): Promise<Hello | null> {
  if (!(error instanceof ErpError) || error.code !== 'ERP_SUPERVISOR_SILENT') throw error;
  if (supervisorPid(spec) !== asked) return await clientFor(doorOf(spec)).hello();
  return await replaceSupervisor({spec: {...spec, tie: 'none'}, supervisorFile, version, pid: asked});
}
