import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../../hub/adapters/sqlite/sqlite.ts';
import { stateMigrations } from '../../../hub/adapters/sqlite/state-database.ts';
import type { BackupManifest } from '../../../schemas/backup/backup-manifest.ts';
import { dataFolder, runCommand } from '../../helpers/cli.ts';
import { addFirmware } from '../../helpers/firmware/add-firmware.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';

const mainFile = fileURLToPath(new URL('../../../hub/main.ts', import.meta.url));

const mode = (path: string): number => statSync(path).mode & 0o777;

test('a backup of a running hub has its databases and certificates, and nothing of the process; only the owner reads it', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  mkdirSync(join(hub.dataDir, 'tls'), { mode: 0o700 });
  writeFileSync(join(hub.dataDir, 'tls', 'ca.key'), 'a key');
  writeFileSync(join(hub.dataDir, 'first-login'), 'a code');
  const folder = join(dataFolder(t), 'new', 'backup');
  const run = await runCommand(['backup', folder, '--json'], hub.dataDir);
  assert.equal(run.code, 0, run.err);
  assert.match(run.err, /^state\.db: \d+\.\d of \d+\.\d MiB$/m);
  assert.deepEqual(readdirSync(folder).toSorted(), [
    'backup.json',
    'metrics.db',
    'spool.db',
    'state.db',
    'tls',
  ]);
  const manifest = JSON.parse(readFileSync(join(folder, 'backup.json'), 'utf8')) as BackupManifest;
  assert.deepEqual(JSON.parse(run.out), { folder, ...manifest });
  assert.deepEqual(
    manifest.files.map(({ name }) => name),
    ['spool.db', 'metrics.db', 'state.db', 'tls/ca.key'],
  );
  assert.deepEqual([manifest.version, manifest.files[2]?.schema], ['1.2.3', stateMigrations.length]);
  for (const { name, bytes, sha256 } of manifest.files) {
    const content = readFileSync(join(folder, name));
    assert.deepEqual([content.length, createHash('sha256').update(content).digest('hex')], [bytes, sha256]);
    assert.equal(mode(join(folder, name)), 0o600, name);
  }
  assert.deepEqual(
    [mode(folder), mode(join(folder, 'tls')), mode(join(folder, 'backup.json'))],
    [0o700, 0o700, 0o600],
  );
});

test('firmware is part of a backup, and is served again by a hub that was restored from it', async (t) => {
  const hub = await startInProcessHub(t);
  const bytes = randomBytes(50_000);
  const { sha256 } = await addFirmware(hub, bytes);
  writeFileSync(join(hub.dataDir, 'firmware', `${sha256}.part`), 'half of another');
  const folder = join(dataFolder(t), 'backup');
  assert.equal((await runCommand(['backup', folder], hub.dataDir)).code, 0);
  assert.deepEqual(readdirSync(join(folder, 'firmware')), [sha256]);
  const restored = join(dataFolder(t), 'restored');
  const run = await runCommand(['restore', folder], restored);
  assert.equal(run.code, 0, run.err);
  assert.deepEqual(readFileSync(join(restored, 'firmware', sha256)), bytes);
});

test('a backup goes into a new folder only, and only from a folder that a hub has used', async (t) => {
  const dataDir = dataFolder(t);
  const folder = join(dataFolder(t), 'backup');
  const unused = await runCommand(['backup', folder], join(dataDir, 'mistyped'));
  assert.deepEqual(
    [unused.code, existsSync(folder), existsSync(join(dataDir, 'mistyped'))],
    [1, false, false],
  );
  assert.match(unused.err, /no hub has used this folder/);
  await runCommand(['device', 'add', 'd-1', '--type', 'env-sensor@1'], dataDir);
  assert.equal((await runCommand(['backup', folder], dataDir)).code, 0);
  const before = readdirSync(folder);
  const again = await runCommand(['backup', folder], dataDir);
  assert.equal(again.code, 1);
  assert.match(again.err, /backup was not made: .*is not empty; give a new folder/);
  assert.deepEqual(readdirSync(folder), before);
  // A damaged database is not backed up, and half a backup is not left behind.
  writeFileSync(join(dataDir, 'spool.db'), 'this was a database once'.repeat(1_000));
  const damaged = join(dataFolder(t), 'damaged');
  const failed = await runCommand(['backup', damaged], dataDir);
  assert.match(failed.err, /backup was not made: .*spool\.db: .*not a database/);
  assert.equal(existsSync(damaged), false);
});

