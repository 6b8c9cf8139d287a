import type {Rule} from '../rule.js';
import {cluster} from './cluster.js';
import {code} from './code.js';
import {data} from './data.js';
import {hang} from './hang.js';
import {python} from './python.js';
import {network} from './network.js';
import {settings} from './settings.js';
import {system} from './system.js';

/** All rules, the more concrete ones first: of two that recognise a line equally well the first one counts. */
export const rules: readonly Rule[] = [
  ...python,
  ...hang,
  ...cluster,
  ...data,
  ...network,
  ...system,
  ...code,
  ...settings,
];
