import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fault, imports, legal, legalType, typeFault, type Planted } from '../../helpers/planted-imports.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const kernel = [
  ...['ws', 'mqtt', 'influx', 'undici', 'ajv', 'fastify', 'aedes', 'commander', 'node:sqlite'].map(
    (name, at) => fault(`hub/kernel/third-${at}.ts`, name, /no third party but pino/),
  ),
  fault('hub/kernel/upwards.ts', '../adapters/cron.ts', /kernel is a leaf/),
  typeFault('hub/kernel/type-of-feature.ts', '../telemetry/store.ts', /kernel is a leaf/),
  typeFault('hub/kernel/schemas.ts', '../../schemas/index.ts', /kernel is a leaf/),
  typeFault(
    'hub/kernel/api.ts',
    '../../schemas/api/audit.ts',
    /takes the error codes, field errors and time alone/,
  ),
  fault(
    'hub/kernel/enrolments.ts',
    '../../schemas/api/enrolments.ts',
    /takes the error codes, field errors and time alone/,
  ),
  fault('hub/kernel/nested/config.ts', '../../config/config.ts', /kernel is a leaf/),
  typeFault('hub/kernel/wiring.ts', '../wiring/context.ts', /kernel is a leaf/),
  legal('hub/kernel/legal.ts', 'pino', 'prom-client', 'node:fs', 'node:fs/promises', './errors.ts'),
  legal('hub/kernel/codes.ts', '../../schemas/api/error-codes.ts', '../../schemas/time/clock.ts'),
  fault(
    'hub/kernel/tally.ts',
    '../../schemas/command-tally.ts',
    /takes the error codes, field errors and time alone/,
  ),
  legal('hub/kernel/nested/legal.ts', '../errors.ts'),
];

/** The features from the bottom to the top, with one that stands beside or above each, and one below. */
const neighbours: [feature: string, forbidden: string[], below: string[]][] = [
  ['audit', ['bus', 'presence', 'admin'], []],
  ['bus', ['audit', 'registry', 'sessions'], []],
  ['presence', ['registry', 'commands', 'telemetry'], ['audit', 'bus']],
  ['registry', ['presence', 'operators', 'identity', 'incidents', 'sessions', 'admin'], ['audit', 'bus']],
  ['commands', ['operators', 'schedules', 'telemetry'], ['registry', 'bus']],
  ['operators', ['commands', 'identity'], ['registry', 'audit']],
  ['schedules', ['commands', 'notices'], ['registry']],
  ['telemetry', ['identity', 'incidents', 'sessions'], ['commands', 'presence']],
  ['identity', ['telemetry', 'notices', 'sessions'], ['registry', 'operators']],
  ['incidents', ['notices', 'sessions', 'admin'], ['presence', 'registry']],
  ['notices', ['incidents', 'sessions'], ['registry', 'schedules']],
  ['twins', ['telemetry', 'sessions'], ['audit', 'commands']],
  ['alarms', ['sessions', 'admin'], ['telemetry', 'twins', 'incidents', 'commands', 'presence']],
  ['sessions', ['admin', 'alarms'], ['telemetry', 'identity', 'commands', 'presence']],
  ['admin', [], ['sessions', 'incidents', 'kernel']],
];

/** Third parties and what does I/O. */
const strangers =
  'undici pino fastify ajv node-cron @peculiar/x509 node:sqlite node:net node:fs/promises'.split(' ');

