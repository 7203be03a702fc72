import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenersFrom, parsePortBase } from '../../../device-sim/demo/demo-ports.ts';
import { wayOut } from '../../../device-sim/demo/demo-texts.ts';

test('the demo takes three ports from the given one on, and refuses one after which there are not enough', () => {
  assert.deepEqual(listenersFrom(parsePortBase('65533')), {
    HUB_DEVICE_LISTEN: '127.0.0.1:65533',
    HUB_ADMIN_LISTEN: '127.0.0.1:65534',
    HUB_BROKER_LISTEN: '127.0.0.1:65535',
  });
  for (const bad of ['0', '65534', '-1', '1.5', 'x', ''])
    assert.throws(() => parsePortBase(bad), /a port from 1/);
});

test('when a port is in use the demo says how to take others', () => {
  assert.match(wayOut('the address is in use'), /npm run demo -- --port-base 9443/);
});
