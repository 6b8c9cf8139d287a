import {containers} from './services.containers.js';
import {init, linuxServices, macosServices, serviceAccounts} from './services.unix.js';
import {windowsServices} from './services.windows.js';
import type {SystemService} from './system-service.js';

/** First match wins. Names as the systems show them; case and `.exe` do not count. */
export const systemServices: readonly SystemService[] = [
  ...init,
  ...linuxServices,
  ...serviceAccounts,
  ...containers,
  ...macosServices,
  ...windowsServices,
];