const features = neighbours.flatMap(([feature, forbidden, below]) => [
  ...strangers.map((name, at) =>
    fault(`hub/${feature}/third-${at}.ts`, name, /no third party and does no I\/O/),
  ),
  typeFault(`hub/${feature}/third-type.ts`, 'mqtt', /no third party/),
  fault(`hub/${feature}/adapter.ts`, '../adapters/sqlite/sqlite.ts', /never takes an adapter/),
  typeFault(`hub/${feature}/adapter-type.ts`, '../adapters/cron.ts', /never takes an adapter/),
  fault(`hub/${feature}/nested/adapter.ts`, '../../adapters/cron.ts', /never takes an adapter/),
  fault(`hub/${feature}/entry.ts`, '../hub.ts', /neither configuration nor wiring/),
  typeFault(`hub/${feature}/wiring.ts`, '../wiring/context.ts', /neither configuration nor wiring/),
  typeFault(`hub/${feature}/config.ts`, '../config/config.ts', /neither configuration nor wiring/),
  ...forbidden.flatMap((other) => [
    fault(`hub/${feature}/value-of-${other}.ts`, `../${other}/part.ts`, /only what stands below it/),
    typeFault(`hub/${feature}/type-of-${other}.ts`, `../${other}/part.ts`, /only what stands below it/),
    fault(`hub/${feature}/nested/${other}.ts`, `../../${other}/part.ts`, /only what stands below it/),
  ]),
  legal(
    `hub/${feature}/legal.ts`,
    '../kernel/log.ts',
    '../../schemas/index.ts',
    './own.ts',
    'node:crypto',
    ...below.map((other) => `../${other}/part.ts`),
  ),
  legal(`hub/${feature}/nested/legal.ts`, '../../kernel/log.ts', '../../../schemas/index.ts', '../own.ts'),
]);

const clock: Planted[] = [
  ['timeout', 'setTimeout(() => undefined, 1)', 'eslint(no-restricted-globals)', /injected Clock/],
  ['interval', 'setInterval(() => undefined, 1)', 'eslint(no-restricted-globals)', /injected Clock/],
  ['performance', 'performance.now()', 'eslint(no-restricted-globals)', /injected Clock/],
  ['fetch', "fetch('http://localhost')", 'eslint(no-restricted-globals)', /I\/O/],
  ['process', 'process.pid', 'eslint(no-restricted-globals)', /as an argument/],
  ['now', 'Date.now()', 'eslint(no-restricted-properties)', /injected Clock/],
  ['random', 'Math.random()', 'eslint(no-restricted-properties)', /as an argument/],
].map(([name, expression, rule, message]) => ({
  file: `hub/telemetry/global-${String(name)}.ts`,
  code: `export const used = ${String(expression)};\n`,
  rule: String(rule),
  message: message instanceof RegExp ? message : /./,
}));

/** Each adapter's client, and one that is another adapter's. */
const clients: [adapter: string, own: string[], foreign: string][] = [
  ['broker', ['aedes'], 'mqtt'],
  ['http', ['fastify', '@fastify/static'], 'ws'],
  ['influx', ['influx', 'undici'], 'mqtt'],
  ['mqtt', ['mqtt'], 'aedes'],
  ['postgres', ['pg'], 'node:sqlite'],
  ['sqlite', ['node:sqlite'], 'influx'],
  ['tls', ['@peculiar/x509'], 'fastify'],
  ['websocket', ['ws'], 'node:sqlite'],
];

const adapters = [
  ...clients.flatMap(([name, own, foreign]) => {
    const other = name === 'websocket' ? 'mqtt' : 'websocket';
    const folder = `hub/adapters/${name}`;
    return [
      legal(
        `${folder}/legal.ts`,
        ...own,
        'node:net',
        'node:fs/promises',
        '../../kernel/errors.ts',
        '../../../schemas/index.ts',
        '../tcp-listen.ts',
        './own.ts',
      ),
      legalType(`${folder}/port.ts`, '../../registry/registry.ts'),
      legalType(`${folder}/other-type.ts`, `../${other}/part.ts`),
      fault(`${folder}/foreign.ts`, foreign, /third party of/),
      fault(`${folder}/nested/foreign.ts`, foreign, /third party of/),
      fault(`${folder}/rules.ts`, '../../bus/topics.ts', /take its types only/),
      fault(`${folder}/config.ts`, '../../config/config.ts', /neither configuration nor wiring/),
      fault(`${folder}/wiring.ts`, '../../wiring/parts.ts', /neither configuration nor wiring/),
      fault(`${folder}/entry.ts`, '../../hub.ts', /neither configuration nor wiring/),
      fault(`${folder}/command-line.ts`, '../../cli/table.ts', /neither configuration nor wiring/),
      fault(`${folder}/other.ts`, `../${other}/part.ts`, /does not use another/),
    ];
  }),
  legal('hub/adapters/cron.ts', 'node-cron', '../kernel/errors.ts', './tcp-listen.ts'),
  fault('hub/adapters/device-types.ts', 'undici', /each client has one home/),
  fault('hub/adapters/device-types-rules.ts', '../bus/topics.ts', /take its types only/),
  fault('hub/adapters/client-address.ts', '../config/config.ts', /neither configuration nor wiring/),
  fault('hub/adapters/tcp-listen.ts', './http/server.ts', /does not use another/),
  fault('hub/adapters/folder-watch.ts', 'node:sqlite', /each client has one home/),
];

