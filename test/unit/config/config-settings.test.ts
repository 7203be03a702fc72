import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../hub/config/config.ts';

test('every setting is known with its value and what set it, and a secret is hidden', () => {
  const file = {
    ackDelayMs: 100,
    inFlight: 32,
    influxUrl: 'http://x',
    influxUsername: 'u',
    influxPassword: 'rosebud',
  };
  const { config } = readConfig({
    env: { HUB_ACK_DELAY_MS: '0' },
    file,
    cwd: '/srv/hub',
    isCron: () => true,
    readFile: () => '',
  });
  const found = (name: string) => config.settings.find((setting) => setting.name === name);
  assert.deepEqual(found('ackDelayMs'), {
    name: 'ackDelayMs',
    environment: 'HUB_ACK_DELAY_MS',
    value: 0,
    from: 'environment',
  });
  assert.deepEqual([found('inFlight')?.value, found('inFlight')?.from], [32, 'file']);
  assert.deepEqual([found('mqttUrl')?.value, found('mqttUrl')?.from], [null, 'default']);
  assert.deepEqual([found('influxPassword')?.value, found('influxPassword')?.from], ['(hidden)', 'file']);
  assert.equal(JSON.stringify(config.settings).includes('rosebud'), false);
});
