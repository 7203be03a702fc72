import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeDevice, RamMemory, type Device, type NodeSettings } from '../../../sdk/typescript/src/node.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { PlayedLinks, welcomeFrame } from '../../helpers/sdk/played-link.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** What a device keeps is its own. */

const refused = { kind: 'refused', status: 401 } as const;

function begin(t: TestContext, more: Partial<NodeSettings>): { device: Device; links: PlayedLinks } {
  const links = new PlayedLinks();
  const settings = { url: 'ws://hub/v1/device', id: 'd-1', secret: 'first', type: 'env-sensor@1' };
  const device = makeDevice({ ...settings, clock: new ManualClock(), openLink: links.open, ...more });
  t.after(() => device.close());
  device.wake();
  return { device, links };
}

function rotate(links: PlayedLinks, secret: string): void {
  links.last?.opened();
  links.last?.say(welcomeFrame());
  links.last?.say({ type: 'credential', id: 'k', secret });
}

test('a new secret in the settings goes before one that the hub gave to the old one', (t) => {
  const memory = new RamMemory();
  const first = begin(t, { memory });
  rotate(first.links, 'rotated');
  first.device.wake();
  first.links.last?.opened();
  first.links.last?.say(welcomeFrame());
  void first.device.close();
  assert.equal(begin(t, { memory }).links.last?.address.secret, 'rotated', 'as long as it follows from that');
  assert.equal(begin(t, { memory, secret: '' }).links.last?.address.secret, 'rotated', 'or none is given');
  const anew = begin(t, { memory, secret: 'anew' });
  assert.equal(anew.links.last?.address.secret, 'anew', 'the device was registered anew');
  rotate(anew.links, 'rotated again');
  void anew.device.close();
  const again = begin(t, { memory, secret: 'anew' });
  assert.equal(again.links.last?.address.secret, 'rotated again');
  again.links.last?.end(refused);
  again.device.wake();
  assert.equal(again.links.last?.address.secret, 'anew', 'one of the two is valid');
});

test('a state is that of one device: another id is refused before it touches it', (t) => {
  const folder = temporaryFolder('state');
  t.after(() => folder.remove());
  const { device } = begin(t, { state: folder.path });
  void device.measure('env', { n: 1 });
  void device.close();
  const kept = readFileSync(join(folder.path, 'readings.jsonl'), 'utf8');
  assert.throws(() => begin(t, { state: folder.path, id: 'd-2' }), /is that of the device d-1, not of d-2/);
  assert.equal(readFileSync(join(folder.path, 'readings.jsonl'), 'utf8'), kept);
  assert.equal(begin(t, { state: folder.path }).device.counts().waiting, 1);
});

test('two devices do not use a folder at once, in one process or in two; one that was killed holds nothing', (t) => {
  const folder = temporaryFolder('state');
  t.after(() => folder.remove());
  const { device } = begin(t, { state: folder.path });
  assert.throws(() => begin(t, { state: folder.path }), /is in use by another device/);
  const lock = join(folder.path, 'lock');
  assert.equal(existsSync(lock), process.platform === 'linux');
  const sdk = new URL('../../../sdk/typescript/src/node.ts', import.meta.url).href;
  const program = `import { makeDevice } from '${sdk}';
    makeDevice({ url: 'ws://hub', id: 'd-1', secret: 's', type: 't@1', state: process.argv[1] });
    process.kill(process.pid, 'SIGKILL');`;
  const other = (): string => {
    try {
      return execFileSync(process.execPath, ['--input-type=module', '-e', program, folder.path], {
        stdio: 'pipe',
      }).toString();
    } catch (error) {
      const { signal, stderr } = error as { signal: string | null; stderr: Buffer };
      return signal ?? stderr.toString();
    }
  };
  if (process.platform === 'linux') assert.match(other(), /is in use by another device/);
  void device.close();
  assert.equal(other(), 'SIGKILL');
  assert.equal(existsSync(lock), process.platform === 'linux');
  void begin(t, { state: folder.path }).device.close();
  // A number that belongs to another process by now.
  writeFileSync(lock, `${process.pid} 1 of-another-boot`);
  begin(t, { state: folder.path });
});