const wiring = ['hub', 'offline', 'wiring/telemetry'].flatMap((name) => [
  fault(`hub/${name}.ts`, 'ws', /the wiring takes only what is ours/),
]);

/** There is one main.ts, so its faults lie in one file, beside what it may take. */
const mainImports = [
  './adapters/websocket/listener.ts',
  'undici',
  'node:sqlite',
  './registry/registry.ts',
  './adapters/cron.ts',
  './wiring/cron-times.ts',
];
const main = [
  /'\.\/adapters\/websocket\/listener.ts'.*no adapter/,
  /'\.\/adapters\/cron.ts'.*no adapter/,
  /'undici'.*no third party/,
  /'node:sqlite'/,
  /types of features/,
].map((message) => ({ ...legal('hub/main.ts', ...mainImports), rule: imports, message }));

const entries = [
  ...wiring,
  legal(
    'hub/wiring/legal.ts',
    '../adapters/websocket/listener.ts',
    '../registry/registry.ts',
    '../kernel/log.ts',
    '../config/config.ts',
    '../../schemas/index.ts',
    'node:path',
  ),
  fault('hub/wiring/command-line.ts', '../cli/table.ts', /does not know the command line/),
  fault('hub/wiring/process.ts', '../main.ts', /does not know the command line/),
  fault('hub/config/third.ts', 'ajv', /configuration takes no third party/),
  fault('hub/config/feature.ts', '../presence/presence.ts', /kernel and schemas only/),
  fault('hub/config/adapter.ts', '../adapters/cron.ts', /kernel and schemas only/),
  fault('hub/config/wiring.ts', '../wiring/parts.ts', /kernel and schemas only/),
  fault('hub/config/entry.ts', '../hub.ts', /kernel and schemas only/),
  legal('hub/config/legal.ts', '../kernel/errors.ts', '../../schemas/config.ts', 'node:fs', './names.ts'),
  ...main,
  fault('hub/cli/third.ts', 'undici', /no third party but commander/),
  fault('hub/cli/adapter.ts', '../adapters/cron.ts', /through its admin socket/),
  fault('hub/cli/commands/adapter.ts', '../../adapters/cron.ts', /through its admin socket/),
  fault('hub/cli/feature.ts', '../registry/registry.ts', /types of features only/),
  fault('hub/cli/commands/feature.ts', '../../commands/command.ts', /types of features only/),
  fault('hub/cli/entry.ts', '../hub.ts', /types only/),
  legal(
    'hub/cli/legal.ts',
    'commander',
    '../kernel/errors.ts',
    '../../schemas/limits.ts',
    './table.ts',
    './commands/start-command.ts',
    'node:http',
  ),
  legal('hub/cli/commands/legal.ts', '../table.ts', '../../kernel/errors.ts', './own.ts'),
  legalType('hub/cli/legal-type.ts', '../admin/admin-operations.ts'),
];

