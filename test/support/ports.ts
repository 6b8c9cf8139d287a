import type {Surroundings} from '../../src/lib/core/ports/assess.js';
import type {PlannedEntry} from '../../src/lib/core/ports/plan.js';
import type {PortListener, PortSurvey} from '../../src/lib/core/ports/survey.js';
import type {LivingService} from '../../src/lib/core/ports/whose.js';

/** An entry of a configuration that can't move, unless told otherwise. */
export const planned = (name: string, primary: number, facts: Partial<PlannedEntry> = {}): PlannedEntry => ({
  name,
  primary,
  alternatives: [],
  any: false,
  addresses: ['127.0.0.1', '::'],
  kind: 'service',
  ifRunning: 'fail',
  line: null,
  alternativeLines: [],
  command: null,
  ...facts,
});

/** A stranger on all addresses. */
export const listener = (port: number, facts: Partial<PortListener> = {}): PortListener => ({
  port,
  address: '0.0.0.0',
  isDualStack: null,
  inode: String(port),
  pid: 812,
  alsoHeldBy: [],
  name: 'python3',
  command: 'python3 -m http.server',
  user: 'ops1',
  startedAt: Date.UTC(2026, 4, 22, 9, 41, 8),
  cwd: '/home/ops1/old-erp',
  mark: null,
  ...facts,
});

export const living = (name: string, facts: Partial<LivingService> = {}): LivingService => ({
  name,
  pid: 5233,
  port: null,
  incarnation: 1,
  isVerified: false,
  isBorrowed: false,
  ...facts,
});

/** Nobody supervises, nothing ran before. */
export const around = (survey: Partial<PortSurvey> = {}, facts: Partial<Surroundings> = {}): Surroundings => ({
  survey: {listeners: [], problem: null, reserved: [], ...survey},
  ours: {projects: ['shop'], services: null},
  last: {},
  ...facts,
});
