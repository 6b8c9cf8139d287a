import {Listr, type ListrRenderer, ListrTaskEventType, type ListrTaskObject} from 'listr2';
import type {ServiceStatus, StatusDocument} from '../../lib/core/report/status.js';
import {type Supervised, forwardsOf, isForwardUp} from '../../lib/core/report/verdict.js';

export interface StartListView {
  /** A service or port-forward is there, or has failed for good: its row stays. */
  finished(name: string): void;
  /** One of those on their way has changed. */
  changed(): void;
}

/**
 * The start as a task list: one task for each service and port-forward that is wanted, all at once (their order is the supervisor's
 * affair), done when the service is ready. listr2 keeps the tasks; how they look is ours, because its own renderers
 * rewrite finished rows, paint words and can't fold a list that is taller than the terminal.
 */
export class StartList {
  readonly #open = new Map<string, {done: () => void; failed: (error: Error) => void}>();
  readonly #over: Promise<unknown>;

  constructor(names: readonly string[], view: StartListView) {
    const tasks = names.map((name) => {
      const over = new Promise<void>((done, failed) => this.#open.set(name, {done, failed}));
      // A service may have failed before its task begins.
      over.catch(() => {});
      return {title: name, task: () => over};
    });
    const list = new Listr(tasks, {
      concurrent: true,
      exitOnError: false,
      // Ctrl-C is a question to the supervisor here, not the end of the list.
      registerSignalListeners: false,
      renderer: Rows,
      rendererOptions: {view},
    });
    this.#over = list.run();
  }

  status(document: StatusDocument): void {
    for (const service of document.services) if (isOver(service)) this.#close(service);
    for (const forward of forwardsOf(document))
      if (isForwardUp(forward) || forward.mark === 'failed') this.#close(forward);
  }

  #close({name, mark}: Supervised): void {
    const task = this.#open.get(name);
    if (task === undefined) return;
    this.#open.delete(name);
    if (mark === 'failed') task.failed(new Error(`${name} failed`));
    else task.done();
  }

  /** What is not there by now is left to the lines that follow. */
  async close(): Promise<void> {
    for (const task of this.#open.values()) task.failed(new Error('not awaited any longer'));
    this.#open.clear();
    await this.#over;
  }
}

const isOver = ({state, mark}: ServiceStatus) =>
  state === 'ready' || state === 'done' || (state === 'failed' && mark === 'failed');

/** Passes what happens to the tasks on to the view that draws everything else, too. */
class Rows implements ListrRenderer {
  static rendererOptions: {view: StartListView};
  static rendererTaskOptions: never;
  /** stderr decides whether anything is drawn, stdout may be a file. */
  static nonTTY = true;

  readonly #tasks: ListrTaskObject<unknown, typeof Rows, typeof Rows>[];
  readonly #view: StartListView;

  constructor(tasks: ListrTaskObject<unknown, typeof Rows, typeof Rows>[], options: (typeof Rows)['rendererOptions']) {
    this.#tasks = tasks;
    this.#view = options.view;
  }

  render(): void {
    for (const task of this.#tasks) {
      task.on(ListrTaskEventType.STATE, () => {
        if (task.isCompleted() && typeof task.title === 'string') this.#view.finished(task.title);
        this.#view.changed();
      });
    }
  }

  end(): void {
    this.#view.changed();
  }
}
