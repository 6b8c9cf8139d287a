// A fake cluster in a process of its own, for network namespaces and for trying things by hand:
//   node build/test/support/cluster/main.js --kubeconfig kc --socket cluster.sock
//   KUBECONFIG=$PWD/kc kubectl -n shop port-forward svc/web :80
//   curl --unix-socket cluster.sock -d '{"type":"kill-pod","namespace":"shop","app":"web"}' http://cluster/fault
// It ends with its standard input.
import {createServer, type IncomingMessage} from 'node:http';
import {parseArgs} from 'node:util';
import {FakeCluster} from './fake-cluster.js';
import type {Fault} from './faults.js';
import {Internet} from './internet.js';

const {values} = parseArgs({
  options: {
    kubeconfig: {type: 'string', default: 'kubeconfig'},
    socket: {type: 'string', default: 'cluster.sock'},
    host: {type: 'string', default: '127.0.0.1'},
    port: {type: 'string', default: '0'},
    version: {type: 'string', default: '1.32.5'},
    internet: {type: 'boolean', default: false},
  },
});
const {kubeconfig, host, version} = values;
const internet = values.internet ? new Internet() : undefined;
await internet?.start();
const cluster = await FakeCluster.create({
  kubeconfig,
  host,
  port: Number(values.port),
  version,
  ...(internet === undefined ? {} : {internet}),
});

const control = createServer((request, response) => {
  answer(request).then(
    (found) => response.end(JSON.stringify(found ?? {})),
    (error: unknown) => response.writeHead(400).end(JSON.stringify({error: String(error)})),
  );
});

async function answer(request: IncomingMessage): Promise<object | null> {
  const url = new URL(request.url ?? '/', 'http://cluster');
  if (url.pathname === '/view') return await cluster.view();
  if (url.pathname === '/requests') return await cluster.requests(Number(url.searchParams.get('since') ?? 0));
  if (url.pathname !== '/fault') throw new Error('GET /view, /requests?since=MS; POST /fault {"type": …}');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  await cluster.fault(JSON.parse(Buffer.concat(chunks).toString()) as Fault);
  return null;
}

control.listen(values.socket, () => console.log(JSON.stringify({server: cluster.server})));
const end = () => process.exit(0);
process.on('SIGTERM', end);
process.on('SIGINT', end);
process.stdin.resume().once('end', end);
