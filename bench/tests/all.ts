import {bringUp} from './bring-up.js';
import {flood} from './flood.js';
import {footprint} from './footprint.js';
import {recovery} from './recovery.js';
import type {Test} from './test.js';

export const tests = [recovery, footprint, bringUp, flood] as readonly Test[];
