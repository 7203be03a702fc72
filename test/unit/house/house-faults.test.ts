import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultLine } from '../../house/fault.ts';
import { houseFaults, type House } from '../../house/house-faults.ts';
import { parseSource, type ParsedSource } from '../../house/parsed-source.ts';

/** The faults of a house with nothing in it but these files. */
function faultsOf(files: Record<string, string>, overrides: House['linter']['overrides'] = []): string[] {
  const all = Object.entries(files).map(([path, text]) => ({ path, text }));
  const documents = all.filter(({ path }) => path.endsWith('.md'));
  const parsed = (chosen: RegExp): ParsedSource[] =>
    all.filter(({ path }) => chosen.test(path)).map(({ path, text }) => parseSource(path, text));
  const linter = { path: 'oxlint.config.ts', overrides };
  return houseFaults({
    paths: Object.keys(files),
    sources: parsed(/^hub\/.*\.ts$/),
    pages: parsed(/^dashboards\/.*\.tsx?$/),
    documents,
    linter,
  }).map(faultLine);
}

function emptyFiles(folder: string, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${folder}/file-${at}.ts`, '']));
}

function lines(count: number): string {
  return '// a line\n'.repeat(count);
}

function functionOf(count: number): string {
  return `export function long(): void {\n${lines(count - 2)}}\n`;
}

interface Row {
  rule: string;
  files: Record<string, string>;
  overrides?: House['linter']['overrides'];
  faults: RegExp[];
}

const rows: Row[] = [
  {
    rule: 'two files of one name in hub/',
    files: { 'hub/audit/ledger.ts': '', 'hub/telemetry/ledger.ts': '' },
    faults: [/^hub\/telemetry\/ledger\.ts:1 has the file name of hub\/audit\/ledger\.ts: name one of them/],
  },
  {
    rule: 'a folder of more than thirty files',
    files: { ...emptyFiles('hub/telemetry', 31), ...emptyFiles('test/unit/sim', 31) },
    faults: [/^hub\/telemetry:1 holds 31 files, 30 are allowed/, /^test\/unit\/sim:1 holds 31 files/],
  },
  {
    rule: 'a table that no terminal shows',
    files: { 'hub/README.md': `# A page\n\n| ${'wide '.repeat(80)}|\n| ${'wide '.repeat(80)}|\n` },
    faults: [/^hub\/README\.md:3 begins a table of 403 characters, 400 are allowed: make a list of it/],
  },
  {
    rule: 'a text of the console outside its catalogue',
    files: {
      'dashboards/console/src/fleet/page.tsx': `import { texts } from '../texts/texts.ts';
export function Page({ on, to }: { on: boolean; to: string }) {
  if (to === 'All devices') throw new Error('no such page');
  const words = { title: 'Not here' };
  return (
    <section class="card wide" title="Devices">
      Devices
      <input aria-label={\`Choose \${to}\`} placeholder={on ? 'device id' : texts.fleet.search} />
      <p class={\`badge tone-\${on ? 'bad' : 'none'}\`}>{on && 'gone'}</p>
      <code>device remove</code> {texts.fleet.all} · {\`\${to} \${on ? 'ahead' : 'behind'}\`} {words.title}
    </section>
  );
}
`,
      'dashboards/console/src/texts/en/fleet.ts': "export const fleet = { all: 'All devices' };\n",
    },
    faults: [
      /^dashboards\/console\/src\/fleet\/page\.tsx:4 shows "Not here": put the text into src\/texts/,
      /:6 shows "Devices"/,
      /:6 shows "Devices"/,
      /:8 shows "Choose \{\}"/,
      /:8 shows "device id"/,
      /:9 shows "gone"/,
      /:10 shows "ahead"/,
      /:10 shows "behind"/,
    ],
  },
  {
    rule: 'a hub.ts that is too long',
    files: { 'hub/hub.ts': lines(251) },
    faults: [/^hub\/hub\.ts:251 has 251 lines, 250 are allowed: move what joins one feature/],
  },
  {
    rule: 'a file of the wiring that is too long',
    files: { 'hub/wiring/audit-wiring.ts': lines(121) },
    faults: [/^hub\/wiring\/audit-wiring\.ts:121 has 121 lines, 120 are allowed/],
  },
  {
    rule: 'a function of hub.ts that is too long',
    files: { 'hub/hub.ts': `\n${functionOf(81)}` },
    faults: [/^hub\/hub\.ts:2 begins a function of 81 lines, 80 are allowed/],
  },
  {
    rule: 'a limit that a comment switches off',
    files: { 'hub/hub.ts': '\n// oxlint-disable-next-line max-lines-per-function\nexport const a = 1;\n' },
    faults: [/^hub\/hub\.ts:2 silences the linter \(oxlint-disable-next-line max-lines-per-function\)/],
  },
  {
    rule: "a limit that the linter's configuration switches off",
    files: { 'hub/hub.ts': '', 'hub/wiring/bus-wiring.ts': '' },
    overrides: [
      { files: ['test/**'], rules: { 'max-lines-per-function': 'off' } },
      { files: ['hub/wiring/**'], rules: { 'max-lines': 'off', 'no-console': 'off' } },
      { files: ['hub/*.ts'], rules: { 'max-lines-per-function': ['off'] } },
    ],
    faults: [
      /^oxlint\.config\.ts:1 switches max-lines off for hub\/wiring\/bus-wiring\.ts: shorten/,
      /^oxlint\.config\.ts:1 switches max-lines-per-function off for hub\/hub\.ts/,
    ],
  },
  {
    rule: 'a let that is assigned later',
    files: {
      'hub/hub.ts':
        'let bus;\nbus = open();\nlet count = 0;\ncount += 1;\nlet a, b;\n({ a, c: [b] } = open());\n',
    },
    faults: [
      /^hub\/hub\.ts:2 assigns bus later: make it once/,
      /^hub\/hub\.ts:4 assigns count later/,
      /^hub\/hub\.ts:6 assigns a later/,
      /^hub\/hub\.ts:6 assigns b later/,
    ],
  },
  {
    rule: 'a value that is used before it is made',
    files: {
      'hub/wiring/bus-wiring.ts':
        'export function start(): void {\n  listen(() => bus);\n  const bus = open();\n' +
        '  const admin = serve({ of: () => admin });\n}\n',
    },
    faults: [
      /^hub\/wiring\/bus-wiring\.ts:2 uses bus, which is made in line 3: make it first/,
      /^hub\/wiring\/bus-wiring\.ts:4 uses admin, which is made in line 4/,
    ],
  },
  {
    rule: 'a property of a part that is set after its construction',
    files: {
      'hub/hub.ts':
        'const part = make();\npart.hook = open;\npart.count++;\nObject.assign(part, { hook: open });\n',
    },
    faults: [
      /^hub\/hub\.ts:2 sets part\.hook after its part was made: hand it over/,
      /^hub\/hub\.ts:3 sets part\.count/,
      /^hub\/hub\.ts:4 changes a part by Object\.assign/,
    ],
  },
  {
    rule: 'a circle between files, types counted',
    files: {
      'hub/bus/a.ts': "import type { B } from './b.ts';\nexport type A = B;\n",
      'hub/bus/b.ts': "\nexport type B = import('./c.ts').C;\n",
      'hub/bus/c.ts': "export type { A as C } from './a.ts';\n",
    },
    faults: [
      /^hub\/bus\/a\.ts:1 is in a circle of files, hub\/bus\/a\.ts → hub\/bus\/b\.ts → hub\/bus\/c\.ts → hub\/bus\/a\.ts: move/,
    ],
  },
  {
    rule: 'a circle between folders whose files make none',
    files: {
      'hub/audit/a.ts': "\nimport { b } from '../bus/b.ts';\nexport const a = b;\n",
      'hub/audit/leaf.ts': '',
      'hub/bus/b.ts': "export const b = import('../audit/leaf.ts');\n",
    },
    faults: [/^hub\/audit\/a\.ts:2 is in a circle of folders, hub\/audit → hub\/bus → hub\/audit: move/],
  },
];

