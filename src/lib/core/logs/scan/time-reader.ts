import {isDigit, isLetter, twoDigits} from './bytes.js';

const letters3 = (name: string): number => (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(letters3);
/** German logs. */
const otherMonths = new Map(
  Object.entries({mai: 5, okt: 10, dez: 12, mrz: 3, mär: 3}).map(([name, month]) => [letters3(name), month]),
);
const zones: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  Z: 0,
  WET: 0,
  WEST: 60,
  CET: 60,
  MEZ: 60,
  CEST: 120,
  MESZ: 120,
  EET: 120,
  EEST: 180,
  MSK: 180,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  JST: 540,
  IST: 330,
}; // prettier-ignore
const dayMs = 86_400_000;
/** 2001 and 2100: what an epoch number may mean. */
const earliest = 978_307_200;
const latest = 4_102_444_800;

/**
 * Reads a time stamp out of bytes, without making strings. Times without a zone are local ones; stamps without a year
 * or a date get those that put them last before the reference.
 */
export class TimeReader {
  /** ms since 1970 of what was read last. */
  time = 0;
  /** Behind it, zone included. */
  end = 0;
  readonly #reference: number;
  readonly #referenceYear: number;
  #year = 0;
  #month = 0;
  #day = 0;
  #dayKey = -1;
  #dayTime = 0;
  #hourKey = -1;
  #hourOffset = 0;
  #lastYear = 0;
  #lastDay = 0;
  #lastHour = 0;
  #utcHour = 0;
  #localHour = 0;

  /** @param reference ms: nothing in the log is later than about that */
  constructor(reference: number) {
    this.#reference = reference;
    this.#referenceYear = new Date(reference).getFullYear();
  }

  /** @returns whether a time stamp begins here */
  read(b: Buffer, p: number, end: number): boolean {
    const c = b[p] as number;
    if (c >= 48 && c <= 57) return this.#usual(b, p, end) || this.#numeric(b, p, end);
    return isLetter(c) && end - p >= 12 && this.#named(b, p, end);
  }

