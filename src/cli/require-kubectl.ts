import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {SystemKubectl} from '../lib/platform/kubectl.js';

/** @throws ErpError exit 8, in one line, when kubectl is not where the configuration and the PATH say; nothing is run */
export function requireKubectl({connection, baseEnv, projectDir}: ProjectSpec): void {
  const kubectl = new SystemKubectl({...connection, environment: baseEnv, cwd: projectDir});
  const failure = kubectl.missing();
  if (failure === null) return;
  const {cause, subject, evidence, remedy} = failure.diagnosis;
  const [program] = connection.kubectl;
  throw new ErpError(evidence[0] ?? `${program} is not there.`, {
    code: 'ERP_TOOL_MISSING',
    exitCode: ExitCode.toolMissing,
    remedy: remedy === null ? [] : remedy.split('\n'),
    facts: {cause, program: subject ?? program},
  });
}
