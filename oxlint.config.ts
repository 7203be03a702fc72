/** What the linter demands. */
import { importRows } from './oxlint.imports.ts';

export default {
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  ignorePatterns: ['node_modules', 'dist', 'var', 'coverage'],
  rules: {
    // What the house demands beyond the categories.
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'node/no-process-env': 'error',
    'no-console': 'error',
    'unicorn/no-process-exit': 'error',
    'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
    'typescript/no-explicit-any': 'error',
    // node:test awaits the promise of `test()` itself.
    'typescript/no-floating-promises': [
      'error',
      {
        allowForKnownSafeCalls: [
          {
            from: 'package',
            package: 'node:test',
            name: ['test', 'suite', 'describe', 'it', 'before', 'after', 'beforeEach', 'afterEach'],
          },
        ],
      },
    ],
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    // The x509 package asks for this polyfill; it has no values to import.
    'import/no-unassigned-import': ['error', { allow: ['reflect-metadata'] }],
    // One after the other is nearly always meant: order is what queues and drains are about.
    'no-await-in-loop': 'off',
    // tsc reports a missing return (noImplicitReturns), and knows an exhaustive switch when it sees one.
    'typescript/consistent-return': 'off',
    // Data from outside were judged by a JSON Schema or a column's constraint, which no type can follow.
    'typescript/no-unsafe-type-assertion': 'off',
    // A copy that leaves the original alone is what a spread in `map` is for.
    'oxc/no-map-spread': 'off',
    // Some packages document their default import's members (fast-check).
    'import/no-named-as-default-member': 'off',
    // Adapters join callback interfaces to promises; no-floating-promises watches what could get lost there.
    'promise/no-callback-in-promise': 'off',
    'promise/no-promise-in-callback': 'off',
    'promise/always-return': 'off',
    // A browser window's rule; a worker thread's port has no origin.
    'unicorn/require-post-message-target-origin': 'off',
  },
  overrides: [
    // Only the process entries read the environment; tests set it.
    {
      files: [
        'hub/main.ts',
        'device-sim/main.ts',
        'device-sim/demo/demo.ts',
        'sdk/typescript/examples/**',
        'test/**',
      ],
      rules: { 'node/no-process-env': 'off' },
    },
    // A test is a long function on purpose, with its small helpers beside their use and expected values repeated.
    {
      files: ['test/**'],
      rules: {
        'max-lines-per-function': 'off',
        'unicorn/consistent-function-scoping': 'off',
        'unicorn/no-array-fill-with-reference-type': 'off',
      },
    },
    // Their tools, and Node-RED, want a default export.
    {
      files: ['dashboards/console/vite.config.ts', 'oxlint.config.ts', 'packaging/node-red/nodes/*.ts'],
      rules: { 'import/no-default-export': 'off' },
    },
    ...importRows,
  ],
};
