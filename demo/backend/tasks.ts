import {ApiError} from '../lib/api-error.js';
import {type Task, taskKinds, type TaskQueue} from '../lib/task-queue.js';
import {Input, paging} from './input.js';
import type {Route} from './router.js';

/** Long-running tasks: the backend only keeps the books, a worker does them. */
export function taskRoutes(queue: TaskQueue): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/tasks',
      answer: ({query}) => {
        const {limit, offset} = paging(query);
        return {status: 200, body: {...queue.list(limit, offset), limit, offset}};
      },
    },
    {
      method: 'POST',
      path: '/api/v1/tasks',
      answer: async (call) => {
        const input = new Input(await call.json());
        const kind = input.choice('kind', taskKinds);
        const maxAttempts = input.integer('maxAttempts', {min: 1, max: 20, fallback: 5});
        const options = input.object('options', (fields) => ({
          ...given('steps', fields.integer('steps', {min: 1, max: 10_000, fallback: 0})),
          ...given('stepMs', fields.integer('stepMs', {min: 1, max: 60_000, fallback: 0})),
          ...given('count', fields.integer('count', {min: 1, max: 100_000, fallback: 0})),
        }));
        input.check();
        const task = queue.create(kind, options, maxAttempts, Date.now());
        return {status: 202, body: task, headers: {location: `/api/v1/tasks/${String(task.id)}`}};
      },
    },
    {method: 'GET', path: '/api/v1/tasks/statistics', answer: () => ({status: 200, body: queue.statistics()})},
    {
      method: 'GET',
      path: '/api/v1/tasks/:id',
      answer: ({id}) => ({status: 200, body: found(queue.find(id), id)}),
    },
    {
      method: 'POST',
      path: '/api/v1/tasks/:id/cancel',
      answer: ({id}) => {
        const outcome = queue.cancel(id, Date.now());
        const task = found(outcome?.task, id);
        if (outcome?.accepted === true) return {status: task.state === 'cancelled' ? 200 : 202, body: task};
        throw new ApiError(409, 'task_ended', `Task ${String(id)} is ${task.state} already.`, {
          details: {state: task.state},
        });
      },
    },
  ];
}

function given(name: string, value: number): Record<string, number> {
  return value === 0 ? {} : {[name]: value};
}

function found(task: Task | undefined, id: number): Task {
  if (task === undefined) throw new ApiError(404, 'task_not_found', `There is no task ${String(id)}.`);
  return task;
}
