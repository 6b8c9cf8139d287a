import {Flags} from '@oclif/core';
import {parseDuration} from '../lib/core/config/durations.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';

/** A duration as the configuration takes it, in milliseconds. */
export const duration = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (input, _context, {name}) => {
    const ms = parseDuration(input);
    if (ms !== null) return ms;
    throw new ErpError(`--${name} ${JSON.stringify(input)} is not a duration.`, {
      code: 'ERP_USAGE',
      exitCode: ExitCode.usage,
      remedy: [`a number of seconds or parts like 1m30s: --${name} 90s`],
    });
  },
});

export const output = Flags.option({
  options: ['text', 'jsonl'] as const,
  default: 'text' as const,
  description: 'jsonl: one JSON document a line, the last one is the result',
});
