export type Level = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

export interface Log {
  info(message: string): void;
  warning(message: string): void;
  error(message: string, thrown?: unknown): void;
}

/** `2026-05-22 09:05:30,123`, local time: the form of Python's logging, which this ERP's operators are used to. */
export function logTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time},${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export function logLine(level: Level, name: string, message: string): string {
  return `${logTime(new Date())} ${level} ${name} ${message}\n`;
}

/** Writes to stdout only: whoever supervises us keeps and rotates it. */
export function createLog(name: string): Log {
  const write = (level: Level, message: string) => process.stdout.write(logLine(level, name, message));
  return {
    info: (message) => write('INFO', message),
    warning: (message) => write('WARNING', message),
    error: (message, thrown) => {
      const stack = thrown instanceof Error && thrown.stack !== undefined ? `\n${thrown.stack}` : '';
      write('ERROR', `${message}${stack}`);
    },
  };
}
