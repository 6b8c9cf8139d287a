import {createServer} from 'node:net';

const first = 10_000;
const bands = 8;
const width = 2500;
/** Jest numbers the processes that run tests side by side: each asks in a band of its own. */
const band = Number(process.env.JEST_WORKER_ID ?? 0) % bands;
const given = new Set<number>();

/**
 * A port that nobody holds now, and that no other test is given. Below what the system gives to clients, so that nobody
 * takes it before the program under test does.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = first + band * width + Math.floor(Math.random() * width);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({port, host: '::', exclusive: true}, () => server.close(() => resolve(true)));
  });
}
