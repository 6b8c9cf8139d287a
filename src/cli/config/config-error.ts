import {formatPath, type Problem} from '../../lib/core/config/problems.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import {renderProblems} from './render-problems.js';

/** The configuration, a flag or a variable is wrong; the message is the whole screen. */
export class ConfigInvalidError extends ErpError {
  constructor(
    problems: readonly Problem[],
    file: string | null,
    text: string | null,
    exitCode: ExitCode = ExitCode.configuration,
  ) {
    super(renderProblems(problems, file, text), {
      code: 'ERP_CONFIG_INVALID',
      exitCode,
      facts: {
        file,
        problems: problems.map(({path, position, message, found, allowed, nearest}) => ({
          file,
          line: position?.line ?? null,
          column: position?.column ?? null,
          key: path.length === 0 ? null : formatPath(path),
          message,
          found,
          allowed,
          nearest,
        })),
      },
    });
  }
}

export class ConfigNotFoundError extends ErpError {
  constructor(from: string) {
    super(`No configuration in ${from} or the folders above it.`, {
      code: 'ERP_CONFIG_NOT_FOUND',
      exitCode: ExitCode.configuration,
      remedy: [
        'erp config init (looks at the folder and writes erp.config.yaml)',
        'erp -C FOLDER … for another project',
      ],
      facts: {from},
    });
  }
}
