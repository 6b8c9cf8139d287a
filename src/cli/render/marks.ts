import type {Mark} from '../../lib/core/report/status.js';

/** The few characters that are not ASCII, each one cell wide. */
export interface Glyphs {
  readonly marks: Readonly<Record<Mark, string>>;
  /** Stands for what was cut out. */
  readonly cut: string;
  /** "Does not apply". */
  readonly none: string;
  readonly spinner: readonly string[];
}

export const utf8Glyphs: Glyphs = {
  marks: {good: '●', moving: '►', degraded: '▲', acting: '▼', failed: '■', stopped: '○', unknown: '·'},
  cut: '…',
  none: '–',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

export const asciiGlyphs: Glyphs = {
  marks: {good: '+', moving: '>', degraded: '!', acting: 'v', failed: 'x', stopped: '-', unknown: '?'},
  cut: '~',
  none: '-',
  spinner: ['|', '/', '-', '\\'],
};

export const markCodes: Readonly<Record<Mark, string | null>> = {
  good: '32',
  moving: '36',
  degraded: '33',
  acting: '1;33',
  failed: '1;31',
  stopped: null,
  unknown: null,
};

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Which characters the terminal shows as one cell. Chinese, Japanese and Korean fonts draw ● and ▲ two cells wide; the
 * Linux console has no ►; a locale that is not UTF-8 prints question marks.
 */
export function glyphsFor(env: Env, platform: NodeJS.Platform = process.platform): Glyphs {
  if (env['TERM'] === 'dumb' || env['TERM'] === 'linux') return asciiGlyphs;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  if (/^(ja|ko|zh)([_.-]|$)/i.test(locale)) return asciiGlyphs;
  if (/utf-?8/i.test(locale)) return utf8Glyphs;
  // Windows has no locale variables and its console shows the seven marks.
  return locale === '' && platform === 'win32' ? utf8Glyphs : asciiGlyphs;
}
