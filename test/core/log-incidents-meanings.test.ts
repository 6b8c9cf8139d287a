import {describe, expect, it} from '@jest/globals';
import {meanings, meaningsOf} from '../../src/lib/core/logs/incidents/meanings.js';
import {nameIn, peerIn} from '../../src/lib/core/logs/incidents/names.js';
import {expectLinear} from '../support/growth.js';

describe('what a message means', () => {
  it.each(
    meanings.flatMap(({meaning, examples}) => examples.map((example) => [meaning, example] as const)),
  )('%s: %s', (meaning, example) => expect([...meaningsOf(example)]).toContain(meaning));

  it.each([
    ['Maximale Anzahl von Neustarts (5) erreicht. Beende Watchdog.', ['gave-up']],
    ['Backend reagiert nicht. Neustart in 14 Sekunden, wenn keine Reaktion erfolgt.', ['not-responding']],
    ['Starte Backend-Server...', ['start']],
    ['Backend neu gestartet (Neustart 1 von 5)', ['restart']],
    [
      'worker (pid 7) exited with signal SIGKILL (out of memory), restart 3 in 4 s',
      ['exit', 'kill', 'out-of-memory', 'restart'],
    ],
    ['health check postgres failed: connect ECONNREFUSED 127.0.0.1:5432', ['health-failed', 'refused']],
    ['api exited with code 0', ['stop']],
    ['restart budget is full again', []],
    ['"GET /api/health HTTP/1.1" 500 Internal Server Error', ['failed-request']],
    ['Order 5 created by user1@example.com', []],
    ['Starting transaction 5', []],
    ['cache hit key=invoice:5 ttl=60s', []],
    ['Port 8000 is no longer in use', []],
  ])('%s', (text, expected) => expect([...meaningsOf(text)].sort()).toEqual([...expected].sort()));

  it.each(['health check ', 'a'])('takes linear time for a message of megabytes: %s', async (unit) => {
    await expectLinear(1_000_000, (size) => `${unit.repeat(size / unit.length)} failed`, meaningsOf);
  });
});

describe('whom a message is about', () => {
  it.each([
    ['Starte Backend-Server...', 'backend'],
    ['Backend-Prozess gestartet mit PID: <*>', 'backend'],
    ['Backend reagiert nicht seit <*> Sekunden.', 'backend'],
    ['Beende nicht reagierenden Prozess (PID: <*>)', null],
    ['health check postgres failed: connect ECONNREFUSED <*>', 'postgres'],
    ['worker (pid <*>) exited with signal SIGKILL', 'worker'],
    ['ALARM: Service theme_service ist offline', 'theme_service'],
    ["spawned: 'api' with pid <*>", 'api'],
    ['nginx.service: Main process exited, code=exited, status=1/FAILURE', 'nginx'],
    ['health check <*> ok in <*> ms', null],
    ['Shutting down', null],
  ])('%s: %s', (text, name) => expect(nameIn(text)).toBe(name));

  it.each([
    ['connect ECONNREFUSED 127.0.0.1:5432', 'postgres'],
    ['connection to server at "10.0.0.1", port 5432 failed: Connection refused', 'postgres'],
    ['connect ECONNREFUSED db.erp.local:7777', 'db.erp.local:7777'],
    ['health check postgres failed', 'postgres'],
    ['something else', null],
  ])('%s: the peer is %s', (text, peer) => expect(peerIn(text)).toBe(peer));
});
