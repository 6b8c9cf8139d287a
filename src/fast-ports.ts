/** `erp ports` before oclif loads; called as `fast` of fast.ts is. */
export {fastPorts as fast} from './cli/ports/fast.js';
