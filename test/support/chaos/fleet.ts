import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {freePort} from '../free-port.js';
import {fixtures, type Rig} from '../rig.js';
import {type BookRecord, incarnationOf} from './judge.js';
import {type Entry, type Life, readEntries} from './judge-lines.js';
import type {Target} from './plan.js';

const fixture = (name: string): string => join(fixtures, 'chaos', name);
const hasPython = spawnSync('/usr/bin/python3', ['-c', 'import socket']).status === 0;

/** The first one's ports are taken by strangers, the second one has others to move to. */
export const targets: readonly Target[] = [
  {name: 'web', port: true, counts: true},
  {name: 'api', port: true, counts: true},
  {name: 'worker', port: false, counts: true},
  {name: 'family', port: false, counts: false},
  ...(hasPython ? [{name: 'script', port: false, counts: true}] : []),
];

export interface FleetOptions {
  /** Between two lines of a service. */
  readonly pauseMs: number;
  readonly floodLines: number;
}

/** Services that keep books of their own, in a folder that no fault touches. */
export class Fleet {
  readonly #rig: Rig;
  readonly books: string;
  /** The primary port by service. */
  readonly ports = new Map<string, number>();

  constructor(rig: Rig) {
    this.#rig = rig;
    this.books = join(rig.dir, 'books');
    mkdirSync(this.books);
  }

  async configure({pauseMs, floodLines}: FleetOptions): Promise<void> {
    const ports = await Promise.all(Array.from({length: 4}, () => freePort()));
    const [web = 0, api = 0, ...others] = ports;
    this.ports.set('web', web).set('api', api);
    const begin = (name: string, ...command: string[]) => ['sh', fixture('begin.sh'), name, ...command];
    const counts = (name: string, port: string, pause = pauseMs) =>
      begin(name, '{node}', fixture('numbers.mjs'), name, port, String(pause));
    const firstLine = (name: string) => ({log: `^${name} \\d+:\\d+ 1 `});
    const services: Record<string, object> = {
      web: {command: counts('web', '{port}'), port: web, health: '/health', env: {CHAOS_CHILD: '1'}},
      api: {
        command: counts('api', '{port}'),
        port: {primary: api, alternatives: others},
        health: '/health',
        dependsOn: ['web'],
      },
      worker: {
        command: counts('worker', '-', Math.max(1, pauseMs / 2)),
        readiness: firstLine('worker'),
        dependsOn: ['api'],
      },
      family: {
        command: begin('family', 'sh', fixture('family.sh'), 'family', '0.05'),
        readiness: firstLine('family'),
        stopGrace: '500ms',
      },
      script: {
        command: begin('script', '/usr/bin/python3', fixture('numbers.py'), 'script', String(pauseMs)),
        readiness: firstLine('script'),
      },
    };
    this.#rig.config(Object.fromEntries(targets.map(({name}) => [name, services[name] ?? {}])), {
      // Quick, so that a round shows what else takes minutes; and a budget that lasts.
      defaults: {
        checkInterval: '1s',
        timeoutThreshold: '6s',
        startTimeout: '20s',
        stopGrace: '3s',
        hangGrace: '500ms',
        maxRestarts: 100_000,
        backOff: [0, '100ms', '250ms'],
        stableAfter: '1s',
        env: {CHAOS_BOOKS: this.books, CHAOS_FLOOD: String(floodLines)},
      },
      // Nothing is removed while the books still ask for it.
      logging: {maxFileSize: '128KB', maxTotalSize: '100GB'},
      machine: {sampleInterval: '1s', minFree: '1', minFreeShare: 0.000001, cpuWarn: 1, memoryWarn: 1},
    });
  }

  records(service: string): BookRecord[] {
    const file = join(this.books, `${service}.jsonl`);
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as BookRecord);
  }

  /** The last life that began; null: none yet. */
  lastStart(service: string): BookRecord | null {
    return this.records(service).findLast(({t}) => t === 'start') ?? null;
  }

  /** It listens to signals; before that each of them would end it. */
  isUp(service: string, pid: number): boolean {
    return this.records(service).some((record) => record.t === 'up' && record.pid === pid);
  }

  /** In the order in which they began. */
  lives({name, counts}: Target): Life[] {
    return this.records(name)
      .filter(({t}) => t === 'start')
      .map(({pid, mark}) => {
        const incarnation = incarnationOf(mark);
        const file = join(this.books, `${name}.${incarnation}.${pid}.count`);
        if (!counts) return {incarnation, pid, said: 0, about: Number.POSITIVE_INFINITY};
        const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
        if (bytes.length < 16) return {incarnation, pid, said: 0, about: 0};
        return {incarnation, pid, about: Number(bytes.readBigUInt64LE(0)), said: Number(bytes.readBigUInt64LE(8))};
      });
  }

  /** All that its log says, rotated files too. */
  entries(service: string): Entry[] {
    return readEntries(service, logText(join(this.#rig.project, 'logs'), service));
  }
}

/** `NAME-20260522-090530.log`, `-2.log` and so on in their order, compressed or not, then `NAME.log`. */
export function logText(folder: string, service: string): string {
  const pattern = new RegExp(`^${service}-(\\d{8}-\\d{6})(?:-(\\d+))?\\.log(\\.gz)?$`);
  const rotated = readdirSync(folder)
    .map((name) => ({name, match: pattern.exec(name)}))
    .filter(({match}) => match !== null)
    .map(({name, match}) => ({name, stamp: match?.[1] ?? '', n: Number(match?.[2] ?? 1), gz: match?.[3] !== undefined}))
    .sort((a, b) => a.stamp.localeCompare(b.stamp) || a.n - b.n);
  // Both stand there while one is compressed.
  const present = rotated.filter(
    ({gz, stamp, n}) => !gz || !rotated.some((o) => !o.gz && o.stamp === stamp && o.n === n),
  );
  const parts = present.map(({name, gz}) => {
    const bytes = readFileSync(join(folder, name));
    return gz ? gunzipSync(bytes) : bytes;
  });
  const current = join(folder, `${service}.log`);
  if (existsSync(current)) parts.push(readFileSync(current));
  return Buffer.concat(parts).toString('latin1');
}
