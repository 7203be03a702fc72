import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileMemory, fileStore, makeDevice, type Device } from '../../../sdk/typescript/src/node.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { PlayedLinks, welcomeFrame } from '../../helpers/sdk/played-link.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** A small disk of its own; undefined when this user may mount none. */
function smallDisk(t: TestContext): string | undefined {
  const folder = temporaryFolder('small-disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder.path], { stdio: 'pipe' });
  } catch {
    folder.remove();
    t.skip('mounting a small tmpfs needs root');
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', [folder.path]);
    folder.remove();
  });
  return folder.path;
}

function boot(state: string): { device: Device; links: PlayedLinks; troubles: string[]; runs: string[] } {
  const links = new PlayedLinks();
  const device = makeDevice({
    url: 'ws://hub/v1/device',
    id: 'd-1',
    secret: 's',
    type: 'env-sensor@1',
    // A loss of power closes nothing, so that the folder would still be in use.
    store: fileStore(join(state, 'readings.jsonl')),
    memory: fileMemory(state),
    clock: new ManualClock(),
    openLink: links.open,
  });
  const troubles: string[] = [];
  const runs: string[] = [];
  device.on('trouble', (what) => troubles.push(what));
  device.onCommand('blink', ({ id }) => {
    runs.push(id);
    return { status: 'succeeded' };
  });
  device.wake();
  return { device, links, troubles, runs };
}

/** Opens the session. */
function welcome(links: PlayedLinks): void {
  links.last?.opened();
  links.last?.say(welcomeFrame());
}

test('on a full disk readings are kept in memory, which is said, and no command runs that would be forgotten', async (t) => {
  const disk = smallDisk(t);
  if (disk === undefined) return;
  const state = join(disk, 'state');
  const first = boot(state);
  const settled = [first.device.measure('env', { n: 0 })];
  const filler = join(disk, 'filler');
  assert.throws(() => writeFileSync(filler, Buffer.alloc(1_000_000)), /ENOSPC/);
  for (let n = 1; n <= 100; n += 1) settled.push(first.device.measure('env', { n, text: 'x'.repeat(200) }));
  const { notKept, waiting, lost } = first.device.counts();
  assert.ok(notKept > 50, `${notKept} were not kept`);
  assert.deepEqual([waiting, lost], [101, 0]);
  assert.equal(first.troubles.filter((what) => /store takes no more/.test(what)).length, 1);

  welcome(first.links);
  const command = { type: 'command', id: 'c-1', name: 'blink', params: {}, deadline: 9e15, ttlMs: 1e6 };
  first.links.last?.say({ ...command, safety: 'observe' });
  const result = first.links.frames.find(({ type }) => type === 'result');
  assert.ok(result?.type === 'result' && result.status === 'rejected', 'it cannot be remembered');
  assert.deepEqual(first.runs, []);
  first.links.last?.say({ type: 'ack', upTo: 1 });
  assert.equal((await settled[0])?.kind, 'stored');
  assert.deepEqual(new Set((await Promise.all(settled)).map(({ kind }) => kind)), new Set(['stored']));

  // There is room again: readings and commands are kept as before, and outlive a loss of power.
  rmSync(filler);
  first.links.last?.end();
  void first.device.measure('env', { n: 101 });
  assert.equal(first.device.counts().notKept, notKept);
  const second = boot(state);
  assert.equal(second.device.counts().waiting, 1);
  welcome(second.links);
  const again = second.links.frames.find(({ type }) => type === 'telemetry');
  assert.ok(again?.type === 'telemetry' && again.boot === first.device.boot);
  second.links.last?.say({ ...command, id: 'c-2', safety: 'observe' });
  assert.deepEqual(second.runs, ['c-2']);
  await Promise.all([first.device.close(), second.device.close()]);
});

test('a disk that the readings themselves have filled is free again when they are settled', (t) => {
  const disk = smallDisk(t);
  if (disk === undefined) return;
  const state = join(disk, 'state');
  const first = boot(state);
  const text = 'x'.repeat(200);
  let taken = 0;
  for (; first.device.counts().notKept === 0; taken += 1) void first.device.measure('env', { taken, text });
  assert.ok(taken > 500, `${taken} fill it`);
  first.links.last?.opened();
  first.links.last?.say(welcomeFrame());
  for (let seq = 1; first.device.counts().waiting > 0; seq += 1)
    first.links.last?.say({ type: 'ack', upTo: seq });
  void first.device.measure('env', { text });
  assert.equal(first.device.counts().notKept, 1, 'what is new is kept');
  const second = boot(state);
  assert.equal(second.device.counts().waiting, 1, 'and what is settled is not sent again');
  void first.device.close();
  void second.device.close();
});
