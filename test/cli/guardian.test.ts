import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, watch, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {guardianScript} from '../../src/cli/guardian.js';
import {scratch} from '../support/fake-supervisor.js';

// The "supervisor" is a shell script here: the guardian does not care, and a Node process would cost 60 ms a life.
describe('guardian', () => {
  let place: ReturnType<typeof scratch>;
  let guardian: ChildProcess | null = null;

  beforeEach(() => {
    place = scratch();
  });
  afterEach(() => {
    guardian?.kill('SIGKILL');
    place[Symbol.dispose]();
  });

  function guard(script: string): ChildProcess {
    const program = join(place.dir, 'it\'s a "program" $(x).sh');
    writeFileSync(program, script);
    writeFileSync(join(place.dir, 'lives'), '');
    guardian = spawn('/bin/sh', ['-c', guardianScript, 'erp-guardian', '/bin/sh', program, join(place.dir, 'lives')], {
      stdio: 'ignore',
    });
    return guardian;
  }
  const lives = () => readFileSync(join(place.dir, 'lives'), 'utf8').split('\n').slice(0, -1);
  const exitOf = async (child: ChildProcess) => (await once(child, 'exit'))[0] as number | null;
  async function lifeNumber(count: number): Promise<string> {
    const changes = watch(join(place.dir, 'lives'));
    try {
      while (lives().length < count) await once(changes, 'change');
      return lives()[count - 1] as string;
    } finally {
      changes.close();
    }
  }

  it.each([0, 2, 3, 4, 5, 7, 8, 10, 130])('ends with the supervisor that ends deliberately (%i)', async (code) => {
    expect(await exitOf(guard(`echo $$ >> "$1"; exit ${code}`))).toBe(code);
    expect(lives()).toHaveLength(1);
  });

  it.each([1, 11, 70])('starts it again after an abnormal end (%i), five times a minute at most', async (code) => {
    expect(await exitOf(guard(`echo $$ >> "$1"; exit ${code}`))).toBe(code);
    expect(lives()).toHaveLength(6);
  });

  it('starts it again when it was killed, and then ends with it', async () => {
    const child = guard('echo $$ >> "$1"; [ $(wc -l < "$1") -lt 2 ] || exit 0; sleep 60 & wait');
    process.kill(Number(await lifeNumber(1)), 'SIGKILL');
    expect(await exitOf(child)).toBe(0);
    expect(lives()).toHaveLength(2);
  });

  it.each([
    'SIGTERM',
    'SIGINT',
  ] as const)('passes %s on, waits for the end and passes the code back', async (signal) => {
    const name = signal.slice(3);
    // A background job of a shell has SIGINT ignored, as POSIX asks; a shell can't trap it then, Node can.
    const child = guard(
      signal === 'SIGINT'
        ? 'exec node -e \'process.on("SIGINT",()=>setTimeout(()=>process.exit(3),100));require("fs").appendFileSync(process.argv[1],process.pid+"\\n");setInterval(()=>{},1000)\' "$1"'
        : `trap 'sleep 0.1; exit 3' ${name}; echo $$ >> "$1"; while :; do sleep 0.05; done`,
    );
    await lifeNumber(1);
    child.kill(signal);
    expect(await exitOf(child)).toBe(3);
    expect(lives()).toHaveLength(1);
  });

  it('does not start a supervisor again that died of the signal it was sent', async () => {
    const child = guard('echo $$ >> "$1"; exec sleep 60');
    await lifeNumber(1);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(143);
    expect(lives()).toHaveLength(1);
  });
});
