import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openSpoolDatabase } from '../../../hub/adapters/sqlite/spool-database.ts';
import type { SpoolStore } from '../../../hub/telemetry/spool-store.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { spoolEntry as entry } from '../../helpers/stores/spool-entry.ts';

function folderOf(t: TestContext): string {
  const folder = temporaryFolder('spool');
  t.after(() => folder.remove());
  return folder.path;
}

async function allLines(spool: SpoolStore): Promise<string[]> {
  const found = await spool.head({ lines: 1_000_000, size: 1_000_000_000 });
  return found?.lines ?? [];
}

test('cut anywhere in its last write, the spool keeps every entry that was synced before', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'spool.db');
  const spool = await openSpoolDatabase({ file });
  const wal = `${file}-wal`;
  for (let n = 1; n <= 20; n += 1) await spool.append(entry(n));
  const before = readFileSync(wal).length;
  await spool.append(entry(21, 200));
  // What a crash leaves: the files as they are now, before a quiet moment empties the log into the file.
  const [main, log] = [readFileSync(file), readFileSync(wal)];
  await spool.close();
  const after = log.length;
  assert.ok(after > before, 'the last write is in the log');
  const synced = Array.from({ length: 20 }, (_, index) => entry(index + 1).lines).flat();
  const last = [...synced, ...entry(21, 200).lines];
  // The log is cut off at an offset of the last write.
  const step = Math.max(1, Math.floor((after - before) / 40));
  for (let offset = before; offset <= after; offset += step) {
    const crashed = join(folder, `cut-${offset}`);
    mkdirSync(crashed);
    const copy = join(crashed, 'spool.db');
    writeFileSync(copy, main);
    writeFileSync(`${copy}-wal`, log.subarray(0, offset));
    const found = await openSpoolDatabase({ file: copy });
    const lines = await allLines(found);
    await found.close();
    assert.deepEqual(lines, offset === after ? last : synced, `cut at ${offset} of ${before} to ${after}`);
  }
});

test('on a full disk an append is refused, what was there stays, and it goes on when there is room', async (t) => {
  const folder = temporaryFolder('small-disk');
  const mountPoint = folder.path;
  const umount = (): void => {
    execFileSync('umount', [mountPoint]);
    folder.remove();
  };
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mountPoint], { stdio: 'pipe' });
  } catch {
    folder.remove();
    t.skip('mounting a small tmpfs needs root');
    return;
  }
  t.after(umount);
  const spool = await openSpoolDatabase({ file: join(mountPoint, 'spool.db') });
  await spool.append(entry(1));
  let taken = 1;
  await assert.rejects(async () => {
    for (; taken < 100; taken += 1) await spool.append(entry(taken + 1, 1_000));
  }, /disk is full|disk I\/O/);
  const { lines } = await spool.levels();
  assert.equal(lines, 3 + (taken - 1) * 1_000);
  const head = await spool.head({ lines: 1_000_000, size: 1_000_000_000 });
  assert.equal(head?.lines.length, lines);
  await spool.close();
});