const outside = [
  fault('schemas/third.ts', 'ws', /no third party but ajv/),
  fault('schemas/hub.ts', '../hub/kernel/errors.ts', /nothing of ours/),
  fault('schemas/nested/simulator.ts', '../../device-sim/device/device.ts', /nothing of ours/),
  legal('schemas/legal.ts', 'ajv/dist/2020.js', 'ajv-formats', './field-error.ts', 'node:fs/promises'),
  fault('device-sim/third.ts', 'mqtt', /no third party but ws/),
  fault('device-sim/check/other-checks.ts', '@peculiar/x509', /no third party but ws/),
  fault('device-sim/hub.ts', '../hub/kernel/errors.ts', /never imports the hub/),
  typeFault('device-sim/nested/hub-type.ts', '../../hub/sessions/nack.ts', /never imports the hub/),
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

const sdk = [
  fault('sdk/typescript/src/core/third.ts', 'ws', /the core takes no third party/),
  fault('sdk/typescript/src/core/node.ts', 'node:fs', /does no I\/O/),
  fault('sdk/typescript/src/browser/node.ts', 'node:fs', /nothing of Node outside/),
  fault('sdk/typescript/src/node/third.ts', 'mqtt', /no third party but ws/),
  fault('sdk/typescript/src/device/hub.ts', '../../../../hub/kernel/errors.ts', /stands alone/),
  fault('sdk/typescript/src/core/sim.ts', '../../../../device-sim/device/random.ts', /stands alone/),
  ...['index.ts', 'protocol/frame-checks.ts', 'twin/twin-rules.ts'].map((name, at) =>
    fault(`sdk/typescript/src/core/schemas-${at}.ts`, `../../../../schemas/${name}`, /too much for a device/),
  ),
  legal(
    'sdk/typescript/src/core/legal.ts',
    '../../../../schemas/protocol/hub-frames.ts',
    '../../../../schemas/time/clock.ts',
    '../../../../schemas/twin/merge-patch.ts',
    '../../../../schemas/limits.ts',
    '../../../../schemas/cut-text.ts',
    './own.ts',
  ),
  legal('sdk/typescript/src/node/legal.ts', 'ws', 'node:fs', '../core/own.ts'),
];

const webConsole = [
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

const house: Planted[] = [
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

interface Diagnostic {
  code: string;
  filename: string;
  message: string;
  help?: string;
}

/** Each row of what may import what, and what else the house demands. */
const rows: Record<string, Planted[]> = {
  'the kernel': kernel,
  'a feature': features,
  'a feature that takes time, randomness or I/O by itself': clock,
  'an adapter': adapters,
  'wiring, configuration and command line': entries,
  "schemas, simulator and Grafana's generator": outside,
  'the SDK': sdk,
  'the web console': webConsole,
  'the rest of the house': house,
};
const all = Object.values(rows).flat();
const found = new Map<string, Diagnostic[]>();

before(() => {
  // Beside the real tree lies a copy of its rules with nothing but planted files under them.
  const folder = temporaryFolder('boundaries');
  const files = new Map(all.map(({ file, code }) => [file, code]));
  for (const { file, code } of all) {
    assert.equal(files.get(file), code, `two codes are planted as ${file}`);
    mkdirSync(join(folder.path, dirname(file)), { recursive: true });
    writeFileSync(join(folder.path, file), code);
  }
  for (const name of ['oxlint.config.ts', 'tsconfig.json', 'package.json']) {
    copyFileSync(join(root, name), join(folder.path, name));
  }
  symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  const linter = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const run = spawnSync(process.execPath, [linter, '--type-aware', '--format', 'json'], {
    cwd: folder.path,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  folder.remove();
  assert.equal(run.status, 1, run.stderr);
  const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: Diagnostic[] };
  for (const diagnostic of diagnostics) {
    const list = found.get(diagnostic.filename) ?? [];
    list.push(diagnostic);
    found.set(diagnostic.filename, list);
  }
});

function firstLine(code: string): string {
  return code.split('\n')[0] ?? '';
}

for (const [row, planted] of Object.entries(rows)) {
  test(`every fault planted for ${row} is reported by its rule`, () => {
    for (const { file, code, rule, message = /./ } of planted.filter((each) => each.rule !== undefined)) {
      const said = found.get(file) ?? [];
      const hit = said.some(
        ({ code: by, message: text, help }) => by === rule && message.test(`${text} ${help ?? ''}`),
      );
      assert.ok(hit, `${file} "${firstLine(code)}": not ${rule} ${message} but ${JSON.stringify(said)}`);
    }
  });

  test(`what is legal for ${row} is not reported`, () => {
    for (const { file } of planted.filter((each) => each.rule === undefined)) {
      // The planted names exist nowhere, which the import rules alone do not mind.
      const said = (found.get(file) ?? []).filter((diagnostic) => diagnostic.code === imports);
      assert.deepEqual(said, [], file);
    }
  });
}

test('main.ts may take the wiring', () => {
  assert.doesNotMatch(JSON.stringify(found.get('hub/main.ts')), /'\.\/wiring\/cron-times\.ts'/);
});
