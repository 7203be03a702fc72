import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, matchesGlob } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import linterConfig from '../../../oxlint.config.ts';
import { adapters, clock, entries, features, kernel } from '../../helpers/house/planted-hub.ts';
import { imports, type Planted } from '../../helpers/house/planted-imports.ts';
import { house, outside, sdk, webConsole } from '../../helpers/house/planted-outside.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

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
  for (const name of ['oxlint.config.ts', 'oxlint.imports.ts', 'tsconfig.json', 'package.json']) {
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

interface ImportRow {
  files: string[];
  patterns: { regex?: string; message: string }[];
}

const importRows = (linterConfig.overrides as { files: string[]; rules: Record<string, unknown> }[]).flatMap(
  ({ files, rules: { 'no-restricted-imports': rule } }): ImportRow[] =>
    Array.isArray(rule) ? [{ files, patterns: (rule as [string, ImportRow])[1].patterns }] : [],
);

/** The row that judges a file is the last one that names it. */
function rowOf(file: string): ImportRow | undefined {
  return importRows.findLast(({ files }) => files.some((glob) => matchesGlob(file, glob)));
}

test('each ban of each row is met by a planted fault', () => {
  const reports = all
    .filter(({ rule }) => rule === imports)
    .flatMap(({ file }) => (found.get(file) ?? []).map((diagnostic) => ({ row: rowOf(file), ...diagnostic })))
    .map(({ row, message, help }) => ({
      row,
      ban: `${message} ${help ?? ''}`,
      from: /^'([^']+)' import/.exec(message)?.[1] ?? '',
    }));
  const unmet = importRows.flatMap((row) =>
    row.patterns
      .filter(({ regex = '', message }) => {
        const banned = new RegExp(regex);
        return !reports.some(
          (report) => report.row === row && report.ban.includes(message) && banned.test(report.from),
        );
      })
      .map(({ message }) => `${row.files.join(' ')}: ${message}`),
  );
  assert.deepEqual(unmet, []);
});

test('each folder of the hub has a row', () => {
  const folders = readdirSync(join(root, 'hub'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const without = folders.filter(({ name }) => rowOf(`hub/${name}/part.ts`) === undefined);
  assert.deepEqual(
    without.map(({ name }) => name),
    [],
  );
});

test('main.ts may take the wiring', () => {
  assert.doesNotMatch(JSON.stringify(found.get('hub/main.ts')), /'\.\/wiring\/cron-times\.ts'/);
});
