import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {Hello} from '../lib/core/report/api.js';
import {apiPaths} from '../lib/core/report/api.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {forwardsOf, isForwardUp} from '../lib/core/report/verdict.js';
import {ask} from './http10.js';
import type {LeftOver} from './left-over.js';
import {controlSocketPath} from '../lib/platform/project-paths.js';
import {neutralise} from './render/foreign.js';
import {runtimeBases} from './place.js';

export interface RunningProject {
  readonly project: string;
  readonly instance: string | null;
  readonly name: string;
  readonly overall: StatusDocument['overall'];
  readonly mark: StatusDocument['mark'];
  readonly services: {readonly up: number; readonly all: number};
  readonly forwards: {readonly up: number; readonly all: number};
  readonly supervisor: {readonly pid: number; readonly version: string; readonly uptimeMs: number};
  readonly lease: string | null;
}

/** All projects of this user whose supervisor answers; one that is stuck costs a second, not the list. */
export async function runningProjects(bases: readonly string[] = runtimeBases()): Promise<RunningProject[]> {
  const folders = bases.flatMap((base) => namesIn(base).map((name) => join(base, name)));
  const found = await Promise.all(folders.map((folder) => look(controlSocketPath(folder))));
  return found
    .filter((project) => project !== null)
    .sort((a, b) => a.project.localeCompare(b.project) || (a.instance ?? '').localeCompare(b.instance ?? ''));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

async function look(socketPath: string): Promise<RunningProject | null> {
  const get = async (path: string) =>
    JSON.parse((await ask(socketPath, {method: 'GET', path, timeoutMs: 1000})).body) as unknown;
  try {
    const [hello, status] = (await Promise.all([get(apiPaths.hello), get(apiPaths.status)])) as [Hello, StatusDocument];
    return {
      project: hello.project,
      instance: status.project.instance,
      name: status.project.name,
      overall: status.overall,
      mark: status.mark,
      services: {
        up: status.services.filter((service) => service.state === 'ready' || service.state === 'done').length,
        all: status.services.length,
      },
      forwards: {up: forwardsOf(status).filter(isForwardUp).length, all: forwardsOf(status).length},
      supervisor: {pid: hello.pid, version: hello.version, uptimeMs: status.supervisor?.uptimeMs ?? 0},
      lease: hello.lease,
    };
  } catch {
    return null; // a socket that a dead supervisor left behind, or one that is no supervisor's
  }
}

/** Nobody to ask (exit 6); whoever stands in the wrong folder sees where something runs. */
export function noSupervisor(
  projectDir: string,
  running: readonly RunningProject[],
  left: readonly LeftOver[] = [],
  trouble: readonly string[] = [],
): ErpError {
  const here = running.find(({project}) => project === projectDir)?.instance ?? null;
  const others = running.map(
    ({project, instance, services, forwards}) =>
      `${project}${instance === null ? '' : `, instance ${instance}`} (${services.up + forwards.up} of ${services.all + forwards.all} up)`,
  );
  const list =
    others.length === 0
      ? 'No other project of this user runs here.'
      : `Running projects of this user:\n${others.map((line) => `  ${line}`).join('\n')}`;
  const still =
    left.length === 0
      ? ''
      : `What the last one started runs on, unwatched:\n${left.map(({service, pid, command}) => `  ${service}, pid ${pid}: ${neutralise(command)}\n`).join('')}`;
  return new ErpError([`No supervisor runs for ${projectDir}.`, ...trouble, `${still}${list}`].join('\n'), {
    code: 'ERP_NO_SUPERVISOR',
    exitCode: ExitCode.noSupervisor,
    remedy:
      left.length > 0
        ? ['erp start takes over what runs, erp stop ends it']
        : here !== null
          ? [`erp status --instance ${here}`, 'erp start']
          : others.length === 0
            ? ['erp start']
            : ['erp start, or name the folder: erp -C DIR …'],
    facts: {project: projectDir, running: running.map(({project, instance}) => ({project, instance})), left, trouble},
  });
}
