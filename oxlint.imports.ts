/**
 * Who may import whom: the tables below, from which the rows of the linter's rule are made.
 * `test/unit/house/boundaries.test.ts` plants a fault in each row.
 */

/** Features of the hub, from the bottom to the top: each imports only from ranks below its own. */
const ranks = [
  ['kernel'],
  ['audit', 'bus', 'cluster'],
  ['presence', 'registry'],
  ['commands', 'operators', 'schedules'],
  ['telemetry', 'identity', 'incidents', 'notices', 'twins', 'firmware', 'home-assistant'],
  ['sessions', 'alarms'],
  ['admin'],
];

/** The third parties of each folder of adapters; a folder that is not named here takes none. */
const clients: Record<string, string[]> = {
  'adapters/broker/**': ['aedes'],
  'adapters/cron.ts': ['node-cron'],
  'adapters/http/**': ['fastify', '@fastify/*'],
  'adapters/influx/**': ['influx', 'undici'],
  'adapters/mqtt/**': ['mqtt'],
  'adapters/one-time-codes.ts': ['otpauth'],
  'adapters/openid/**': ['openid-client'],
  'adapters/peers/**': ['ws'],
  'adapters/postgres/**': ['pg'],
  'adapters/sqlite/**': ['node:sqlite'],
  'adapters/tracing/**': ['@opentelemetry/*'],
  'adapters/tls/**': ['@peculiar/x509', 'reflect-metadata'],
  'adapters/websocket/**': ['ws'],
};

const features = ranks.flat().filter((name) => name !== 'kernel');
const adapterFolders = [
  'broker',
  'http',
  'influx',
  'mqtt',
  'openid',
  'peers',
  'postgres',
  'sqlite',
  'tls',
  'tracing',
  'websocket',
];

interface Pattern {
  regex?: string;
  group?: string[];
  allowTypeImports?: boolean;
  message: string;
}

/** Imports of a folder of `hub/`, from however deep. */
function from(...folders: string[]): string {
  return `^(\\.\\./)+(hub/)?(${folders.join('|')})/`;
}

const entries = '^(\\.\\.?/)+(hub/)?(hub|main|offline)\\.ts$';
const configuration = '^(\\.\\.?/)+(hub/)?config/';

/**
 * Third parties: none but those given. All groups of a file are judged as one list, in which the last match
 * decides, hence one group. `node:sqlite` is named apart: it is a client, not a part of the language.
 */
function thirdParties(allowed: string[], message: string, node = ['!node:*', '!node:*/**']): Pattern {
  const closed = allowed.includes('node:sqlite') ? [] : ['node:sqlite'];
  const open = allowed.filter((name) => name !== 'node:sqlite').map((name) => `!${name}`);
  return { group: ['**', '!./**', '!../**', ...node, ...open, ...closed], message };
}

const notTheHub: Pattern = {
  regex: from('hub', 'dashboards', 'test'),
  message: 'the simulator never imports the hub',
};

/** The SDK is a package of its own; of the contracts it takes what it can bring along: the protocol, and no validator. */
const ofTheSdk: Pattern[] = [
  {
    regex: '^(\\.\\./){3,}(hub|device-sim|dashboards|packaging|test)/',
    message: 'the SDK stands alone: of ours it takes the protocol',
  },
  {
    // Everything but api/roles, cbor/ (not what needs a device type), cut-text, firmware/, limits, protocol/, time/ and twin/merge-patch; there
    // is no look-ahead here.
    regex:
      '^(\\.\\./)+schemas/([^cfltp]|f[^i]|fie|c[^bu]|cbor/[et]|l[^i]|p[^r]|pr[^o]|t[^iw]|twin/[^m]|protocol/frame-checks)',
    message: 'of the schemas the SDK takes frames, limits and time: a validator is too much for a device',
  },
];

function imports(files: string[], patterns: Pattern[], rules: Record<string, unknown> = {}) {
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }], ...rules } };
}

/** Time, randomness, environment and sockets come in as arguments. */
const pure = {
  'no-restricted-globals': [
    'error',
    { name: 'setTimeout', message: 'take time from the injected Clock' },
    { name: 'setInterval', message: 'take time from the injected Clock' },
    { name: 'performance', message: 'take time from the injected Clock' },
    { name: 'fetch', message: "I/O is an adapter's part" },
    { name: 'process', message: 'environment comes in as an argument' },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'take time from the injected Clock' },
    { object: 'Math', property: 'random', message: 'randomness comes in as an argument' },
  ],
};

