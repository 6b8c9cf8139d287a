/** Fills in what is known of the case in hand. */
export interface Case {
  readonly pid: number;
  readonly port: number;
}

export interface SystemService {
  readonly names: readonly string[];
  readonly platforms: readonly NodeJS.Platform[];
  /** Only when it runs as one of these accounts: everybody else's is a program like any other. */
  readonly users?: RegExp;
  /** Only with such a command line. */
  readonly command?: RegExp;
  /** Who really answers on its ports is another one. */
  readonly holdsForOthers?: true;
  readonly what: string;
  readonly instead: (known: Case) => string;
}

export const linux: readonly NodeJS.Platform[] = ['linux'];
export const macos: readonly NodeJS.Platform[] = ['darwin'];
export const windows: readonly NodeJS.Platform[] = ['win32'];
export const unix: readonly NodeJS.Platform[] = ['linux', 'darwin'];
export const all: readonly NodeJS.Platform[] = ['linux', 'darwin', 'win32'];

export const leaveIt = (): string => 'leave it alone and give the service another port';
export const stopContainer = ({port}: Case): string =>
  `stop the container: docker ps --filter publish=${port}, then docker stop NAME`;
