import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {provoke} from '../../src/cli/demo-provoke.js';
import {freePort} from '../support/free-port.js';
import {ask, type Program, Rig} from './support/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs a command as its own process, as the launcher does: oclif prints the error and sets the exit code. */
function erp(command: string, ...args: string[]): Program {
  const file = new URL(`../../src/commands/demo/${command}.js`, import.meta.url).href;
  const script = `
    const {handle, flush} = await import(${JSON.stringify(import.meta.resolve('@oclif/core'))});
    const {default: Command} = await import(${JSON.stringify(file)});
    await Command.run(${JSON.stringify(args)}, ${JSON.stringify(root)}).then(() => flush(), handle);`;
  return rig.run(`erp demo ${command}`, [process.execPath, '--input-type=module', '-e', script]);
}

describe('provoke', () => {
  it('tells what will happen', async () => {
    const backend = rig.start('backend', {DEMO_PROVOKE: '1'});
    const url = await backend.url();
    const report = await provoke(url, 'slow', {seconds: 1, latencySeconds: 0.01});
    expect(report).toEqual({failure: 'slow', url, effect: 'each answer takes 0.01 s longer, for 1 s'});
  });

  it('says why it could not: away, not allowed, somebody else', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    await expect(provoke(away, 'crash')).rejects.toMatchObject({
      code: 'ERP_DEMO_AWAY',
      exitCode: 4,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const url = await rig.start('backend').url();
    await expect(provoke(url, 'crash')).rejects.toMatchObject({code: 'ERP_DEMO_REFUSED', exitCode: 3});
    const page = await rig.start('frontend', {BACKEND_URL: away}).url();
    await expect(provoke(page, 'crash')).rejects.toMatchObject({code: 'ERP_DEMO_REFUSED', exitCode: 2});
  });
});

describe('erp demo', () => {
  it('crash: ends the backend', async () => {
    const backend = rig.start('backend', {DEMO_PROVOKE: '1'});
    const command = erp('crash', '--url', await backend.url());
    expect(await command.exited).toMatchObject({code: 0});
    expect(command.output).toMatch(/^crash provoked at http:.*: an exception that nobody catches\n$/);
    expect(await backend.exited).toMatchObject({code: 1});
  });

  it('unhealthy --for: takes a duration', async () => {
    const backend = rig.start('backend', {DEMO_PROVOKE: '1'});
    const url = await backend.url();
    expect(await erp('unhealthy', '--url', url, '--for', '1m30s').exited).toMatchObject({code: 0});
    expect((await ask(`${url}/health`)).body.checks.demo.reason).toMatch(/another (90|89|88) s/);
    const wrong = erp('unhealthy', '--url', url, '--for', 'long');
    expect(await wrong.exited).toMatchObject({code: 2});
    expect(wrong.output).toContain('--for "long" is no duration');
  });

  it.each(['hang', 'leak', 'flood', 'slow'])('%s: is understood by the backend', async (failure) => {
    const backend = rig.start('backend', {DEMO_PROVOKE: '1'});
    const more = {leak: ['--megabytes', '5'], flood: ['--lines', '10'], slow: ['--latency', '10ms']}[failure] ?? [];
    expect(await erp(failure, '--url', await backend.url(), ...more).exited).toMatchObject({code: 0});
    await backend.says(new RegExp(`WARNING backend provoked: ${failure}, `));
  });
});

describe('erp demo steal-port', () => {
  it('answers as if it were healthy, for the given time, and gives the port back', async () => {
    const port = await freePort();
    const thief = erp('steal-port', String(port), '--for', '1500ms');
    await thief.says(/is mine/);
    expect(await ask(`http://127.0.0.1:${port}/health`)).toMatchObject({status: 200, body: {status: 'healthy'}});
    const backend = rig.start('backend', {PORT: String(port)});
    expect(await backend.exited).toMatchObject({code: 1});
    expect(backend.output).toContain('EADDRINUSE');
    expect(await thief.exited).toMatchObject({code: 0});
    expect(thief.output).toContain(`port ${port} given back, 1 requests answered`);
  });

  it('says what to do when the port is taken, exit code 5', async () => {
    const {port} = new URL(await rig.start('backend').url());
    const thief = erp('steal-port', port);
    expect(await thief.exited).toMatchObject({code: 5});
    expect(thief.output).toContain('is taken already');
    expect(thief.output).toMatch(/another terminal: erp demo crash/);
  });

  it('--wait: takes the port of a backend that crashes, before it is back; Ctrl-C ends it with 130', async () => {
    const backend = rig.start('backend', {DEMO_PROVOKE: '1'});
    const url = await backend.url();
    const {port} = new URL(url);
    const thief = erp('steal-port', port, '--wait');
    await thief.says(/Waiting for port/);
    await provoke(url, 'crash');
    await backend.exited;
    const second = rig.start('backend', {PORT: port}); // as a supervisor would, at once
    await thief.says(/is mine/);
    expect(await second.exited).toMatchObject({code: 1});
    expect(await thief.end('SIGINT')).toMatchObject({code: 130});
  });

  it('Ctrl-C also ends the waiting', async () => {
    const {port} = new URL(await rig.start('backend').url());
    const thief = erp('steal-port', port, '--wait');
    await thief.says(/Waiting for port/);
    expect(await thief.end('SIGINT')).toMatchObject({code: 130});
  });
});