for (const { rule, files, overrides, faults } of rows) {
  test(`${rule} is named with its place and the way out`, () => {
    const found = faultsOf(files, overrides);
    assert.equal(found.length, faults.length, found.join('\n'));
    for (const [at, fault] of faults.entries()) assert.match(found[at] ?? '', fault);
  });
}

test('what the rules allow is not reported', () => {
  const legal = [
    "import type { Hub } from '../kernel/parts.ts';",
    'export function start(hub: Hub): unknown {',
    '  const { bus: opened, ...rest } = open(hub);',
    '  const typed: { later?: typeof rest } = {};',
    '  for (const part of [opened]) part.expose(later, { later: part, opened });',
    '  return hub.later((bus) => { const later = bus.later; return [later, typed as typeof rest, Object.assign({}, bus)]; });',
    '}',
    'function later(): void {}',
  ].join('\n');
  const files = {
    'hub/kernel/parts.ts':
      'let count = 0;\ncount += 1;\nexport type Hub = { count: typeof count };\n' + lines(300),
    'hub/wiring/bus-wiring.ts': legal,
    'hub/hub.ts': lines(80) + functionOf(80) + lines(90),
    'device-sim/hub.ts': '',
    ...emptyFiles('hub/telemetry/nested', 30),
    ...emptyFiles('schemas/examples/invalid/device-type', 40),
    ...emptyFiles('packaging', 40),
  };
  assert.deepEqual(
    faultsOf(files, [{ files: ['hub/**'], rules: { 'max-lines': ['error', { max: 250 }] } }]),
    [],
  );
});

test('a file that does not parse is named', () => {
  assert.throws(() => parseSource('hub/broken.ts', 'const = 1;'), /^Error: hub\/broken\.ts: /);
});