test('what is restored is what was backed up, and a used folder is left alone', async (t) => {
  const dataDir = dataFolder(t);
  const added = await runCommand(['device', 'add', 'd-1', '--type', 'env-sensor@1'], dataDir);
  assert.equal(added.code, 0);
  const folder = join(dataFolder(t), 'backup');
  await runCommand(['backup', folder], dataDir);
  const used = await runCommand(['restore', folder], dataDir);
  assert.equal(used.code, 1);
  assert.match(used.err, /is not empty; give a new folder/);
  const restored = join(dataFolder(t), 'restored');
  const run = await runCommand(['restore', folder, '--json'], restored);
  assert.equal(run.code, 0, run.err);
  assert.partialDeepStrictEqual(JSON.parse(run.out), { dataDir: restored, commands: 0, groupCommands: 0 });
  const listed = await runCommand(['device', 'list'], restored);
  assert.match(listed.out, /^d-1 /m);
  assert.deepEqual([mode(restored), mode(join(restored, 'state.db'))], [0o700, 0o600]);
  const audited = await openDatabase({ file: join(restored, 'state.db'), migrations: stateMigrations });
  t.after(() => audited.close());
  const [entry] = await audited.read("SELECT outcome FROM audit WHERE action = 'hub.restore'");
  assert.equal(entry?.['outcome'], 'done');
});

test('a backup that is not whole, not itself or of a newer hub is refused, and the data folder stays empty', async (t) => {
  const dataDir = dataFolder(t);
  await runCommand(['device', 'add', 'd-1', '--type', 'env-sensor@1'], dataDir);
  const made = join(dataFolder(t), 'backup');
  await runCommand(['backup', made], dataDir);
  const restored = dataFolder(t);
  const refused = async (change: (folder: string) => void, expected: RegExp): Promise<void> => {
    const folder = join(dataFolder(t), 'backup');
    cpSync(made, folder, { recursive: true });
    change(folder);
    for (const target of [restored, join(restored, 'new')]) {
      const run = await runCommand(['restore', folder], target);
      assert.equal(run.code, 1, run.out);
      assert.match(run.err, expected);
      assert.deepEqual(readdirSync(restored), []);
    }
  };
  const rewrite = (folder: string, change: (text: string) => string): void => {
    const file = join(folder, 'backup.json');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };
  await refused((folder) => appendFileSync(join(folder, 'state.db'), 'x'), /state\.db.* checksum differs/);
  await refused((folder) => rewrite(folder, (text) => text.slice(0, 20)), /no backup\.json that can be read/);
  await refused(
    (folder) => rewrite(folder, () => '{"kind":"device-hub-backup"}'),
    /does not describe a backup/,
  );
  await refused(
    (folder) => rewrite(folder, (text) => text.replace('"spool.db"', '"../spool.db"')),
    /does not describe a backup/,
  );
  await refused(
    (folder) => rewrite(folder, (text) => text.replace('"format": 1', '"format": 2')),
    /format 2 is not/,
  );
  const newer = `"schema": ${stateMigrations.length + 1}`;
  await refused(
    (folder) =>
      rewrite(folder, (text) =>
        text.replace(`"schema": ${stateMigrations.length}`, newer).replace('"1.2.3"', '"9.0.0"'),
      ),
    /device-hub 9\.0\.0 made it, and this is device-hub 1\.2\.3: state\.db has version \d+, and \d+ is the newest/,
  );
  const nothing = await runCommand(['restore', dataFolder(t)], restored);
  assert.match(nothing.err, /give the folder that device-hub backup made/);
});

test('a disk that is full is said to be at fault, not the backup, and a restore leaves the folder as it was', async (t) => {
  const dataDir = dataFolder(t);
  await runCommand(['device', 'add', 'd-1', '--type', 'env-sensor@1'], dataDir);
  const folder = join(dataFolder(t), 'backup');
  await runCommand(['backup', folder], dataDir);
  const target = dataFolder(t);
  /** No file may be longer than this, KiB: to the program it is as if the disk were full. */
  const limited = (kib: number, ...args: string[]) =>
    spawnSync('bash', ['-c', `ulimit -f ${kib}; exec "$@"`, 'bash', process.execPath, mainFile, ...args], {
      encoding: 'utf8',
    });
  for (const kib of [0, 1, 40]) {
    for (const to of [target, join(target, 'new')]) {
      const { status, stderr } = limited(kib, 'restore', folder, '--data-dir', to);
      assert.equal(status, 1, stderr);
      assert.ok(stderr.includes(`the data folder cannot be used: ${to}: `), stderr);
      assert.doesNotMatch(stderr, /backup cannot be used/);
      assert.deepEqual(readdirSync(target), []);
    }
  }
  const copy = join(target, 'copy');
  const { status, stderr } = limited(40, 'backup', copy, '--data-dir', dataDir);
  assert.equal(status, 1);
  assert.ok(stderr.includes(`the backup was not made: `) && stderr.includes(copy), stderr);
  assert.deepEqual(readdirSync(target), []);
  assert.equal((await runCommand(['restore', folder], target)).code, 0);
});
