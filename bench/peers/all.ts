import type {Candidate} from '../types.js';
import type {Workplace} from '../workplace.js';
import {erp} from './erp.js';
import {floors} from './floors.js';

/** In the order of the tables. */
export const candidates = (workplace: Workplace): Candidate[] => [...floors(workplace), erp(workplace)];