const leaf = imports(
  ['hub/kernel/**'],
  [
    {
      regex: from(...features, 'adapters', 'cli', 'wiring', 'device-sim', 'dashboards', 'test'),
      message: 'the kernel is a leaf: it takes nothing of ours',
    },
    {
      // Everything but api/error-codes, field-error and time/, which import next to nothing; there is no look-ahead here.
      regex: '^(\\.\\./)+schemas/([^aft]|a[^p]|api/([^e]|e[^r])|f[^i]|t[^i])',
      message: 'the kernel is a leaf: of the schemas it takes the error codes, field errors and time alone',
    },
    { regex: entries, message: 'the kernel is a leaf: it takes nothing of ours' },
    { regex: configuration, message: 'the kernel is a leaf: it takes nothing of ours' },
    thirdParties(['pino', 'prom-client'], 'the kernel takes no third party but pino and prom-client'),
  ],
);

/** Features hold the rules and do no I/O. */
const featureRows = ranks.slice(1).flatMap((rank, at) =>
  rank.map((feature) => {
    const others = ranks
      .slice(at + 1)
      .flat()
      .filter((name) => name !== feature);
    return imports(
      [`hub/${feature}/**`],
      [
        {
          regex: from('adapters', 'cli'),
          message: 'a feature never takes an adapter: it declares the interface it needs',
        },
        { regex: from('wiring'), message: 'a feature knows neither configuration nor wiring' },
        { regex: entries, message: 'a feature knows neither configuration nor wiring' },
        { regex: configuration, message: 'a feature knows neither configuration nor wiring' },
        ...(others.length === 0
          ? []
          : [
              {
                regex: from(...others),
                message: `${feature} takes only what stands below it: ${ranks
                  .slice(0, at + 1)
                  .flat()
                  .join(', ')}`,
              },
            ]),
        thirdParties([], "a feature takes no third party and does no I/O: that is an adapter's part", [
          '!node:{buffer,crypto,events,util}',
        ]),
      ],
      pure,
    );
  }),
);

function adapterRow(files: string, own: string | undefined, third: string[]) {
  const others = adapterFolders.filter((name) => name !== own);
  const allowed =
    third.length === 0
      ? 'an adapter without a row of its own here takes no third party: each client has one home'
      : `the third party of ${files} is ${third.join(' and ')} alone`;
  return imports(
    [`hub/${files}`],
    [
      {
        regex: `^(\\.\\.?/)+(${others.join('|')})/`,
        allowTypeImports: true,
        message: 'one adapter does not use another; the wiring joins them',
      },
      {
        regex: from(...features),
        allowTypeImports: true,
        message: "an adapter implements a feature's port; take its types only",
      },
      { regex: from('cli', 'wiring'), message: 'adapters know neither configuration nor wiring' },
      { regex: entries, message: 'adapters know neither configuration nor wiring' },
      { regex: configuration, message: 'adapters know neither configuration nor wiring' },
      thirdParties(third, allowed),
    ],
  );
}

