/** Faults for the rows of `hub/`, and what is legal in each. */

import { fault, legal, legalType, oneFile, typeFault, type Planted } from './planted-imports.ts';

export const kernel = [
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
  fault('hub/kernel/entry.ts', '../hub.ts', /kernel is a leaf/),
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
  ['cluster', ['audit', 'bus', 'presence', 'registry', 'commands', 'sessions', 'admin'], []],
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
  ['firmware', ['twins', 'telemetry', 'sessions', 'alarms'], ['audit', 'registry', 'commands']],
  ['home-assistant', ['twins', 'firmware', 'sessions', 'admin'], ['bus', 'presence', 'commands']],
  ['alarms', ['sessions', 'admin'], ['telemetry', 'twins', 'incidents', 'commands', 'presence']],
  ['sessions', ['admin', 'alarms'], ['telemetry', 'identity', 'commands', 'presence']],
  ['admin', [], ['sessions', 'incidents', 'kernel']],
];

/** Third parties and what does I/O. */
const strangers =
  'undici pino fastify ajv node-cron @peculiar/x509 node:sqlite node:net node:fs/promises'.split(' ');

export const features = neighbours.flatMap(([feature, forbidden, below]) => [
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

export const clock: Planted[] = [
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
  ['openid', ['openid-client'], 'undici'],
  ['postgres', ['pg'], 'node:sqlite'],
  ['sqlite', ['node:sqlite'], 'influx'],
  ['tls', ['@peculiar/x509'], 'fastify'],
  ['websocket', ['ws'], 'node:sqlite'],
];

export const adapters = [
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
  ...[
    ['cron', 'node-cron'],
    ['one-time-codes', 'otpauth'],
  ].flatMap(([name, client]) =>
    oneFile(
      `hub/adapters/${name}.ts`,
      ['./http/server.ts', '../bus/topics.ts', '../cli/table.ts', '../hub.ts', '../config/config.ts', 'ws'],
      [
        /'\.\/http.*does not use another/,
        /'\.\.\/bus.*take its types only/,
        /'\.\.\/cli.*neither configuration nor wiring/,
        /'\.\.\/hub.ts.*neither configuration nor wiring/,
        /'\.\.\/config.*neither configuration nor wiring/,
        new RegExp(`'ws'.*${client} alone`),
      ],
    ),
  ),
  fault('hub/adapters/peers/planted-0.ts', '../mqtt/mqtt.ts', /does not use another/),
  fault('hub/adapters/peers/planted-1.ts', '../../bus/topics.ts', /take its types only/),
  fault('hub/adapters/peers/planted-2.ts', '../../config/config.ts', /neither configuration nor wiring/),
  fault('hub/adapters/peers/planted-3.ts', '../../hub.ts', /neither configuration nor wiring/),
  fault('hub/adapters/peers/planted-4.ts', '../../cli/table.ts', /neither configuration nor wiring/),
  fault('hub/adapters/peers/planted-5.ts', 'undici', /third party of adapters/),
  fault('hub/adapters/tracing/planted-0.ts', '../mqtt/mqtt.ts', /does not use another/),
  fault('hub/adapters/tracing/planted-1.ts', '../../bus/topics.ts', /take its types only/),
  fault('hub/adapters/tracing/planted-2.ts', '../../config/config.ts', /neither configuration nor wiring/),
  fault('hub/adapters/tracing/planted-3.ts', '../../hub.ts', /neither configuration nor wiring/),
  fault('hub/adapters/tracing/planted-4.ts', '../../cli/table.ts', /neither configuration nor wiring/),
  fault('hub/adapters/tracing/planted-5.ts', 'undici', /third party of adapters/),
  fault('hub/adapters/device-types.ts', 'undici', /each client has one home/),
  fault('hub/adapters/device-types-entry.ts', '../hub.ts', /neither configuration nor wiring/),
  fault('hub/adapters/device-types-table.ts', '../cli/table.ts', /neither configuration nor wiring/),
  fault('hub/adapters/device-types-rules.ts', '../bus/topics.ts', /take its types only/),
  fault('hub/adapters/client-address.ts', '../config/config.ts', /neither configuration nor wiring/),
  fault('hub/adapters/tcp-listen.ts', './http/server.ts', /does not use another/),
  fault('hub/adapters/folder-watch.ts', 'node:sqlite', /each client has one home/),
];

const wiring = ['hub', 'offline', 'wiring/telemetry'].flatMap((name) => [
  fault(`hub/${name}.ts`, 'ws', /the wiring takes only what is ours/),
]);

const main = oneFile(
  'hub/main.ts',
  [
    './adapters/websocket/listener.ts',
    'undici',
    'node:sqlite',
    './registry/registry.ts',
    './adapters/cron.ts',
    './wiring/cron-times.ts',
  ],
  [
    /'\.\/adapters\/websocket\/listener.ts'.*no adapter/,
    /'\.\/adapters\/cron.ts'.*no adapter/,
    /'undici'.*no third party/,
    /'node:sqlite'/,
    /types of features/,
  ],
);

export const entries = [
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
  fault('hub/wiring/nested/command-line.ts', '../../cli/table.ts', /does not know the command line/),
  fault('hub/wiring/nested/third.ts', 'ws', /the wiring takes only what is ours/),
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
