import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedChecks } from '../../helpers/sdk/failed-checks.ts';
import { pythonProgram } from '../../helpers/sdk/python-sdk.ts';

test('the Python SDK passes every check over TLS', async () => {
  const sensor = pythonProgram('examples/sensor.py');
  assert.deepEqual(await failedChecks(sensor, '--type', 'env-sensor@1', '--tls'), []);
});

test('its port for asyncio passes those of the link over TLS', async () => {
  const sensor = pythonProgram('test/aio_sensor.py');
  const groups = ['tls', 'connect', 'link', 'data'];
  assert.deepEqual(await failedChecks(sensor, '--type', 'env-sensor@1', '--tls', '--only', ...groups), []);
});
