// Probes inside a network namespace: a line {id, port, options} on standard input, a line {id, result} back.
import {createInterface} from 'node:readline';
import {probe, type ProbeOptions} from './probe.js';

interface Question {
  readonly id: number;
  readonly port: number;
  readonly options: ProbeOptions;
}

createInterface(process.stdin)
  .on('line', (line) => {
    const {id, port, options} = JSON.parse(line) as Question;
    void probe(port, options).then((result) => process.stdout.write(`${JSON.stringify({id, result})}\n`));
  })
  .once('close', () => process.exit(0));
