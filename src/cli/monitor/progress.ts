import type {ProjectSpec} from '../../lib/core/spec.js';
import {chooseProgress} from '../progress/choose.js';
import type {Progress} from '../progress/progress.js';
import type {SupervisorClient} from '../supervisor-client.js';
import {viewOf, wantsLive} from '../terminal.js';
import {monitorProgress} from './live.js';

export interface MonitorView {
  readonly client: SupervisorClient;
  readonly spec: ProjectSpec;
  readonly names: readonly string[];
  readonly output: 'text' | 'jsonl';
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly colour: boolean | undefined;
}

/** A table that stays for somebody who looks at a terminal, lines otherwise. */
export async function monitorView(options: MonitorView): Promise<Progress> {
  const {client, spec, names, output, quiet, colour} = options;
  const level = options.debug ? 'DEBUG' : 'INFO';
  if (output === 'text' && !quiet && wantsLive(process.stderr)) {
    const view = () => viewOf(process.stderr, colour);
    return monitorProgress({stream: process.stderr, view, level, names, refresh: () => client.status()});
  }
  return await chooseProgress({output, quiet, level, colour, logDir: spec.logDir});
}
