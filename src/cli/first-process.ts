import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';

/**
 * As the first process of a container we are given the orphans of all others, and Node reaps only its own children: the
 * dead would pile up, each with its pid. Newer versions of Node become erp-init before they come here (bin/run.js).
 * @returns one line of advice; null: we are not the first process
 * @throws ErpError if erp was asked not to stay: a container ends with its first process, and everything in it
 */
export function firstProcessAdvice(stays: boolean, pid = process.pid): string | null {
  if (pid !== 1) return null;
  if (!stays) {
    throw new ErpError('erp is the first process of this container: with --detach the container would end at once.', {
      code: 'ERP_FIRST_PROCESS',
      exitCode: ExitCode.usage,
      remedy: ['leave out --detach and --ensure: erp start stays, and stops everything when the container is stopped'],
    });
  }
  return 'erp is the first process of this container, and Node leaves dead orphans there for ever: start it by erp-init (ENTRYPOINT ["erp-init"]) or with docker run --init. See docs/containers.md.';
}
