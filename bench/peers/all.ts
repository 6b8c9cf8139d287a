import type {Candidate} from '../types.js';
import {erp} from './erp.js';
import {floors} from './floors.js';
import {monit} from './monit.js';
import {pm2} from './pm2.js';
import {runit, s6} from './scanning.js';
import {supervisord} from './supervisord.js';

/** In the order of the tables. */
export const candidates: readonly Candidate[] = [...floors, erp, pm2, supervisord, runit, s6, monit];
