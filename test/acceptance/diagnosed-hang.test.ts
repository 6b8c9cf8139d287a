import {createServer} from 'node:net';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {program, until} from '../support/rig.js';
import {itNeeds, python} from '../support/tools.js';

const source = (port: number, database: number) => `import http.server, socket, sys
pool = []
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/hang':
            for _ in range(5):
                pool.append(socket.create_connection(('127.0.0.1', ${database})))
            pool[0].recv(1)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(('127.0.0.1', ${port}), Handler).serve_forever()
`;

itNeeds([python], 'a hang is looked at before it is ended, and told in status, events and log', async (rig) => {
  if (process.platform !== 'linux') return;
  const port = await freePort();
  const database = await freePort();
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((listening) => server.listen(database, '127.0.0.1', listening));
  rig.onEnd(() => server.close());
  rig.write('app.py', source(port, database));
  rig.config({
    postgres: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, port: database, ifRunning: 'use'},
    web: {
      command: ['/usr/bin/python3', 'app.py'],
      port,
      probe: {http: `http://127.0.0.1:${port}/`, timeout: '500ms'},
      checkInterval: '1s',
      timeoutThreshold: '2s',
      backOff: ['1h'],
      dependsOn: [],
    },
  });
  await rig.expectErp(0, ['start', '--detach', 'web']);
  const hang = fetch(`http://127.0.0.1:${port}/hang`).catch(() => {});
  await until('it was ended', async () => (await rig.service('web')).state === 'backing-off');
  await hang;
  const {diagnosis} = await rig.service('web');
  expect(diagnosis?.cause).toBe('hang');
  expect(diagnosis?.evidence[0]).toMatch(
    new RegExp(`^hung: \\d+ % CPU, all 5 pool connections open to postgres \\(127\\.0\\.0\\.1:${database}\\)$`),
  );
  const events = rig.events().filter(({service}) => service === 'web');
  expect(events.find(({type}) => type === 'hang-seen')?.diagnosis).toEqual(diagnosis);
  expect(events.find(({type}) => type === 'restarting')?.diagnosis).toEqual(diagnosis);
  expect(rig.ownLog()).toMatch(/cause: hang[^]*evidence: hung: \d+ % CPU, all 5 pool connections/);
  await rig.stop();
});
