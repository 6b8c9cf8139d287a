import type {LegacyConversion} from '../../lib/core/config/legacy.js';
import {isFields} from '../../lib/core/config/legacy-keys.js';
import {writeYaml} from './init/write-yaml.js';

/** The old configuration as a commented erp.config.yaml. */
export function migratedConfig(
  conversion: LegacyConversion,
  {oldFile, schema}: {oldFile: string; schema: string},
): string {
  const {document, keys, observed, notices} = conversion;
  const services = isFields(document['services']) ? document['services'] : {};
  const comments: Record<string, string[]> = {};
  for (const name of Object.keys(services)) {
    const from = keys.filter(({usedAs}) => usedAs?.startsWith(`services.${name}.`)).map(({key}) => key);
    comments[`services.${name}`] = [
      ...(from.length === 0 ? [] : [`from ${from.join(', ')}`]),
      ...(observed[name] === undefined
        ? []
        : [
            'watched, never started: the old file names no command. To start it, write',
            'command: … and take external: true away.',
          ]),
    ];
  }
  if (document['portForwards'] !== undefined) {
    comments['portForwards'] = [
      'The old file named local ports only: each is the service of its name, in its only port or the one named http.',
    ];
  }
  const ignored = keys.filter(({usedAs}) => usedAs === null);
  return writeYaml({
    header: [
      `yaml-language-server: $schema=${schema}`,
      `Written by erp config migrate from ${oldFile}, which is still there.`,
    ],
    content: document,
    comments,
    footer: [
      ...notices.filter((notice) => !Object.keys(observed).some((name) => notice.startsWith(`${name} `))),
      ...(ignored.length === 0 ? [] : ['Not taken over:', ...ignored.map(({key, why}) => `  ${key}: ${why ?? ''}`)]),
    ],
  });
}
