import {explainWithoutConfig} from '../../lib/core/config/resolve-explain.js';
import type {ExplainSettings} from '../../lib/core/explain/settings.js';
import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import {ConfigNotFoundError} from '../config/config-error.js';
import {dryRun, explain} from '../explain/explain.js';
import {renderDryRun, renderExplanation} from '../explain/render.js';
import {loadSpec} from '../load-spec.js';
import type {View} from '../render/table.js';
import {isUtf8} from './wording.js';

interface Question {
  readonly diagnosis: LogDiagnosis;
  readonly excerpt: readonly {readonly line: number; readonly text: string}[];
  readonly flags: {readonly project?: string | undefined; readonly config?: string | undefined};
  readonly view: View;
  readonly isDryRun: boolean;
}

/** What the configured providers say to it, or what they would be told. */
export async function explainDiagnosis({
  diagnosis,
  excerpt,
  flags,
  view,
  isDryRun,
}: Question): Promise<{lines: string[]; document: Record<string, unknown>}> {
  const {settings, stateDir} = await settingsOf(flags);
  const {env} = process;
  const frame = {width: view.columns ?? 100, bar: isUtf8(view) ? ('│' as const) : ('|' as const)};
  if (isDryRun) {
    const plan = dryRun({diagnosis, excerpt, settings, env});
    return {lines: renderDryRun(plan, frame), document: {dryRun: plan}};
  }
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  try {
    const explanation = await explain({diagnosis, excerpt, settings, env, signal: controller.signal}, stateDir);
    return {lines: renderExplanation(explanation, frame), document: {explainedBy: explanation}};
  } finally {
    process.off('SIGINT', stop);
  }
}

/** Of the project, where there is one; a file from somewhere is explained all the same. */
async function settingsOf(flags: Question['flags']): Promise<{settings: ExplainSettings; stateDir: string | null}> {
  try {
    const {explain: settings, spec} = await loadSpec({...flags, cwd: process.cwd()});
    return {settings, stateDir: spec.stateDir};
  } catch (error) {
    const isNone = error instanceof ConfigNotFoundError;
    if (!isNone || flags.config !== undefined || flags.project !== undefined) throw error;
    return {settings: explainWithoutConfig(process.env), stateDir: null};
  }
}
