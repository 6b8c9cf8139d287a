import {randomOf} from './service-log.js';
import {type Draw, drawer} from './style-values.js';

/** Lines in the style of one program, with the true template of each. */
export interface StyledLog {
  readonly lines: readonly string[];
  readonly templates: readonly string[];
}

export interface LogStyle {
  readonly name: string;
  readonly header: (draw: Draw, at: number) => string;
  /** How often, and what: `{kind}` is a value. */
  readonly messages: readonly (readonly [number, string])[];
}

/** Writes a log of a style. Each message comes at least once: rare templates count, too. */
export function styledLog(style: LogStyle, seed: number, size = 1500): StyledLog {
  const random = randomOf(seed);
  const draw = drawer(random);
  const total = style.messages.reduce((sum, [weight]) => sum + weight, 0);
  const picks = style.messages.map((_, index) => index);
  while (picks.length < size) {
    let left = random() * total;
    picks.push(
      Math.max(
        0,
        style.messages.findIndex(([weight]) => (left -= weight) < 0),
      ),
    );
  }
  for (let i = picks.length - 1; i > 0; i -= 1) {
    const other = Math.floor(random() * (i + 1));
    [picks[i], picks[other]] = [picks[other] as number, picks[i] as number];
  }
  const lines: string[] = [];
  const templates: string[] = [];
  for (const [at, pick] of picks.entries()) {
    const message = (style.messages[pick] as readonly [number, string])[1];
    lines.push(style.header(draw, 36_000 + at) + message.replaceAll(/\{(\w+)\}/g, (_, kind: string) => draw(kind)));
    templates.push(message.replaceAll(/\{\w+\}/g, '<*>'));
  }
  return {lines, templates};
}
