import {existsSync, rmSync, statSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {kill} from '../rig.js';
import {targets} from './fleet.js';
import {dependentsOf, neededBy, type Operators} from './operators.js';
import type {Action} from './plan.js';
import type {Scene} from './scene.js';

const missed = 'nobody there';
/** A stranger waits so long for the port. */
const thiefPatienceMs = 1500;
/** Every 5 s, on a busy machine. */
const restoredWithinMs = 10_000;
/** An adopted process is looked at every 400 ms, its zombie at the first probe that fails. */
const spawnWaitMs = 3000;
/** 7: somebody stops everything right now. */
const exits = {
  stop: [0, 6, 9],
  start: [0, 4, 5, 6, 7, 9],
  restart: [0, 4, 5, 6, 7, 9],
  status: [0, 4, 6, 9],
} as const;

/** Does one thing of the plan. @returns what came of it, for the report */
export async function perform(action: Action, scene: Scene, operators: Operators): Promise<string> {
  const service = action.service ?? '';
  const all = targets.map(({name}) => name);
  const code = (ended: {code: number | null} | null) => `exit ${ended?.code ?? 'none'}`;
  switch (action.kind) {
    case 'kill':
      return signalLeader(scene, service, 'SIGKILL');
    case 'term':
      return signalLeader(scene, service, 'SIGTERM');
    case 'kill-twice': {
      const first = signalLeader(scene, service, 'SIGKILL');
      await sleep(action.forMs);
      return `${first}, then ${signalLeader(scene, service, 'SIGKILL')}`;
    }
    case 'freeze': {
      const pid = scene.leader(service);
      if (pid === null) return missed;
      kill(pid, 'SIGSTOP');
      await sleep(action.forMs);
      // It may have been killed as hung, and its number be somebody else's by now.
      if (scene.leader(service) === pid) kill(pid, 'SIGCONT');
      return `pid ${pid}`;
    }
    case 'flood': {
      const pid = scene.leader(service);
      if (pid === null || !scene.fleet.isUp(service, pid)) return missed;
      kill(pid, 'SIGUSR2');
      return `pid ${pid}`;
    }
    case 'steal-port':
      return await stealPort(scene, service, action.forMs);
    case 'kill-supervisor':
      return scene.killSupervisor() ? 'done' : missed;
    case 'kill-at-spawn':
      return await killAtSpawn(scene, service);
    case 'die-at-point':
      return await dieAtPoint(scene, operators, service, action.point ?? '');
    case 'kill-guardian':
      return scene.killGuardian() ? 'done' : missed;
    case 'kill-both': {
      const guardian = scene.killGuardian();
      return scene.killSupervisor() || guardian ? 'done' : missed;
    }
    case 'freeze-supervisor':
      return (await scene.freezeSupervisor(action.forMs)) ? 'done' : missed;
    case 'delete-state':
      return await deleteState(scene, operators);
    case 'delete-runtime':
      return remove(scene, join(scene.rig.runtime, 'erp'));
    case 'fill-disk':
      return (await scene.fillDisk(action.forMs)) ? 'done' : 'no disk of our own';
    case 'erp-stop':
      return code(await operators.wish(['stop', service, '--yes'], dependentsOf(service), 'down', exits.stop));
    case 'erp-start':
      return code(
        await operators.wish(['start', service, '--detach', '--timeout', '30s'], neededBy(service), 'up', exits.start),
      );
    case 'erp-restart':
      return code(
        await operators.wish(['restart', service, '--timeout', '30s'], neededBy(service), 'up', exits.restart),
      );
    case 'erp-status':
      return code(await operators.run(['status', '--json'], exits.status));
    case 'erp-stop-all':
      return code(await operators.wish(['stop'], all, 'down', exits.stop));
    case 'erp-ensure':
      return code(await operators.run(['start', '--ensure'], exits.start));
    case 'erp-supervisor-restart':
      return code(await scene.replace(operators));
    default:
      return action.kind satisfies never;
  }
}

function signalLeader(scene: Scene, service: string, signal: NodeJS.Signals): string {
  const pid = scene.leader(service);
  if (pid === null) return missed;
  kill(pid, signal);
  return `pid ${pid}`;
}

/** What a living supervisor knows it writes again. */
async function deleteState(scene: Scene, operators: Operators): Promise<string> {
  if (!scene.hasSettledSupervisor()) return missed;
  const done = remove(scene, join(scene.rig.project, '.erp'));
  const files = ['spec.json', ...targets.map(({name}) => join('journal', `${name}.jsonl`))];
  const missing = () => files.filter((file) => !existsSync(join(scene.rig.project, '.erp', file)));
  const until = Date.now() + restoredWithinMs;
  while (missing().length > 0 && Date.now() < until) await sleep(50);
  if (missing().length > 0)
    operators.violations.push(
      `${missing().join(', ')} not written again ${restoredWithinMs} ms after .erp was deleted`,
    );
  return done;
}

function remove(scene: Scene, path: string): string {
  scene.trouble(3000);
  rmSync(path, {recursive: true, force: true, maxRetries: 3});
  return 'done';
}

/** The service dies, and a stranger is quicker on its port than its next life, or nearly. */
async function stealPort(scene: Scene, service: string, ms: number): Promise<string> {
  const pid = scene.leader(service);
  const port = scene.fleet.ports.get(service);
  if (pid === null || port === undefined) return missed;
  kill(pid);
  const until = Date.now() + thiefPatienceMs;
  for (let tries = 1; Date.now() < until; tries += 1) {
    const close = await listen(port);
    if (close === null) {
      await sleep(1);
      continue;
    }
    await sleep(ms);
    close();
    return `pid ${pid}, port ${port} at try ${tries}`;
  }
  return `pid ${pid}, port not had`;
}

function listen(port: number): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.on('error', () => {}).end());
    server.once('error', () => resolve(null));
    server.listen({port, host: '127.0.0.1'}, () => resolve(() => server.close()));
  });
}

/** The service dies, and the supervisor as soon as the next life has written itself down. */
async function killAtSpawn(scene: Scene, service: string): Promise<string> {
  const pid = scene.leader(service);
  const supervisor = scene.supervisor();
  if (pid === null || supervisor === null) return missed;
  const book = join(scene.fleet.books, `${service}.jsonl`);
  const before = statSync(book).size;
  kill(pid);
  const until = performance.now() + spawnWaitMs;
  while (statSync(book).size === before) {
    if (performance.now() > until) return 'no spawn was seen';
    await sleep(0);
  }
  return scene.killSupervisor() ? `pid ${pid}` : missed;
}

/** The supervisor is replaced by one that kills itself at a point of its code, and the service dies to lead it there. */
async function dieAtPoint(scene: Scene, operators: Operators, service: string, point: string): Promise<string> {
  const once = scene.onceFile();
  const ended = await scene.replace(operators, {ERP_FAULT: `${point}:1`, ERP_FAULT_ONCE: once});
  if (ended?.code !== 0) return `not replaced: exit ${ended?.code ?? 'none'}`;
  const pid = scene.leader(service);
  if (pid === null) return missed;
  kill(pid);
  const until = Date.now() + spawnWaitMs;
  while (!existsSync(once) && Date.now() < until) await sleep(5);
  return `pid ${pid}, ${existsSync(once) ? 'died there' : 'not passed yet'}`;
}
