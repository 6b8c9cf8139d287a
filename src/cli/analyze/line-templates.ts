import {once} from 'node:events';
import type {Assembled} from '../../lib/core/logs/assemble.js';
import type {Collected} from '../../lib/runtime/log-analysis/collect-logs.js';

const linesAtOnce = 4096;

/**
 * One JSON object for each line of the input: `{"cluster": …, "template": …}`. A line that goes on with an event has that
 * event's.
 */
export async function writeLineTemplates(collected: Collected, {analysis, templateOf}: Assembled): Promise<void> {
  const answers = analysis.templates.map(({text}, cluster) => JSON.stringify({cluster, template: text}));
  const blank = JSON.stringify({cluster: -1, template: ''});
  let parts: string[] = [];
  for (const {labels} of collected.collector.sources) {
    let present = blank;
    for (const segment of labels)
      for (const shape of segment) {
        if (shape >= 0) present = answers[templateOf[shape] as number] ?? blank;
        parts.push(present);
        if (parts.length < linesAtOnce) continue;
        await write(parts);
        parts = [];
      }
  }
  if (parts.length > 0) await write(parts);
}

async function write(parts: readonly string[]): Promise<void> {
  if (!process.stdout.write(`${parts.join('\n')}\n`)) await once(process.stdout, 'drain');
}
