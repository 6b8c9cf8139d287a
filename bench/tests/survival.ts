import {readFileSync, existsSync} from 'node:fs';
import {join} from 'node:path';
import {now} from '../commands.js';
import {allAnswer, answering} from '../http.js';
import {isAlive, read, signal} from '../processes.js';
import {spread} from '../statistics.js';
import {measure as trialOf, type Trial} from '../trial.js';
import type {Deaths, Survival} from '../types.js';
import {kill} from './recovery.js';
import {isFloor, suits, type Test} from './test.js';

const repeats = 10;
const backWithinMs = 5000;

/** f: SIGKILL of the supervisor while its service writes a numbered line every 5 ms. */
export const survival: Test<'f'> = {
  id: 'f',
  title: 'death of the supervisor',
  rounds: 1,
  waits: true,
  limitSeconds: 300,
  applies: (candidate) => suits(candidate, 'f'),
  measure,
  brief: ({alone, byHand}) =>
    [
      alone && `back ${alone.back}/${alone.trials} in ${alone.backMs?.median ?? '–'} ms, ${alone.lost} lines lost`,
      byHand && `started again: same pid ${byHand.back}/${byHand.trials}, ${byHand.lost} lines lost`,
    ]
      .filter(Boolean)
      .join('; '),
};

async function measure(trial: Trial): Promise<Survival> {
  if (isFloor(trial.candidate)) return {alone: null, byHand: await deaths(trial, 1, true)};
  const first = await deaths(trial, 1, false);
  if (first.back === 0) return {alone: first, byHand: await deaths(trial, 1, true)};
  return {alone: await deaths(trial, repeats, false), byHand: null};
}

interface Death {
  readonly backMs: number | null;
  readonly survived: boolean;
  readonly copies: number;
  readonly starts: number;
  readonly written: number;
  readonly logged: number;
  readonly writeErrors: number;
  readonly replacedMs: number | null;
}

async function deaths(outer: Trial, count: number, byHand: boolean): Promise<Deaths> {
  const all: Death[] = [];
  for (let trial = 0; trial < count; trial += 1) {
    all.push(await trialOf(outer, (inner) => death(inner, byHand)));
  }
  const times = (values: readonly (number | null)[]) => {
    const present = values.filter((ms) => ms !== null);
    return present.length === 0 ? null : spread(present);
  };
  const lost = all.map(({written, logged}) => Math.max(0, written - logged));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const having = (holds: (each: Death) => boolean) => all.filter(holds).length;
  return {
    trials: count,
    back: having(({backMs}) => backMs !== null),
    backMs: times(all.map(({backMs}) => backMs)),
    survived: having((each) => each.survived),
    copies: having(({copies}) => copies > 1),
    extraStarts: sum(all.map(({starts}) => starts - 1)),
    written: sum(all.map(({written}) => written)),
    lost: sum(lost),
    trialsWithLoss: lost.filter((lines) => lines > 0).length,
    writeErrors: sum(all.map(({writeErrors}) => writeErrors)),
    replaced: having(({replacedMs}) => replacedMs !== null),
    replacedMs: times(all.map(({replacedMs}) => replacedMs)),
  };
}

/** One death of the supervisor, and what became of the service and its lines. */
async function death(trial: Trial, byHand: boolean): Promise<Death> {
  const {peer} = trial;
  const tick = trial.service('tick', 'tick', trial.workplace.ports(1), 5000);
  await peer.start([tick], {});
  if ((await allAnswer([tick.port], 30_000, trial.aborted)) > 0) throw new Error('did not come up');
  await peer.prepareDeath?.();
  // Not in step with the lines, nor with anybody's timer.
  await trial.sleep(1500 + Math.random() * 300);
  await trial.daemons();
  const pid = await answering(tick.port, 2000);
  const main = await peer.mainPid();
  if (pid === null || main === null) throw new Error('no service or no supervisor to kill');
  const since = now();
  signal(main, 'SIGKILL');
  if (byHand) {
    await trial.sleep(3000);
    await peer.restartDaemon();
  }
  const knowsIt = await untilKnown(trial, main, pid);
  await trial.sleep(byHand ? 3000 : 1500);
  const survived = isAlive(pid);
  // Frozen, so that its count stands still while the supervisor reads what is left.
  signal(pid, 'SIGSTOP');
  await trial.sleep(500);
  const {written, errors} = countOf(trial, pid);
  const logged = loggedOf(trial, pid);
  const starts = trial.starts('tick');
  const copies = starts.filter((start) => isAlive(start.pid)).length;
  signal(pid, 'SIGCONT');
  return {
    backMs: knowsIt === null ? null : knowsIt - since,
    survived,
    copies,
    starts: starts.length,
    written,
    logged,
    writeErrors: errors,
    replacedMs: knowsIt === null ? null : await kill(trial, tick.port, 5000),
  };
}

/** When another supervisor than the dead one takes this pid for the service's; null: not in time. */
async function untilKnown(trial: Trial, dead: number, pid: number): Promise<number | null> {
  const until = now() + backWithinMs;
  while (now() < until) {
    const main = await trial.peer.mainPid();
    if (main !== null && main !== dead && isAlive(main) && (await trial.peer.pidOf('tick')) === pid) return now();
    await trial.sleep(5);
  }
  return null;
}

/** The service counts its own lines. A second copy would begin the file anew, with its own pid. */
function countOf(trial: Trial, pid: number): {written: number; errors: number} {
  const [writer, written = 0, errors = 0] = read(join(trial.dir, 'tick.count')).split(' ').map(Number);
  return writer === pid ? {written, errors} : {written: loggedOf(trial, pid), errors: 0};
}

function loggedOf(trial: Trial, pid: number): number {
  const files = trial.peer.logFiles('tick').filter((file) => existsSync(file));
  const text = files.map((file) => readFileSync(file, 'latin1')).join('');
  return new Set(text.match(new RegExp(`^tick ${pid} \\d+$`, 'gm')) ?? []).size;
}
