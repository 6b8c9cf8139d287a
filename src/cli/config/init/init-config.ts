import {validate} from '../../../lib/core/config/validate.js';
import {Folder} from './folder.js';
import type {Proposal} from './proposal.js';
import {propose, type ProposeOptions} from './propose.js';
import {writeYaml} from './write-yaml.js';

export interface InitialConfig {
  /** The text of erp.config.yaml. */
  readonly text: string;
  readonly proposals: readonly Proposal[];
  /** What could not be read. */
  readonly notices: readonly string[];
  /** Nothing was found; the file holds an example. */
  readonly example: boolean;
}

const example: Proposal = {
  name: 'app',
  source: 'an example: nothing to start was found in this folder. Put your own command here',
  service: {command: 'node server.js --port {port}', port: {primary: 3000, alternatives: [3001, 3002]}},
  notes: [],
};

/** Looks at a folder and writes the configuration that fits it, as text. */
export async function initialConfig(
  projectDir: string,
  {schema, ...options}: ProposeOptions & {readonly schema: string},
): Promise<InitialConfig> {
  const {proposals: found, notices} = await propose(new Folder(projectDir), options);
  const proposals = found.length === 0 ? [example] : found;
  const text = writeYaml({
    header: [
      `yaml-language-server: $schema=${schema}`,
      'Written by erp config init. What erp found, and where, stands above each service; check it, then:',
      '  erp config validate    erp start    erp status',
    ],
    content: {services: Object.fromEntries(proposals.map(({name, service}) => [name, service]))},
    comments: Object.fromEntries(
      proposals.map(({name, source, notes}) => [`services.${name}`, [source, ...notes].map(oneLine)]),
    ),
    footer: [
      'More keys: startTimeout, checkInterval, timeoutThreshold, maxRestarts, dependsOn, hooks, stop, envFile, …',
      'erp config show names every value and where it comes from.',
    ],
  });
  const checked = validate(
    Object.fromEntries([['services', Object.fromEntries(proposals.map(({name, service}) => [name, service]))]]),
    () => null,
  );
  // What another program's file says may contradict itself; the author has to decide, not we.
  const problems = checked.ok ? [] : checked.problems.map(({message}) => `# to be decided: ${message}\n`);
  return {text: text + problems.join(''), proposals, notices, example: found.length === 0};
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
