import {describe, expect, it} from '@jest/globals';
import {spawnSync} from 'node:child_process';
import {createServer, type AddressInfo} from 'node:net';
import {systemTools} from '../../src/lib/platform/command-runner.js';
import {parseLsof} from '../../src/lib/platform/listeners.darwin.js';

const node = (script: string, timeoutMs = 20_000): ReturnType<typeof systemTools> =>
  systemTools(process.execPath, ['-e', script], timeoutMs);

describe('a tool of the system', () => {
  it('answers, with whatever code', async () => {
    expect(await node('console.log("ö")')).toEqual({output: 'ö\n', complaint: '', code: 0, failure: null});
    expect(await node('console.error("no\\nmore"); process.exit(3)')).toEqual({
      output: '',
      complaint: 'no',
      code: 3,
      failure: null,
    });
  });

  it('is not there, or is no program', async () => {
    expect(await systemTools('/nonexistent/lsof', [], 5000)).toMatchObject({code: null, failure: 'not found'});
    expect(await systemTools('/', [], 5000)).toMatchObject({code: null, failure: 'may not be run'});
    expect(await systemTools('a\0b', [], 5000)).toMatchObject({code: null, failure: expect.stringContaining('null')});
  });

  it('does not keep us waiting, and half of its answer is no answer', async () => {
    const hanging = 'process.on("SIGTERM", () => {}); process.stdout.write("half"); setInterval(() => {}, 1000)';
    expect(await node(hanging, 1500)).toMatchObject({code: null, failure: 'no answer within 1.5s'});
  });

  it('is ended by somebody else', async () => {
    expect(await node('process.kill(process.pid, "SIGKILL")')).toMatchObject({code: null, failure: 'ended by SIGKILL'});
  });

  it('speaks English where it can', async () => {
    expect((await node('console.log(process.env.LC_ALL)')).output).toBe('C\n');
  });
});

const hasLsof = spawnSync('lsof', ['-v'], {stdio: 'ignore'}).error === undefined;
(hasLsof ? it : it.skip)(
  "reads the lsof of this machine (needs lsof: apt-get install lsof), whose words are macOS'",
  async () => {
    const servers = await Promise.all(
      ['127.0.0.1', '0.0.0.0'].map(
        (host) =>
          new Promise<ReturnType<typeof createServer>>((done) => {
            const server = createServer().listen(0, host, () => done(server));
          }),
      ),
    );
    try {
      const args = ['-nP', '-a', '-iTCP', '-sTCP:LISTEN', '-p', String(process.pid), '-FpLtdPn'];
      const sockets = parseLsof((await systemTools('lsof', args, 20_000)).output);
      for (const [index, address] of ['127.0.0.1', '0.0.0.0'].entries()) {
        const {port} = servers[index]?.address() as AddressInfo;
        expect(sockets.find((socket) => socket.port === port)).toMatchObject({address, pid: process.pid});
      }
    } finally {
      for (const server of servers) server.close();
    }
  },
);
