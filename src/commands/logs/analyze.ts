import {Args, Flags} from '@oclif/core';
import {collect, type Filter} from '../../cli/analyze/analysis-run.js';
import {inputsOf} from '../../cli/analyze/inputs.js';
import {writeLineTemplates} from '../../cli/analyze/line-templates.js';
import {ErpCommand} from '../../cli/base-command.js';
import {assemble, type Clustering} from '../../lib/core/logs/assemble.js';
import {reportOf} from '../../lib/core/logs/incidents/report-of.js';
import {templatesOf, variablesOf} from '../../lib/core/logs/templates/templates.js';

const clustering: Clustering = {templatesOf, variablesOf};
const noFilter: Filter = {since: null, until: null, level: 0, grep: null};

export default class LogsAnalyze extends ErpCommand {
  static override summary = 'what happened in logs, and why';
  static override strict = false;
  static override args = {what: Args.string({description: 'files', helpValue: 'FILE|-|SERVICE'})};
  static override flags = {
    'json-templates': Flags.boolean({description: 'for each line of the input its template, as JSON'}),
  };
  protected static override actsAsOwner = false;

  async run(): Promise<unknown> {
    const {argv, flags} = await this.parse(LogsAnalyze);
    const words = argv as string[];
    const inputs = await inputsOf(words.length === 0 && flags['json-templates'] ? ['-'] : words, flags, process.cwd());
    const collected = await collect(inputs, noFilter, {
      root: this.config.root,
      labels: flags['json-templates'],
      workers: null,
      advise: (text) => this.advise(text),
    });
    const assembled = assemble(collected.collector, collected.facts, clustering);
    if (flags['json-templates']) {
      await writeLineTemplates(collected, assembled);
      return undefined;
    }
    const report = reportOf(assembled.analysis);
    if (!this.jsonEnabled())
      for (const i of report.incidents)
        this.print(
          `${i.kind} ${i.title} ${i.from === null ? '' : new Date(i.from).toISOString()} ${i.to === null ? '' : new Date(i.to).toISOString()} :${i.first.spot.line} ${i.first.text}\n   ${i.templates
            .slice(0, 3)
            .map((t) => `${t.count}/${t.usual} ${t.text}`)
            .join('\n   ')}\n   ${i.diagnosis?.cause} ${i.next}\n`,
        );
    return report;
  }
}
