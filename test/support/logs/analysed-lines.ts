import {assemble} from '../../../src/lib/core/logs/assemble.js';
import {Collector} from '../../../src/lib/core/logs/scan/collector.js';
import {Scanner} from '../../../src/lib/core/logs/scan/scanner.js';
import {templatesOf, variablesOf} from '../../../src/lib/core/logs/templates/templates.js';

/** For each line, as it stands in a log, header and all: the template of its event. */
export function analysedLines(lines: readonly string[]): string[] {
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const scanner = new Scanner({
    reference: Date.UTC(2026, 10, 23, 12),
    since: null,
    until: null,
    level: 0,
    greps: [],
    labels: true,
  });
  const collector = new Collector();
  const source = collector.begin();
  collector.add(source, scanner.scan(bytes));
  const facts = [{name: 'x', service: null, bytes: bytes.length, encoding: 'utf-8' as const, notes: []}];
  const {analysis, templateOf} = assemble(collector, facts, {templatesOf, variablesOf});
  const shapes = collector.sources[source]?.labels.flatMap((some) => [...some]) ?? [];
  let present = '';
  return shapes.map((shape) => {
    if (shape >= 0) present = analysis.templates[templateOf[shape] ?? -1]?.id ?? '';
    return present;
  });
}