const adapterRows = [
  adapterRow('adapters/**', undefined, []),
  ...Object.entries(clients).map(([files, third]) =>
    adapterRow(files, /^adapters\/(\w+)\//.exec(files)?.[1], third),
  ),
];

const wiring = imports(
  ['hub/{hub,offline}.ts', 'hub/wiring/**'],
  [
    {
      regex: '^(\\.\\.?/)+(cli/|main\\.ts$)',
      message: 'the wiring does not know the command line',
    },
    thirdParties([], 'the wiring takes only what is ours; a third party has its adapter'),
  ],
  {
    // Read from top to bottom: no value is used before it is made, none is assigned later.
    'no-use-before-define': ['error', { functions: false, classes: false, variables: true }],
    'prefer-const': 'error',
    'max-lines': ['error', { max: 250 }],
  },
);

const config = imports(
  ['hub/config/**'],
  [
    {
      regex: from(...features, 'adapters', 'cli', 'wiring'),
      message: 'configuration takes kernel and schemas only',
    },
    { regex: entries, message: 'configuration takes kernel and schemas only' },
    thirdParties([], 'configuration takes no third party; schemas validate it'),
  ],
);

/** The command line reaches a running hub through its admin socket. */
const commandLine = imports(
  ['hub/cli/**'],
  [
    {
      regex: from('adapters', 'wiring'),
      message: 'the command line talks to the hub through its admin socket, not through adapters',
    },
    {
      // `../commands/` of a helper is a feature, `./commands/` is its own folder.
      regex: from(...features),
      allowTypeImports: true,
      message: 'the command line takes types of features only',
    },
    {
      regex: entries,
      allowTypeImports: true,
      message: 'main.ts hands the wiring in; take its types only',
    },
    thirdParties(['commander'], 'the command line takes no third party but commander'),
  ],
);

/** The process: hands wiring and system to the command line. The one file that exits. */
const main = imports(
  ['hub/main.ts'],
  [
    {
      regex: `^\\./(${features.join('|')})/`,
      allowTypeImports: true,
      message: 'main.ts takes types of features only',
    },
    {
      group: ['**', '!./**', '!../**', '!node:*', '!node:*/**', '!commander', 'node:sqlite', './adapters/**'],
      message: 'main.ts takes no third party but commander, and no adapter',
    },
  ],
  { 'unicorn/no-process-exit': 'off' },
);

const outside = [
  // Schemas stand alone: hub and simulator both rest on them.
  imports(
    ['schemas/**'],
    [
      {
        regex: from('hub', 'device-sim', 'dashboards', 'test'),
        message: 'schemas take nothing of ours outside themselves',
      },
      thirdParties(
        ['ajv', 'ajv/**', 'ajv-formats', 'typebox', 'typebox/**'],
        'schemas take no third party but ajv, ajv-formats and typebox',
      ),
    ],
  ),
  // Grafana's files are made from the device types, by pure functions.
  imports(
    ['dashboards/grafana/**'],
    [
      { regex: from('hub', 'device-sim', 'test'), message: "Grafana's generator takes schemas only" },
      thirdParties([], "Grafana's generator takes no third party and does no I/O", []),
    ],
  ),
  // The simulator meets the hub on the wire only, as a device of anybody's would.
  imports(
    ['device-sim/**'],
    [
      notTheHub,
      thirdParties(
        ['commander', 'csv-parse', 'csv-parse/**', 'ws'],
        'the simulator takes no third party but ws, commander and csv-parse',
      ),
    ],
  ),
  // The SDK runs in browsers too; what needs Node is in one folder.
  imports(
    ['sdk/typescript/src/**'],
    [...ofTheSdk, thirdParties([], 'the SDK takes no third party and nothing of Node outside src/node', [])],
  ),
  imports(
    ['sdk/typescript/src/node/**'],
    [...ofTheSdk, thirdParties(['ws'], 'the SDK takes no third party but ws')],
  ),
  imports(
    ['sdk/typescript/src/core/**'],
    [...ofTheSdk, thirdParties([], 'the core takes no third party and does no I/O', [])],
    pure,
  ),
  imports(
    ['device-sim/check/check-certificates.ts'],
    [
      notTheHub,
      thirdParties(['@peculiar/x509', 'reflect-metadata'], 'certificates take no third party but x509'),
    ],
  ),
];

/** The console runs in a browser and knows the hub by its API alone. */
const webConsole = imports(
  ['dashboards/console/src/**'],
  [
    {
      regex: from('hub'),
      message: 'the console knows the hub by its API alone, which is declared in schemas/api',
    },
    {
      // Everything but api/, command-status, command-tally, device-type-definition, field-error, iso-time, json-pointer and
      // unit-symbol; there is no look-ahead here.
      regex:
        '^(\\.\\./)+schemas/([^acdfijtu]|a[^p]|c[^o]|co[^m]|d[^e]|de[^v]|device-[^t]|device-type[^-]|device-type-[^d]|f[^i]|i[^s]|j[^s]|t[^w]|u[^n])',
      allowTypeImports: true,
      message: 'of the schemas the console takes types, and what judges and words a command as the hub does',
    },
    {
      regex: from('device-sim', 'test'),
      message: 'the console takes nothing of the simulator or the tests',
    },
    {
      // Everything but sdk/typescript/src/browser.
      regex: '^(\\.\\./)+sdk/typescript/src/([^b]|b[^r])',
      message: 'of the SDK the console takes what is for browsers',
    },
    thirdParties(
      [
        'preact',
        'preact/hooks',
        '@preact/signals',
        'uplot',
        'uplot/**',
        '@cfworker/json-schema',
        '@noble/hashes/**',
        'papaparse',
        'uqr',
      ],
      "the console's third parties are preact, signals, uplot, json-schema, hashes, papaparse and uqr alone",
      [],
    ),
  ],
  {
    // A component's markup is long because pages are; its logic is in files of its own.
    'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }],
    // Style sheets are imported for what they do.
    'import/no-unassigned-import': ['error', { allow: ['**/*.css'] }],
  },
);

/** Each takes the place of those before it, for the files of both. */
export const importRows = [
  leaf,
  ...featureRows,
  ...adapterRows,
  wiring,
  config,
  commandLine,
  main,
  ...outside,
  webConsole,
];