  /**
   * 2026-11-22 15:30:56.123 and nothing behind it that could be a zone: nine lines of ten. Date and hour are mostly
   * those of the line before.
   */
  #usual(b: Buffer, p: number, end: number): boolean {
    if (end - p < 20 || b[p + 4] !== 45 || b[p + 7] !== 45 || b[p + 13] !== 58 || b[p + 16] !== 58) return false;
    const minute = (b[p + 14] as number) * 10 + (b[p + 15] as number) - 528;
    const second = (b[p + 17] as number) * 10 + (b[p + 18] as number) - 528;
    if (minute < 0 || minute > 59 || second < 0 || second > 60 || !isDigit(b[p + 15]) || !isDigit(b[p + 18]))
      return false;
    let ms = 0;
    let q = p + 19;
    let next = b[q] as number;
    if (next === 46 || next === 44) {
      q += 1;
      let scale = 100;
      next = b[q] as number;
      while (q < end && next >= 48 && next <= 57) {
        ms += (next - 48) * scale;
        scale /= 10;
        q += 1;
        next = b[q] as number;
      }
    }
    let isUtc = false;
    if (next === 90) {
      isUtc = true;
      q += 1;
    } else if (next === 43 || next === 45) return false;
    else if (next === 32) {
      const after = b[q + 1] as number;
      if (after === 43 || (after >= 65 && after <= 90 && mayBeZone(b, q + 1))) return false;
    }
    const year =
      ((b[p] as number) << 24) | ((b[p + 1] as number) << 16) | ((b[p + 2] as number) << 8) | (b[p + 3] as number);
    const rest =
      ((b[p + 5] as number) << 24) | ((b[p + 6] as number) << 16) | ((b[p + 8] as number) << 8) | (b[p + 9] as number);
    const hour = ((b[p + 11] as number) << 8) | (b[p + 12] as number) | ((b[p + 10] as number) << 16);
    if (year !== this.#lastYear || rest !== this.#lastDay || hour !== this.#lastHour) {
      if (!this.#yearFirst(b, p, end, 45)) return false;
      this.#lastYear = year;
      this.#lastDay = rest;
      this.#lastHour = hour;
      const hours = twoDigits(b, p + 11);
      this.#utcHour = this.#dayTime + hours * 3_600_000;
      this.#localHour = this.#at(hours, 0, 0, 0, null);
    }
    this.time = (isUtc ? this.#utcHour : this.#localHour) + (minute * 60 + second) * 1000 + Math.floor(ms);
    this.end = q;
    return true;
  }

  /** `0522 09:41:07.123456` behind the letter of a klog line. */
  readKlog(b: Buffer, p: number, end: number): boolean {
    const month = twoDigits(b, p);
    const day = twoDigits(b, p + 2);
    if (month < 1 || month > 12 || day < 1 || day > 31 || b[p + 4] !== 32) return false;
    this.#date(0, month, day);
    return this.#clock(b, p + 5, end);
  }

  /** A number of seconds, milli-, micro- or nanoseconds since 1970. */
  epoch(value: number): boolean {
    let seconds = value;
    for (const scale of [1, 1e3, 1e6, 1e9]) {
      seconds = value / scale;
      if (seconds >= earliest && seconds < latest) {
        // A fraction of a second is not exact; a part of a millisecond is cut off as it is everywhere else.
        this.time = scale > 1e3 ? Math.floor((value * 1e3) / scale) : Math.round(seconds * 1000);
        return true;
      }
    }
    return false;
  }

  #numeric(b: Buffer, p: number, end: number): boolean {
    let q = p + 1;
    while (q < end && isDigit(b[q]) && q - p < 20) q += 1;
    const digits = q - p;
    const next = b[q];
    if (digits === 4) {
      if (next !== 45 && next !== 47 && next !== 46) return false;
      return this.#yearFirst(b, p, end, next);
    }
    if (digits === 2 || digits === 1) return this.#short(b, p, q, end);
    if (digits === 10 || digits === 13 || digits === 16 || digits === 19) return this.#epochAt(b, p, q, end);
    if (digits === 6 && next === 32 && q + 7 <= end) return this.#compact(b, p, q, end, 2);
    if (digits === 8 && q + 7 <= end) return this.#compact(b, p, q, end, 4);
    return false;
  }

