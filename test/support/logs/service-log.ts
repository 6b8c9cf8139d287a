/** Logs of a service that lives through days and nights, for judging what finds incidents. Seeded: the same each time. */
export interface Life {
  readonly seed: number;
  readonly days: number;
  /** Events in an hour of a working day; nights have a twentieth, weekends a fifth. */
  readonly perHour: number;
  /** What happens besides, by time. */
  readonly troubles?: readonly Trouble[];
}

export interface Trouble {
  /** ms from the beginning. */
  readonly from: number;
  readonly to: number;
  /** A line is put in about this often. */
  readonly everyMs: number;
  /** Level and message; `n` counts them. */
  readonly line: (n: number, random: () => number) => string;
}

export const start = Date.UTC(2025, 4, 19); // a Monday
export const hour = 3_600_000;
export const day = 24 * hour;

const usual: readonly ((random: () => number) => string)[] = [
  (r) => `INFO Order ${whole(r, 90_000)} created by user${whole(r, 300)} with ${whole(r, 40)} positions`,
  (r) => `INFO Order ${whole(r, 90_000)} paid`,
  (r) => `DEBUG cache hit key=invoice:${whole(r, 9000)}`,
  (r) => `DEBUG SELECT took ${whole(r, 400)} ms`,
  (r) => `INFO Sitzung von user${whole(r, 300)} geöffnet`,
  (r) => `INFO 10.0.0.${whole(r, 250)} - "GET /api/orders/${whole(r, 9000)} HTTP/1.1" 200 OK`,
  (r) => `INFO 10.0.0.${whole(r, 250)} - "GET /api/stock HTTP/1.1" ${r() < 0.01 ? 500 : 200} OK`,
];
const rare: readonly ((random: () => number) => string)[] = [
  (r) => `WARNING Slow query (${1000 + whole(r, 9000)} ms)`,
  (r) => `ERROR Could not deliver mail to user${whole(r, 300)}: connection to smtp timed out after ${whole(r, 60)} s`,
  (r) => `ERROR Invalid VAT number ${whole(r, 9000)} in import line ${whole(r, 900)}`,
  () => 'WARNING Retrying request to the bank: connection refused',
];

/**
 * Usual work, with what is normal: a health check each minute day and night, a nightly job that always complains, planned
 * restarts, an error now and then.
 */
export function serviceLog({seed, days, perHour, troubles = []}: Life): string {
  const random = randomOf(seed);
  const lines: {at: number; text: string}[] = [];
  const say = (at: number, text: string) => lines.push({at, text});
  for (let at = 0; at < days * day; ) {
    at += -Math.log(1 - random()) * (hour / (perHour * paceAt(at)));
    if (at >= days * day) break;
    const some = random() < 0.02 ? rare : usual;
    say(at, (some[Math.floor(some.length * random() ** 2)] as (typeof usual)[number])(random));
  }
  for (let at = 0; at < days * day; at += 60_000) {
    say(
      at + 1000 * random(),
      `INFO health check api ok in ${whole(random, 80)} ms (rss ${300 + whole(random, 40)} MB)`,
    );
    // A job that has failed each minute since anybody can remember.
    say(at + 30_000, `ERROR exchange rates not updated: no key configured, run ${at / 60_000}`);
  }
  for (let at = 2 * hour; at < days * day; at += day) {
    for (let n = 0; n < 30; n += 1)
      say(at + n * 4000, `ERROR nightly close: account ${whole(random, 900)} does not balance`);
  }
  for (let at = 12.5 * hour; at < days * day; at += 2 * day) {
    for (const [ms, text] of planned) say(at + ms, text);
  }
  for (const {from, to, everyMs, line} of troubles) {
    for (let at = from, n = 1; at < to; n += 1) {
      say(at, line(n, random));
      at += -Math.log(1 - random()) * everyMs;
    }
  }
  lines.sort((a, b) => a.at - b.at);
  return lines
    .map(({at, text}) => `${new Date(start + at).toISOString().slice(0, 23).replace('T', ' ')} ${text}\n`)
    .join('');
}

const planned: readonly (readonly [number, string])[] = [
  [0, 'INFO Deploying release 5.1'],
  [100, 'INFO Shutting down'],
  [900, 'INFO api exited with code 0'],
  [1000, 'INFO Starting api'],
  [1100, 'WARNING Retrying request to the bank: connection refused'],
  [3000, 'INFO api is ready'],
];

function paceAt(at: number): number {
  const time = at % day;
  const isWeekend = Math.floor(at / day) % 7 >= 5;
  const isNight = time < 6 * hour || time > 21 * hour;
  return (isNight ? 0.05 : time > 8 * hour && time < 17 * hour ? 1 : 0.4) * (isWeekend ? 0.2 : 1);
}

const whole = (random: () => number, below: number) => Math.floor(random() * below);

/** Mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
