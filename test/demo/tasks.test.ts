import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {ask, type Json, Rig, until} from './support/rig.js';

let rig: Rig;
let url: string;
beforeEach(async () => {
  rig = new Rig();
  url = await rig.start('backend').url();
});
afterEach(() => rig.close());

const startWorker = (env: Record<string, string> = {}) =>
  rig.start('worker', {DEMO_POLL_MS: '20', DEMO_RETRY_MS: '20', ...env});
const create = async (task: object): Promise<number> => (await ask(`${url}/api/v1/tasks`, task)).body.id;
const taskOf = async (id: number): Promise<Json> => (await ask(`${url}/api/v1/tasks/${id}`)).body;
const inState = (id: number, state: string): Promise<Json> =>
  until(`task ${id} ${state}`, async () => {
    const task = await taskOf(id);
    return task.state === state ? task : undefined;
  });

describe('a task', () => {
  it('is accepted, waits for a worker, shows progress and ends with a result', async () => {
    const accepted = await ask(`${url}/api/v1/tasks`, {kind: 'stock-report', options: {steps: 10, stepMs: 30}});
    expect(accepted).toMatchObject({status: 202, body: {state: 'queued', progress: 0, attempts: 0}});
    const id = accepted.body.id;
    expect(accepted.headers.get('location')).toBe(`/api/v1/tasks/${id}`);
    await startWorker().says(/worker ready\./);
    await until('progress', async () => {
      const {state, progress} = await taskOf(id);
      return state === 'running' && progress > 0 && progress < 1 ? true : undefined;
    });
    const done = await inState(id, 'done');
    expect(done).toMatchObject({progress: 1, attempts: 1, error: null, worker: null});
    expect(done.result).toMatchObject({articles: 12, differences: []});
    expect((await ask(`${url}/health`)).body.checks.tasks).toMatchObject({status: 'healthy', workers: 1});
  });

  it('imports articles that can be ordered', async () => {
    startWorker();
    const id = await create({kind: 'import-articles', options: {count: 60, stepMs: 1}});
    expect((await inState(id, 'done')).result).toEqual({created: 60, skipped: 0});
    expect((await ask(`${url}/api/v1/articles`)).body.total).toBe(72);
  });

  it('is tried again after a pause, until it succeeds', async () => {
    const worker = startWorker();
    const id = await create({kind: 'fail-twice'});
    expect(await inState(id, 'done')).toMatchObject({attempts: 3, error: null, result: {attempts: 3}});
    expect(worker.output.match(/next attempt at/g)).toHaveLength(2);
  });

  it('fails for good after the last attempt, with the reason', async () => {
    startWorker();
    const id = await create({kind: 'fail-always', maxAttempts: 2});
    expect(await inState(id, 'failed')).toMatchObject({
      attempts: 2,
      error: expect.stringContaining('did not answer (attempt 2)'),
      finishedAt: expect.any(String),
    });
  });

  it('can be cancelled while it waits, runs or pauses, but not afterwards', async () => {
    const cancel = (id: number) => ask(`${url}/api/v1/tasks/${id}/cancel`, {});
    const waiting = await create({kind: 'stock-report'});
    expect(await cancel(waiting)).toMatchObject({status: 200, body: {state: 'cancelled'}});

    startWorker({DEMO_RETRY_MS: '60000'});
    const running = await create({kind: 'stock-report', options: {steps: 1000, stepMs: 20}});
    await inState(running, 'running');
    expect(await cancel(running)).toMatchObject({status: 202, body: {cancelRequested: true}});
    await inState(running, 'cancelled');

    const pausing = await create({kind: 'fail-always'});
    const {nextAttemptAt} = await inState(pausing, 'retrying');
    expect(Date.parse(nextAttemptAt)).toBeGreaterThan(Date.now());
    expect(await cancel(pausing)).toMatchObject({status: 200, body: {state: 'cancelled'}});
    expect(await cancel(pausing)).toMatchObject({status: 409, body: {error: {code: 'task_ended'}}});
  });

  it('is counted', async () => {
    startWorker();
    await Promise.all([create({kind: 'fail-twice'}), create({kind: 'stock-report', options: {steps: 1, stepMs: 1}})]);
    const failing = await create({kind: 'fail-always', maxAttempts: 1});
    await inState(failing, 'failed');
    const statistics = await until('all ended', async () => {
      const {body} = await ask(`${url}/api/v1/tasks/statistics`);
      return body.byState.done === 2 ? body : undefined;
    });
    expect(statistics).toMatchObject({
      total: 3,
      byState: {queued: 0, running: 0, retrying: 0, done: 2, failed: 1, cancelled: 0},
      byKind: {'fail-twice': 1, 'stock-report': 1, 'fail-always': 1},
      retries: 2,
      successShare: 2 / 3,
      meanDurationMs: expect.any(Number),
    });
    expect((await ask(`${url}/api/v1/tasks?limit=2`)).body).toMatchObject({total: 3, items: [{id: failing}, {}]});
  });

  it('is refused with the field that is wrong', async () => {
    const answer = await ask(`${url}/api/v1/tasks`, {kind: 'coffee', maxAttempts: 0, options: {stepz: 1}});
    expect(answer.status).toBe(400);
    expect(answer.body.error.details.fields.map(({field}: {field: string}) => field)).toEqual([
      'kind',
      'maxAttempts',
      'options.stepz',
    ]);
  });
});

describe('a worker', () => {
  it('killed at its task: another one takes it over when the lease is over', async () => {
    const first = startWorker({DEMO_LEASE_MS: '500'});
    const id = await create({kind: 'stock-report', options: {steps: 40, stepMs: 20}});
    await inState(id, 'running');
    await first.end('SIGKILL');
    const second = startWorker({DEMO_LEASE_MS: '500'});
    expect(await inState(id, 'done')).toMatchObject({attempts: 2, result: {differences: []}});
    await second.says(/taken over from \d+-/);
  });

  it('killed in the last attempt: the task fails instead of being taken over for ever', async () => {
    const first = startWorker({DEMO_LEASE_MS: '300'});
    const id = await create({kind: 'stock-report', maxAttempts: 1, options: {steps: 1000, stepMs: 20}});
    await inState(id, 'running');
    await first.end('SIGKILL');
    startWorker({DEMO_LEASE_MS: '300'});
    expect(await inState(id, 'failed')).toMatchObject({error: expect.stringContaining('worker was lost')});
  });

  const onPosix = process.platform === 'win32' ? it.skip : it;
  onPosix('frozen at its task: what it says after its return is not believed', async () => {
    const first = startWorker({DEMO_LEASE_MS: '300'});
    const id = await create({kind: 'stock-report', options: {steps: 10, stepMs: 50}});
    await inState(id, 'running');
    first.child.kill('SIGSTOP');
    startWorker({DEMO_LEASE_MS: '300'});
    const done = await inState(id, 'done');
    expect(done.attempts).toBe(2);
    first.child.kill('SIGCONT');
    await first.says(/left to another worker|no longer ours/);
    expect(await taskOf(id)).toEqual(done);
  });

  it('asked to stop: puts its task back, at no cost, and ends with 0', async () => {
    const worker = startWorker();
    const id = await create({kind: 'stock-report', options: {steps: 1000, stepMs: 20}});
    await inState(id, 'running');
    expect(await worker.end('SIGTERM')).toEqual({code: 0, signal: null});
    expect(await taskOf(id)).toMatchObject({state: 'queued', attempts: 0, worker: null});
    expect((await ask(`${url}/health`)).body.checks.tasks).toMatchObject({workers: 0, waiting: 1});
  });
});
