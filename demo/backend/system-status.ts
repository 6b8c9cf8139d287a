import {statfsSync} from 'node:fs';
import {cpus, freemem, totalmem, type as systemName, release} from 'node:os';
import {dirname} from 'node:path';
import type {Database} from '../lib/database.js';
import {version} from '../lib/settings.js';
import {checkDatabase} from './health.js';
import type {Route} from './router.js';

const cacheMs = 15_000;
const warnPercent = 90;

/** Names as the front end in the field reads them (snake_case, python_version), so they stay as they are. */
interface SystemStatus {
  readonly timestamp: string;
  readonly status: 'healthy' | 'warning' | 'error';
  readonly system_info: object;
  readonly current_stats: {
    readonly cpu_percent: number;
    readonly memory_percent: number;
    readonly disk_percent: number;
  };
  readonly database: {
    readonly status: 'connected' | 'error';
    readonly response_time_ms: number;
    readonly error?: string;
  };
  readonly app_info: object;
}

export function systemStatusRoutes(db: Database): Route[] {
  const cpuPercent = cpuMeter();
  let cached: {status: SystemStatus; atMs: number} | undefined;
  return [
    {
      method: 'GET',
      path: '/api/v1/system/status',
      answer: () => {
        const nowMs = Date.now();
        // Also when the clock was set back: an age below 0 is none.
        const ageMs = cached === undefined ? -1 : nowMs - cached.atMs;
        if (cached !== undefined && ageMs >= 0 && ageMs < cacheMs) {
          const cache = {
            from_cache: true,
            cached_at: new Date(cached.atMs).toISOString(),
            cache_age_seconds: Math.round(ageMs / 100) / 10,
          };
          return {status: 200, body: {...cached.status, cache}};
        }
        const status = readStatus(db, cpuPercent);
        cached = {status, atMs: nowMs};
        return {status: 200, body: {...status, cache: {from_cache: false}}};
      },
    },
    {
      method: 'GET',
      path: '/api/v1/system/status/reset-cache',
      answer: () => {
        cached = undefined;
        return {
          status: 200,
          body: {message: 'The cache of the system status was reset.', timestamp: new Date().toISOString()},
        };
      },
    },
  ];
}

function readStatus(db: Database, cpuPercent: () => number): SystemStatus {
  const check = checkDatabase(db);
  const stats = {
    cpu_percent: cpuPercent(),
    memory_percent: percent(totalmem() - freemem(), totalmem()),
    disk_percent: diskPercent(dirname(db.path)),
  };
  const tight = Object.values(stats).some((value) => value > warnPercent);
  return {
    timestamp: new Date().toISOString(),
    status: check.status !== 'healthy' ? 'error' : tight ? 'warning' : 'healthy',
    system_info: {
      system: systemName(),
      version: release(),
      // The old backend was Python; the field now names what runs this one.
      python_version: `Node.js ${process.versions.node}`,
      cpu_count: cpus().length,
      memory_total: totalmem(),
      memory_available: freemem(),
    },
    current_stats: stats,
    database: {
      status: check.status === 'healthy' ? 'connected' : 'error',
      response_time_ms: check.responseTimeMs,
      ...(check.reason === undefined ? {} : {error: check.reason}),
    },
    app_info: {version, project_name: 'Demo ERP', api_prefix: '/api/v1'},
  };
}

// Busy share since the last question, of all cores: os.cpus() counts since boot, so it takes two readings.
function cpuMeter(): () => number {
  let last = readTimes();
  return () => {
    const now = readTimes();
    const total = now.total - last.total;
    const result = total === 0 ? 0 : percent(now.busy - last.busy, total);
    last = now;
    return result;
  };
}

function readTimes(): {busy: number; total: number} {
  let busy = 0;
  let idle = 0;
  for (const {times} of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return {busy, total: busy + idle};
}

function diskPercent(folder: string): number {
  try {
    // As df counts: what is reserved for root is neither used nor available.
    const {blocks, bfree, bavail} = statfsSync(folder);
    return percent(blocks - bfree, blocks - bfree + bavail);
  } catch {
    return 0; // the folder is gone, which the database's check reports
  }
}

function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, Math.max(0, Math.round((part / whole) * 1000) / 10));
}
