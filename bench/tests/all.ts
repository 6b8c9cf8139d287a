import {bringUp} from './bring-up.js';
import {causes} from './causes.js';
import {commandLine} from './command-line.js';
import {flood} from './flood.js';
import {footprint} from './footprint.js';
import {hang} from './hang.js';
import {leftovers} from './leftovers.js';
import {crowds} from './many.js';
import {portSearch} from './ports.js';
import {recovery} from './recovery.js';
import {simulated} from './simulated.js';
import {exitStorm, lateStorm} from './storms.js';
import {survival} from './survival.js';
import type {Test} from './test.js';

/** In the order in which they are done. */
export const tests = [
  recovery,
  hang,
  footprint,
  bringUp,
  flood,
  survival,
  leftovers,
  commandLine,
  causes,
  exitStorm,
  lateStorm,
  crowds,
  simulated,
  portSearch,
] as readonly Test[];
