import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Device, type Ending, type Link, type OpenLink } from '../../../sdk/typescript/src/node.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { PlayedLinks, welcomeFrame } from '../../helpers/sdk/played-link.ts';

/** A hub that falls silent at any point, and links that fail in their own ways. */

function begin(openLink: OpenLink) {
  const clock = new ManualClock();
  const settings = { url: 'wss://hub:8443/v1/device', id: 'd-1', secret: 's', type: 'env-sensor@1' };
  const device = new Device({ ...settings, openLink, clock, random: () => 0.5 });
  const endings: Ending[] = [];
  device.on('close', (ending) => endings.push(ending));
  device.wake();
  return { clock, device, endings };
}

test('a hub that says nothing is given up at each point: before the upgrade, before the welcome, in a session', () => {
  const links = new PlayedLinks();
  const { clock, device, endings } = begin(links.open);
  clock.advance(30_000);
  assert.deepEqual(
    endings.map(({ kind }) => kind),
    ['failed'],
  );
  assert.equal(links.last?.isUp, false, 'the link is not left open');
  clock.advance(1_000);
  links.last?.opened();
  clock.advance(10_000);
  assert.deepEqual(
    endings.map(({ kind }) => kind),
    ['failed', 'hub-silent'],
  );
  clock.advance(2_000);
  links.last?.opened();
  links.last?.say(welcomeFrame());
  assert.equal(device.isOpen, true);
  clock.advance(45_000);
  assert.equal(endings.length, 3);
  assert.equal(links.all.length, 3);
  clock.advance(1_000);
  assert.equal(links.all.length, 4, 'and it comes again');
});

test('a link that cannot even be made is tried again as one that failed', () => {
  let attempts = 0;
  const { clock, device, endings } = begin((): Link => {
    attempts += 1;
    throw new Error('refused by a policy of the page');
  });
  clock.advance(60_000);
  assert.ok(attempts > 3);
  assert.ok(endings.every((ending) => ending.kind === 'failed' && /policy/.test(ending.message)));
  assert.equal(device.isOpen, false);
});

test('a listener that throws does not disturb the session, and its fault is not swallowed', (t) => {
  const links = new PlayedLinks();
  const { device } = begin(links.open);
  device.on('welcome', () => {
    throw new Error('of the listener');
  });
  const later: (() => void)[] = [];
  t.mock.method(globalThis, 'queueMicrotask', (run: () => void) => void later.push(run));
  links.last?.opened();
  links.last?.say(welcomeFrame());
  void device.measure('env', { temperature: 1 });
  assert.ok(links.frames.some(({ type }) => type === 'telemetry'));
  const [first] = later;
  assert.ok(first);
  assert.throws(first, /of the listener/);
});

test('where a link cannot say why it failed, a new secret that does not open a session is not tried alone', () => {
  const links = new PlayedLinks();
  const { clock } = begin(links.open);
  links.last?.opened();
  links.last?.say(welcomeFrame());
  links.last?.say({ type: 'credential', id: 'c', secret: 'the-new-secret-of-this-device' });
  const secrets: string[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    clock.advance(60_000);
    secrets.push(links.last?.address.secret ?? '');
    links.last?.end({ kind: 'failed', message: '', mayBeRefused: true });
  }
  const [fresh] = secrets;
  assert.deepEqual(secrets, [fresh, 's', fresh, 's']);
});
