import fc from 'fast-check';

/**
 * fast-check with a fixed seed, so that a commit passes everywhere or nowhere; `ERP_TEST_SEED=random` (or a number) looks
 * for more.
 */
const wanted = process.env.ERP_TEST_SEED ?? '20261123';
if (wanted !== 'random') fc.configureGlobal({seed: Number(wanted)});

export default fc;
