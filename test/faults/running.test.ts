import {faultCases, quietCases} from '../support/cluster/fault-table.js';
import {testFaults, testQuiet} from '../support/cluster/fault-tests.js';

testFaults(faultCases);
testQuiet(quietCases);
