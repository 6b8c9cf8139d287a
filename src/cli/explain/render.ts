import {formatSize} from '../../lib/core/config/sizes.js';
import type {ExplainPlan, PlannedProvider} from '../../lib/core/explain/plan.js';
import {utf8Length} from '../../lib/core/explain/excerpt.js';
import type {Explanation} from '../../lib/runtime/explainer.js';
import {wrap} from '../render/width.js';

/** How wide the terminal is, and what a line of somebody else's begins with there. */
export interface Frame {
  readonly width: number;
  readonly bar: '│' | '|';
}
const frame: Frame = {width: 100, bar: '│'};

/**
 * Each line of a foreign answer stands behind a bar: it can't look like a line of ours, and a command in it is not taken
 * for a remedy of ours.
 */
export function renderExplanation({provider, model, text, tried}: Explanation, {width, bar}: Frame = frame): string[] {
  const head =
    model === null ? 'explanation (built-in diagnosis)' : `explanation by ${model} of ${provider} (not verified)`;
  return [
    ...tried.map((each) => `${each.provider}: ${each.problem}`),
    head,
    ...text
      .split('\n')
      .flatMap((line) => wrap(line, width - 4))
      .map((line) => `  ${bar} ${line}`.trimEnd()),
  ];
}

/** For `--dry-run`: to whom what would go, and what was taken out of it. */
export function renderDryRun({prompt, providers}: ExplainPlan, {bar}: Frame = frame): string[] {
  const asked = providers.filter(({problem}) => problem === null);
  const removed = Object.entries(prompt.removed).map(([kind, count]) => `${count} × ${kind}`);
  const bytes = utf8Length(prompt.system) + utf8Length(prompt.user);
  return [
    asked.length === 0
      ? 'dry run: nobody would be asked, the built-in diagnosis answers'
      : `dry run: nothing was sent; ${formatSize(bytes)} of text would go to the first of these that answers`,
    ...providers.map(destination),
    'built-in: answers when nobody else does, on this machine',
    `taken out before: ${removed.length === 0 ? 'nothing was found that had to be' : removed.join(', ')}`,
    ...(asked.length === 0 ? [] : ['', ...block('system', prompt.system, bar), ...block('user', prompt.user, bar)]),
  ];
}

function destination({provider, model, problem, reach, ask}: PlannedProvider): string {
  if (problem !== null) return `${provider}: not asked, ${problem}`;
  return `${provider}: ${ask.method} ${ask.url} (${model ?? 'the first model that it offers'}, ${reach})`;
}

const block = (name: string, text: string, bar: string): string[] => [
  `${name}:`,
  ...text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${bar} ${line}`.trimEnd()),
];
