export default {
  roots: ['<rootDir>/build/test'],
  testMatch: ['**/*.test.js'],
  // An hour of faults: `npm run test:faults`.
  testPathIgnorePatterns: process.env.ERP_TEST_FAULTS === '1' ? [] : ['/build/test/faults/'],
  transform: {},
  testTimeout: 60_000,
  // The machine may be busy with more than us: two workers keep the tests' own processes from starving each other.
  maxWorkers: 2,
};
