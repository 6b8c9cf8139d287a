import {Flags} from '@oclif/core';
import {parseDuration} from '../lib/core/config/durations.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {ErpCommand} from './base-command.js';
import {connect, type ProjectFlags, placeOf} from './compose.js';
import {type DemoFailure, provoke, type ProvokeOptions, type ProvokeReport, renderProvoke} from './demo-provoke.js';

export const demoFlags = {
  url: Flags.string({
    description: "address of the demo's backend (default: where the running one listens)",
    helpValue: 'http://127.0.0.1:PORT',
    env: 'ERP_DEMO_URL',
  }),
};

/** A duration that is not nothing, in seconds: what the demo's backend takes. */
export const secondsFlag = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (input, _context, {name}) => {
    const ms = parseDuration(input);
    if (ms !== null && ms > 0) return ms / 1000;
    throw new ErpError(`--${name} ${JSON.stringify(input)} is no duration.`, {
      code: 'ERP_USAGE',
      exitCode: ExitCode.usage,
      remedy: [`a number of seconds or parts like 1m30s: --${name} 90s`],
    });
  },
});

/** `erp demo crash` and its likes: finds the demo's backend and asks it to fail. */
export abstract class DemoCommand extends ErpCommand {
  protected async provoke(
    failure: DemoFailure,
    flags: ProjectFlags & {readonly url?: string | undefined},
    options: ProvokeOptions = {},
  ): Promise<ProvokeReport> {
    const url = flags.url ?? (await this.#backendUrl(flags));
    const report = await provoke(url, failure, options);
    this.print(`${renderProvoke(report)}\n`);
    return report;
  }

  async #backendUrl(flags: ProjectFlags): Promise<string> {
    const {client} = await connect(await placeOf(flags), this.config.version).catch((error: unknown) => {
      throw startDemo(error);
    });
    const document = await client.status();
    if (document === null) throw noDemo('It ended just now.', ExitCode.noSupervisor);
    return backendUrl(document);
  }
}

/** @throws ErpError 4 when there is no backend, or none that listens */
export function backendUrl({services, project}: Pick<StatusDocument, 'services' | 'project'>): string {
  const backends = services.filter(({role}) => role === 'backend');
  const [backend] = backends.filter(({pid, port}) => pid !== null && port !== null);
  if (backend !== undefined) return `http://127.0.0.1:${backend.port}`;
  const why = backends[0] === undefined ? 'has no backend' : `has a backend that is ${backends[0].state}`;
  throw noDemo(`${project.name} in ${project.dir} ${why}.`, ExitCode.serviceFailed);
}

/** The remedy for a missing supervisor is the demo here, not just any start. */
function startDemo(error: unknown): unknown {
  if (!(error instanceof ErpError) || error.exitCode !== ExitCode.noSupervisor) return error;
  return new ErpError(error.message, {
    code: error.code,
    exitCode: error.exitCode,
    remedy: ['erp start --demo in this folder', "or --url with the backend's address"],
    facts: error.facts,
    cause: error,
  });
}

function noDemo(message: string, exitCode: ExitCode): ErpError {
  return new ErpError(message, {
    code: 'ERP_DEMO_AWAY',
    exitCode,
    remedy: ['erp start --demo', "or --url with the backend's address"],
  });
}
