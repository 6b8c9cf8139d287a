import type {Rule} from '../rule.js';
import {cluster} from './cluster.js';
import {code} from './code.js';
import {data} from './data.js';
import {hang} from './hang.js';
import {network} from './network.js';
import {servers} from './servers.js';
import {settings} from './settings.js';
import {system} from './system.js';
import {tools} from './tools.js';

/** All rules, the more concrete ones first: of two that recognise a line equally well the first one counts. */
export const rules: readonly Rule[] = [
  ...hang,
  ...cluster,
  ...servers,
  ...tools,
  ...data,
  ...network,
  ...system,
  ...code,
  ...settings,
];
