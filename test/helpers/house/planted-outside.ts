/** Faults for the rows outside `hub/`, and for what the house demands everywhere; and what is legal. */

import { fault, legal, legalType, oneFile, typeFault, type Planted } from './planted-imports.ts';

export const outside = [
  fault('schemas/third.ts', 'ws', /no third party but ajv/),
  fault('schemas/hub.ts', '../hub/kernel/errors.ts', /nothing of ours/),
  fault('schemas/nested/simulator.ts', '../../device-sim/device/device.ts', /nothing of ours/),
  legal('schemas/legal.ts', 'ajv/dist/2020.js', 'ajv-formats', './field-error.ts', 'node:fs/promises'),
  fault('device-sim/third.ts', 'mqtt', /no third party but ws/),
  fault('device-sim/check/other-checks.ts', '@peculiar/x509', /no third party but ws/),
  fault('device-sim/hub.ts', '../hub/kernel/errors.ts', /never imports the hub/),
  typeFault('device-sim/nested/hub-type.ts', '../../hub/sessions/nack.ts', /never imports the hub/),
  ...oneFile(
    'device-sim/check/check-certificates.ts',
    ['../../hub/kernel/errors.ts', 'ws'],
    [/'\.\.\/\.\.\/hub.*never imports the hub/, /'ws'.*no third party but x509/],
  ),
  legal(
    'device-sim/legal.ts',
    'ws',
    'commander',
    'csv-parse',
    'csv-parse/sync',
    '../schemas/index.ts',
    './clock.ts',
  ),
  ...['node:fs', 'yaml'].map((name, at) =>
    fault(`dashboards/grafana/generate/third-${at}.ts`, name, /no third party and does no I\/O/),
  ),
  fault('dashboards/grafana/generate/hub.ts', '../../../hub/presence/presence.ts', /takes schemas only/),
  legal('dashboards/grafana/generate/legal.ts', '../../../schemas/index.ts', './board.ts'),
  legal('hub/cli/grafana-legal.ts', '../../dashboards/grafana/generate/files.ts'),
  legal('test/unit/legal.ts', '../../hub/adapters/cron.ts', 'mqtt', 'fast-check'),
];

export const sdk = [
  fault('sdk/typescript/src/core/third.ts', 'ws', /the core takes no third party/),
  fault('sdk/typescript/src/core/node.ts', 'node:fs', /does no I\/O/),
  fault('sdk/typescript/src/browser/node.ts', 'node:fs', /nothing of Node outside/),
  fault('sdk/typescript/src/node/third.ts', 'mqtt', /no third party but ws/),
  fault('sdk/typescript/src/node/hub.ts', '../../../../hub/kernel/errors.ts', /stands alone/),
  fault('sdk/typescript/src/node/schemas.ts', '../../../../schemas/index.ts', /too much for a device/),
  fault('sdk/typescript/src/device/schemas.ts', '../../../../schemas/index.ts', /too much for a device/),
  fault('sdk/typescript/src/device/hub.ts', '../../../../hub/kernel/errors.ts', /stands alone/),
  fault('sdk/typescript/src/core/sim.ts', '../../../../device-sim/device/random.ts', /stands alone/),
  ...['index.ts', 'protocol/frame-checks.ts', 'twin/twin-rules.ts', 'cbor/type-layout.ts'].map((name, at) =>
    fault(`sdk/typescript/src/core/schemas-${at}.ts`, `../../../../schemas/${name}`, /too much for a device/),
  ),
  legal(
    'sdk/typescript/src/core/legal.ts',
    '../../../../schemas/protocol/hub-frames.ts',
    '../../../../schemas/time/clock.ts',
    '../../../../schemas/twin/merge-patch.ts',
    '../../../../schemas/cbor/cbor-reader.ts',
    '../../../../schemas/limits.ts',
    '../../../../schemas/cut-text.ts',
    './own.ts',
  ),
  legal('sdk/typescript/src/node/legal.ts', 'ws', 'node:fs', '../core/own.ts'),
];

export const webConsole = [
  fault('dashboards/console/src/third.ts', 'fastify', /third parties are preact/),
  fault('dashboards/console/src/node.ts', 'node:fs', /third parties are preact/),
  fault('dashboards/console/src/hub.ts', '../../../hub/presence/presence.ts', /by its API alone/),
  typeFault('dashboards/console/src/hub-type.ts', '../../../hub/presence/presence.ts', /by its API alone/),
  typeFault('dashboards/console/src/sim-type.ts', '../../../device-sim/clock.ts', /nothing of the simulator/),
  fault(
    'dashboards/console/src/nested/schemas.ts',
    '../../../../schemas/index.ts',
    /the console takes types/,
  ),
  fault(
    'dashboards/console/src/types.ts',
    '../../../schemas/device-type-catalog.ts',
    /the console takes types/,
  ),
  fault('dashboards/console/src/config.ts', '../../../schemas/config.ts', /the console takes types/),
  fault('dashboards/console/src/frames.ts', '../../../schemas/limits.ts', /the console takes types/),
  fault(
    'dashboards/console/src/simulator.ts',
    '../../../device-sim/device/device.ts',
    /nothing of the simulator/,
  ),
  fault('dashboards/console/src/sdk.ts', '../../../sdk/typescript/src/node.ts', /takes what is for browsers/),
  legal('dashboards/console/src/legal-sdk.ts', '../../../sdk/typescript/src/browser.ts'),
  legal('dashboards/console/src/legal.ts', 'preact', 'preact/hooks', '@preact/signals', 'uplot', './own.ts'),
  legal(
    'dashboards/console/src/legal-schemas.ts',
    '../../../schemas/command-status.ts',
    '../../../schemas/command-tally.ts',
    '../../../schemas/device-type-definition.ts',
    '../../../schemas/field-error.ts',
    '../../../schemas/json-pointer.ts',
  ),
  legalType('dashboards/console/src/legal-type.ts', '../../../schemas/config.ts'),
];

export const house: Planted[] = [
  { file: 'hub/kernel/default.ts', code: 'export default 1;\n', rule: 'import(no-default-export)' },
  { file: 'hub/kernel/loud.ts', code: "console.log('x');\n", rule: 'eslint(no-console)' },
  {
    file: 'hub/kernel/env.ts',
    code: "export const used = process.env['X'];\n",
    rule: 'node(no-process-env)',
  },
  { file: 'hub/kernel/exit.ts', code: 'process.exit(1);\n', rule: 'unicorn(no-process-exit)' },
  {
    file: 'hub/kernel/untyped.ts',
    code: 'export const used: any = 1;\n',
    rule: 'typescript(no-explicit-any)',
  },
  { file: 'hub/kernel/long-file.ts', code: 'export {};\n'.repeat(401), rule: 'eslint(max-lines)' },
  {
    file: 'hub/kernel/long-function.ts',
    code: `export function long(a: number): number {\n${'  a += 1;\n'.repeat(80)}  return a;\n}\n`,
    rule: 'eslint(max-lines-per-function)',
  },
  {
    file: 'hub/kernel/floating.ts',
    code: 'export async function work(): Promise<void> {}\n\nexport function start(): void {\n  work();\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: 'hub/kernel/switch.ts',
    code: "export function f(kind: 'a' | 'b'): void {\n  switch (kind) {\n    case 'a':\n      break;\n  }\n}\n",
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    file: 'hub/kernel/circle-a.ts',
    code: "export { b } from './circle-b.ts';\nexport const a = 1;\n",
    rule: 'import(no-cycle)',
  },
  {
    file: 'hub/kernel/circle-b.ts',
    code: "export { a } from './circle-a.ts';\nexport const b = 1;\n",
    rule: 'import(no-cycle)',
  },
];
