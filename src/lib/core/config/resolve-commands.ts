import type {CommandSpec} from '../spec.js';
import {replaceConstants} from './placeholders.js';
import {constantsOf, type ResolveContext} from './resolving.js';
import type {CommandConfig} from './schema.js';

/** A list runs as it is, a text through a shell; there a path with spaces needs quotes unless it stands in some. */
export function resolveCommand(command: CommandConfig, context: ResolveContext): CommandSpec {
  const constants = constantsOf(context);
  if (typeof command !== 'string') {
    const [program = '', ...args] = command.map((word) => replaceConstants(word, constants));
    return {argv: [program, ...args]};
  }
  const quoted = Object.fromEntries(
    Object.entries(constants).map(([name, value]) => [
      name,
      /["']/.test(command) || /^[\w/.:@%+=,~-]+$/.test(value) ? value : quote(value, context.platform),
    ]),
  );
  return {shell: replaceConstants(command, quoted)};
}

const quote = (text: string, platform: string) =>
  platform === 'win32' ? `"${text}"` : `'${text.replaceAll("'", String.raw`'\''`)}'`;
