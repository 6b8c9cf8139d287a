import type {Rule} from '../rule.js';
import {accounts} from './accounts.js';
import {brokers} from './brokers.js';
import {cluster} from './cluster.js';
import {code} from './code.js';
import {compiled} from './compiled.js';
import {daemons} from './daemons.js';
import {data} from './data.js';
import {dotnet} from './dotnet.js';
import {hang} from './hang.js';
import {jvm} from './jvm.js';
import {network} from './network.js';
import {node} from './node.js';
import {packaging} from './packaging.js';
import {python} from './python.js';
import {redis} from './redis.js';
import {scripting} from './scripting.js';
import {servers} from './servers.js';
import {settings} from './settings.js';
import {system} from './system.js';
import {tls} from './tls.js';
import {tools} from './tools.js';

/** All rules, the more concrete ones first: of two that recognise a line equally well the first one counts. */
export const rules: readonly Rule[] = [
  ...python,
  ...packaging,
  ...node,
  ...jvm,
  ...compiled,
  ...scripting,
  ...dotnet,
  ...accounts,
  ...daemons,
  ...tools,
  ...hang,
  ...servers,
  ...cluster,
  ...data,
  ...redis,
  ...brokers,
  ...network,
  ...tls,
  ...system,
  ...code,
  ...settings,
];
