import type {ProjectSpec} from '../spec.js';
import type {Actor, ErpEvent, StatusDocument} from './status.js';

/**
 * The supervisor's HTTP API on its owner-only socket. Every answer is JSON; errors are `{"error": {code, message,
 * remedy, exitCode}}` with a matching HTTP status. Every answer carries `x-erp-project` (the project folder, `encodeURI`: headers are
 * Latin-1) and `x-erp-version`: the CLI refuses an answer that speaks for another project.
 *
 *   GET  /v1/hello      → Hello
 *   GET  /v1/status     → StatusDocument
 *   GET  /v1/events     → stream of StreamMessage, one JSON a line; ?after=SEQ replays what is still remembered;
 *                         ?follow=0 ends after the replay; ?lease=NAME makes the connection a lease (see behaviour.md 1);
 *                         ?status=1 sends a status message at each change as well (at most 10 a second)
 *   POST /v1/start      StartRequest   → StartAnswer
 *   POST /v1/stop       StopRequest    → StopAnswer (at once; progress comes through /v1/events)
 *   POST /v1/restart    RestartRequest → RestartAnswer
 */
export const apiPaths = {
  hello: '/v1/hello',
  status: '/v1/status',
  events: '/v1/events',
  start: '/v1/start',
  stop: '/v1/stop',
  restart: '/v1/restart',
} as const;

export interface Hello {
  readonly project: string;
  readonly pid: number;
  readonly version: string;
  readonly specHash: string;
  readonly configFile: string | null;
  readonly user: string;
  /** Name of the terminal that holds the lease; null: detached. */
  readonly lease: string | null;
}

export interface StartRequest {
  /** Names to start; null: those that the configuration starts by itself. */
  readonly services: readonly string[] | null;
  /** Configuration of the one who asks; the supervisor refuses another than its own (409, ERP_OTHER_CONFIGURATION). */
  readonly spec: ProjectSpec | null;
  readonly actor: Actor;
  /** Only these, without what they need (`--frontend-only`). */
  readonly alone?: boolean;
}

export interface StartAnswer {
  /** What was set in motion; dependencies that came along included. */
  readonly started: readonly string[];
  readonly alreadyRunning: readonly string[];
  /** Sequence number before the first event of this request: follow /v1/events?after=… */
  readonly after: number;
}

export interface StopRequest {
  /** null: all, and then the supervisor ends. */
  readonly services: readonly string[] | null;
  /** Second Ctrl-C: no grace. */
  readonly now: boolean;
  /** Also stop what needs the named services; false: refuse (409, ERP_NEEDED_BY) when something does. */
  readonly dependents: boolean;
  readonly actor: Actor;
  /** Of everything: what was wanted up stays wanted, `start --ensure` brings it back (a shutdown of the machine). */
  readonly forNow?: boolean;
}

export interface StopAnswer {
  readonly stopping: readonly string[];
  readonly notRunning: readonly string[];
  readonly after: number;
}

export interface RestartRequest {
  /** null: all that run; with `primary` all that have another port than their primary. */
  readonly services: readonly string[] | null;
  readonly actor: Actor;
  /** Back to their primary ports; refused (409, ERP_PRIMARY_TAKEN) when somebody holds one. */
  readonly primary?: boolean;
}

export interface RestartAnswer extends StartAnswer {
  /** Who was started with a port that changes now, and is restarted behind it; absent: an older supervisor. */
  readonly followers?: readonly string[];
}

export type StreamMessage =
  | {readonly type: 'event'; readonly event: ErpEvent}
  | {readonly type: 'status'; readonly status: StatusDocument}
  /** The stream's end: all stopped, or the supervisor gives the socket up. `exitCode` is what a foreground command ends with. */
  | {
      readonly type: 'end';
      readonly reason: 'stopped' | 'budget-spent' | 'critical-failed' | 'shutdown';
      readonly exitCode: number;
      readonly text: string;
    };
