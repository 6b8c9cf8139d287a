/** The library, for embedding: the pure core and its types. */
export {ErpError} from './lib/core/errors.js';
export {ExitCode} from './lib/core/exit-codes.js';
export type * from './lib/core/spec.js';
