// Typed rules where types find what people miss: forgotten promises, forgotten cases. Arrows between the floors are
// checked here by name and by scripts/check-imports.mjs over the whole graph (cycles too).
import {builtinModules} from 'node:module';
import tseslint from 'typescript-eslint';

const world = ['execa', 'winston', 'systeminformation', 'listr2', 'chalk', 'cosmiconfig', '@oclif/core'];

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'dist.*/**',
      'build/**',
      'node_modules/**',
      'test/fixtures/**',
      'demo/public/**',
      'bin/**',
      'scripts/**',
      '*.mjs',
      'bench/**/*.mjs',
    ],
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'demo/**/*.ts', 'bench/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {parserOptions: {project: './tsconfig.json', tsconfigRootDir: import.meta.dirname}},
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {allowNumber: true, allowBoolean: true, allowNullish: true},
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
      // Callbacks that ignore are written `() => {}`.
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}],
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Code points are what a terminal counts.
      '@typescript-eslint/no-misused-spread': 'off',
      // oclif's hooks and defaults have to return promises.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      eqeqeq: ['error', 'always', {null: 'ignore'}],
    },
  },
  {
    // The core is pure: no world, no clock, no chance.
    files: ['src/lib/core/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {paths: [...builtinModules.flatMap((name) => [name, `node:${name}`]), ...world]},
      ],
      'no-restricted-globals': [
        'error',
        'process',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'performance',
        'fetch',
      ],
      'no-restricted-properties': ['error', {object: 'Date', property: 'now'}, {object: 'Math', property: 'random'}],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // What comes over the wire is looked at as it came.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/restrict-plus-operands': 'off',
      // expect(mock.method) and the like.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