  /** 2026-11-22, 2026/11/22, 2026.11.22 and a clock. */
  #yearFirst(b: Buffer, p: number, end: number, separator: number): boolean {
    if (end - p < 16) return false;
    const year = twoDigits(b, p) * 100 + twoDigits(b, p + 2);
    const month = twoDigits(b, p + 5);
    const day = twoDigits(b, p + 8);
    if (b[p + 7] !== separator || month < 1 || month > 12 || day < 1 || day > 31) return false;
    const between = b[p + 10];
    if (between !== 84 && between !== 32 && between !== 45 && between !== 95 && between !== 58 && between !== 116)
      return false;
    this.#date(year, month, day);
    return this.#clock(b, between === 32 && b[p + 11] === 32 ? p + 12 : p + 11, end);
  }

  #short(b: Buffer, p: number, q: number, end: number): boolean {
    const first = q - p === 2 ? twoDigits(b, p) : (b[p] as number) - 48;
    const separator = b[q];
    if (separator === 58) {
      // A clock alone; the date is the last one that fits.
      if (q - p !== 2 || twoDigits(b, q + 1) < 0 || b[q + 3] !== 58) return false;
      const today = new Date(this.#reference);
      this.#date(today.getFullYear(), today.getMonth() + 1, today.getDate());
      if (!this.#clock(b, p, end)) return false;
      if (this.time > this.#reference + dayMs / 24) this.time -= dayMs;
      return true;
    }
    if (separator === 32 && isLetter(b[q + 1])) return this.#dayMonthYear(b, first, q + 1, end, 32);
    if ((separator === 47 || separator === 45) && isLetter(b[q + 1]))
      return this.#dayMonthYear(b, first, q + 1, end, separator);
    if (separator !== 46 && separator !== 47 && separator !== 45) return false;
    let r = q + 1;
    while (r < end && isDigit(b[r]) && r - q <= 2) r += 1;
    const second = r - q === 3 ? twoDigits(b, q + 1) : r - q === 2 ? (b[q + 1] as number) - 48 : -1;
    if (second < 1) return false;
    if (b[r] === 32) {
      // 03-17 16:13:38 (Android), 10.30 16:49:06
      if (r - p !== 5 || first < 1 || first > 12 || second > 31) return false;
      this.#date(0, first, second);
      return this.#clock(b, r + 1, end);
    }
    if (b[r] !== separator) return false;
    let s = r + 1;
    while (s < end && isDigit(b[s]) && s - r <= 4) s += 1;
    const third =
      s - r === 5 ? twoDigits(b, r + 1) * 100 + twoDigits(b, r + 3) : s - r === 3 ? twoDigits(b, r + 1) : -1;
    if (third < 0) return false;
    let clock = s;
    while (b[clock] === 44 || b[clock] === 32) clock += 1;
    if (clock === s) return false;
    const year = third < 100 ? 2000 + third : third;
    if (separator === 46) this.#date(year, second, first);
    // 17/06/09: year first unless that can't be; 05/22/2025: month first unless that can't be.
    else if (third < 100 && second <= 12) this.#date(2000 + first, second, third);
    else if (first <= 12) this.#date(year, first, second);
    else this.#date(year, second, first);
    if (this.#month < 1 || this.#month > 12 || this.#day < 1 || this.#day > 31) return false;
    return this.#clock(b, clock, end);
  }

  /** 22/Nov/2026:15:30:56 +0000, 22 Nov 2026 15:30:56.123, 22-Nov-2026 15:30:56. */
  #dayMonthYear(b: Buffer, day: number, p: number, end: number, separator: number): boolean {
    const month = monthAt(b, p);
    if (month === 0 || day < 1 || day > 31 || b[p + 3] !== separator) return false;
    const century = twoDigits(b, p + 4);
    const year = twoDigits(b, p + 6);
    if (century >= 0 && b[p + 6] === 58 && separator === 32) {
      this.#date(0, month, day);
      return this.#clock(b, p + 4, end);
    }
    if (century < 19 || century > 20 || year < 0 || (b[p + 8] !== 58 && b[p + 8] !== 32)) return false;
    this.#date(century * 100 + year, month, day);
    return this.#clock(b, p + 9, end);
  }

  /** Jun 14 15:16:01, Jun  4 2026 15:16:01, Sun Dec 04 04:47:44.123 2005, Sun, 22 Nov 2026 15:30:56 GMT. */
  #named(b: Buffer, p: number, end: number): boolean {
    let q = p;
    let month = monthAt(b, q);
    if (month === 0 || b[q + 3] !== 32) {
      // A weekday before it.
      q += 3;
      if (b[q] === 44) q += 1;
      if (b[q] !== 32) return false;
      q += 1;
      if (isDigit(b[q])) {
        const wide = isDigit(b[q + 1]);
        const day = wide ? twoDigits(b, q) : (b[q] as number) - 48;
        q += wide ? 2 : 1;
        return b[q] === 32 && this.#dayMonthYear(b, day, q + 1, end, 32);
      }
      month = monthAt(b, q);
      if (month === 0) return false;
    }
    q += 3;
    while (b[q] === 32) q += 1;
    const wide = isDigit(b[q + 1]);
    const day = wide ? twoDigits(b, q) : isDigit(b[q]) ? (b[q] as number) - 48 : 0;
    if (day < 1 || day > 31) return false;
    q += wide ? 2 : 1;
    if (b[q] === 44) q += 1;
    if (b[q] !== 32) return false;
    q += 1;
    const century = twoDigits(b, q);
    if (century >= 19 && century <= 20 && twoDigits(b, q + 2) >= 0 && b[q + 4] === 32) {
      this.#date(century * 100 + twoDigits(b, q + 2), month, day);
      return this.#clock(b, q + 5, end);
    }
    // The year may stand behind the clock.
    let r = q;
    while (r < end && b[r] !== 32 && r - q < 20) r += 1;
    const late = twoDigits(b, r + 1);
    const hasLateYear = r + 5 <= end && late >= 19 && late <= 20 && twoDigits(b, r + 3) >= 0 && !isDigit(b[r + 5]);
    this.#date(hasLateYear && b[r + 5] !== 58 ? late * 100 + twoDigits(b, r + 3) : 0, month, day);
    if (!this.#clock(b, q, end)) return false;
    if (hasLateYear && this.end <= r) this.end = r + 5;
    return true;
  }

  #epochAt(b: Buffer, p: number, q: number, end: number): boolean {
    let value = 0;
    for (let i = p; i < q; i += 1) value = value * 10 + (b[i] as number) - 48;
    let after = q;
    if (b[q] === 46 && isDigit(b[q + 1])) {
      let scale = 0.1;
      for (after = q + 1; after < end && isDigit(b[after]); after += 1) {
        value += ((b[after] as number) - 48) * scale;
        scale /= 10;
      }
    }
    const next = b[after];
    if (after < end && next !== 32 && next !== 93 && next !== 44 && next !== 9 && next !== 58 && next !== 124)
      return false;
    this.end = after;
    return this.epoch(value);
  }

  /** 081109 203615, 20171223-22:15:29:606, 20250522T090530Z. */
  #compact(b: Buffer, p: number, q: number, end: number, width: 2 | 4): boolean {
    const year = width === 4 ? twoDigits(b, p) * 100 + twoDigits(b, p + 2) : 2000 + twoDigits(b, p);
    const month = twoDigits(b, p + width);
    const day = twoDigits(b, p + width + 2);
    if (year < 1990 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    const between = b[q];
    if (between !== 32 && between !== 45 && between !== 84 && between !== 95) return false;
    this.#date(year, month, day);
    if (b[q + 3] === 58 || b[q + 2] === 58) return this.#clock(b, q + 1, end);
    const hour = twoDigits(b, q + 1);
    const minute = twoDigits(b, q + 3);
    const second = twoDigits(b, q + 5);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || isDigit(b[q + 7]))
      return false;
    return this.#finish(b, q + 7, end, hour, minute, second, 0);
  }

  #clock(b: Buffer, p: number, end: number): boolean {
    let q = p;
    let hour = twoDigits(b, q);
    if (hour >= 0 && b[q + 2] !== 58 && b[q + 2] !== 46) return false;
    if (hour < 0) {
      if (!isDigit(b[q]) || b[q + 1] !== 58) return false;
      hour = (b[q] as number) - 48;
      q += 1;
    } else q += 2;
    const minute = twoDigits(b, q + 1);
    if (hour > 23 || minute < 0 || minute > 59 || q + 3 > end) return false;
    const isDotted = b[q] === 46;
    q += 3;
    let second = 0;
    if (q < end && b[q] === (isDotted ? 46 : 58)) {
      second = twoDigits(b, q + 1);
      if (second < 0 || second > 60) return false;
      q += 3;
    } else if (isDotted) return false;
    let ms = 0;
    const mark = b[q];
    if (q < end && (mark === 46 || mark === 44 || mark === 58) && isDigit(b[q + 1])) {
      q += 1;
      let scale = 100;
      while (q < end && isDigit(b[q])) {
        ms += ((b[q] as number) - 48) * scale;
        scale /= 10;
        q += 1;
      }
    }
    if (b[q] === 32 && (b[q + 2] === 77 || b[q + 2] === 109) && q + 3 <= end && !isLetter(b[q + 3])) {
      const half = b[q + 1];
      if (half === 80 || half === 112) hour = hour === 12 ? 12 : hour + 12;
      else if ((half === 65 || half === 97) && hour === 12) hour = 0;
      q += 3;
    }
    return this.#finish(b, q, end, hour, minute, second, ms);
  }

  #finish(b: Buffer, p: number, end: number, hour: number, minute: number, second: number, ms: number): boolean {
    let q = p;
    let offset: number | null = null;
    const at = b[q] === 32 ? q + 1 : q;
    const c = at < end ? b[at] : 0;
    if (c === 90 && !isLetter(b[at + 1]) && at === q) {
      offset = 0;
      q = at + 1;
    } else if (
      (c === 43 || (c === 45 && at === q)) &&
      twoDigits(b, at + 1) >= 0 &&
      (twoDigits(b, at + 3) >= 0 || (b[at + 3] === 58 && twoDigits(b, at + 4) >= 0) || !isDigit(b[at + 3]))
    ) {
      const minutesAt = b[at + 3] === 58 ? at + 4 : at + 3;
      const minutes = minutesAt + 2 <= end ? twoDigits(b, minutesAt) : -1;
      offset = (c === 43 ? 1 : -1) * (twoDigits(b, at + 1) * 60 + Math.max(0, minutes));
      q = minutes >= 0 ? minutesAt + 2 : at + 3;
    } else if (at > q && c !== undefined && c >= 65 && c <= 90) {
      let r = at + 1;
      while (r < end && r - at < 5 && isLetter(b[r])) r += 1;
      if (r - at >= 2 && r - at <= 4 && !isLetter(b[r]) && mayBeZone(b, at)) {
        const known = zones[b.toString('latin1', at, r)];
        if (known !== undefined) {
          offset = known;
          q = r;
        }
      }
    }
    this.end = q;
    if (this.#year === 0) return this.#withoutYear(hour, minute, second, ms, offset);
    this.time = this.#at(hour, minute, second, ms, offset);
    return true;
  }

  #withoutYear(hour: number, minute: number, second: number, ms: number, offset: number | null): boolean {
    const year = this.#referenceYear;
    const [month, day] = [this.#month, this.#day];
    this.#date(year, month, day);
    this.time = this.#at(hour, minute, second, ms, offset);
    if (this.time > this.#reference + dayMs) {
      this.#date(year - 1, month, day);
      this.time = this.#at(hour, minute, second, ms, offset);
    }
    return true;
  }

  #date(year: number, month: number, day: number): void {
    this.#year = year;
    this.#month = month;
    this.#day = day;
    if (year === 0) return;
    const key = (year * 16 + month) * 32 + day;
    if (key === this.#dayKey) return;
    this.#dayKey = key;
    this.#dayTime = Date.UTC(year, month - 1, day);
  }

  #at(hour: number, minute: number, second: number, ms: number, offset: number | null): number {
    const utc = this.#dayTime + ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(ms);
    if (offset !== null) return utc - offset * 60_000;
    const key = this.#dayKey * 24 + hour;
    if (key !== this.#hourKey) {
      this.#hourKey = key;
      // Within the hour in which the clocks change this may be wrong by that hour, as the stamp itself is ambiguous.
      this.#hourOffset =
        new Date(this.#year, this.#month - 1, this.#day, hour).getTime() - (this.#dayTime + hour * 3_600_000);
    }
    return utc + this.#hourOffset;
  }
}

/** All known zones end with C, T, Z or K: a level does not. */
function mayBeZone(b: Buffer, p: number): boolean {
  let q = p;
  while (isLetter(b[q]) && q - p < 5) q += 1;
  const last = b[q - 1];
  return q - p >= 2 && q - p <= 4 && (last === 67 || last === 84 || last === 90 || last === 75);
}

function monthAt(b: Buffer, p: number): number {
  const one = (b[p] as number) | 32;
  if (one < 97 || one > 115) return 0;
  const name = (one << 16) | (((b[p + 1] as number) | 32) << 8) | (b[p + 2] as number) | 32;
  const at = months.indexOf(name);
  return at >= 0 ? at + 1 : (otherMonths.get(name) ?? 0);
}
