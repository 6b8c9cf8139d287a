import {Cron} from 'croner';

/** When a service is restarted as planned: five fields of cron, or `@daily` and the like. */
export interface Schedule {
  readonly expression: string;
  /** IANA name; null: as the clock of the machine shows it. */
  readonly timezone: string | null;
}

/** croner would take it as a moment that comes once. */
const isMoment = (expression: string): boolean => /^\s*\d{4}-/.test(expression);

function cronOf({expression, timezone}: Schedule): Cron {
  return new Cron(expression, {
    mode: '5-part',
    // Like Vixie cron: what names its hours runs at the next valid minute when summer time skips them, and once when
    // winter time repeats them; what runs every hour or every few minutes goes on by real time.
    fixedTimeRule: 'no-wildcard',
    ...(timezone === null ? {} : {timezone}),
  });
}

/**
 * The first run after a moment.
 * @param after milliseconds since the epoch, and so is what is returned; null: never
 */
export function nextRun(schedule: Schedule, after: number): number | null {
  return cronOf(schedule).nextRun(new Date(after))?.getTime() ?? null;
}

/** What is wrong with an expression, for a configuration error; null: nothing. */
export function expressionMistake(expression: string): string | null {
  if (isMoment(expression)) return 'a moment comes once; a schedule has five fields';
  try {
    return nextRun({expression, timezone: null}, 0) === null ? 'no day of the calendar matches it' : null;
  } catch (error) {
    return sentence(error);
  }
}

/** Is this a time zone that the system knows? */
export function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', {timeZone: timezone});
    return true;
  } catch {
    return false;
  }
}

/** `CronPattern: Invalid value for minute: 61` → `invalid value for minute: 61` */
function sentence(error: unknown): string {
  const said = (error instanceof Error ? error.message : String(error)).replace(/^\w+: /, '').replace(/\.$/, '');
  if (/five, six, or seven|requires exactly 5 parts/.test(said)) return 'a schedule has five fields';
  if (/@reboot/.test(said)) return '@reboot is no time of day: what was wanted up starts after a reboot anyway';
  return said.charAt(0).toLowerCase() + said.slice(1);
}
