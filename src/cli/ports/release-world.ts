import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {AssessedPort} from '../../lib/core/ports/assess.js';
import {holderReport} from '../../lib/core/ports/document.js';
import type {PortPlan} from '../../lib/core/ports/plan.js';
import {isoWithOffset} from '../../lib/core/report/format.js';
import type {ProcessTable} from '../../lib/platform/process-table.js';
import {systemProcessTable} from '../../lib/platform/system-table.js';
import {quoted} from '../argv.js';
import {confirm} from '../confirm.js';
import {runtimeBases} from '../place.js';
import {neutralise} from '../render/foreign.js';
import {holderLines, type PortScreen} from '../render/port-holder.js';
import {projectIn} from '../shared-state.js';
import type {PortsProject} from './project.js';
import type {ReleaseWorld} from './release.js';

export interface ReleaseAsked {
  readonly now: PortsProject;
  readonly plan: PortPlan | null;
  readonly screen: PortScreen;
  readonly yes: boolean;
  readonly force: boolean;
  readonly json: boolean;
  readonly argv: readonly string[];
  readonly print: (lines: readonly string[]) => void;
}

export function releaseWorld({now, plan, screen, yes, force, json, argv, print}: ReleaseAsked): ReleaseWorld {
  const table = systemProcessTable();
  const commandLine = `erp ${argv.map(quoted).join(' ')}`;
  const entries = plan?.entries ?? [];
  return {
    table,
    ours: now.ours,
    entries,
    context: {
      platform: process.platform,
      lineage: lineage(table),
      uid: process.geteuid?.() ?? null,
      livingProjects: livingProjects(),
      force,
      commandLine,
    },
    show: (port, notes) => print([...shown(port, now, screen), ...notes.map(neutralise)]),
    mayEnd: async (port, who) => {
      if (yes) return;
      await confirm(`${port} is held by ${neutralise(who)}. Ask it to end?`, {flag: '--yes', json});
    },
    mayKill: async (who) => {
      // Who has said yes to a gentle end has not said yes to this.
      if (yes || json || !process.stdin.isTTY || !process.stderr.isTTY) return false;
      const question = `${neutralise(who)} does not end. Kill it? What it has not saved is lost.`;
      // A no leaves it asked to end, which is more than nothing: the report says what is.
      return await confirm(question, {flag: '--kill', json}).then(
        () => true,
        () => false,
      );
    },
  };
}

/** The same words as `erp ports 8000` has. */
function shown({port, holders}: AssessedPort, {redact}: PortsProject, screen: PortScreen): readonly string[] {
  const isoOf = (ms: number) => isoWithOffset(new Date(ms));
  return holderLines({port, holders: holders.map((holder) => holderReport(holder, {redact, isoOf}))}, screen);
}

/** This process and whoever started it. */
function lineage(table: ProcessTable): number[] {
  const pids: number[] = [];
  for (let pid = process.pid; pid > 1 && !pids.includes(pid); pid = table.read(pid)?.ppid ?? 0) pids.push(pid);
  return pids;
}

/** Projects of this user whose supervisor lives, by the hash that begins their marks. */
function livingProjects(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const base of runtimeBases()) {
    for (const name of namesIn(base)) {
      const project = projectIn([join(base, name)]);
      if (project !== null) found[name] ??= project;
    }
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
