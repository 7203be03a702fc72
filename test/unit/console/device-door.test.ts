import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doorOf } from '../../../dashboards/console/src/registration/device-door.ts';
import { enrolLine } from '../../../dashboards/console/src/registration/snippets.ts';

function settings(values: Record<string, unknown>): Parameters<typeof doorOf>[0] {
  return Object.entries(values).map(([name, value]) => ({ name, environment: '', value, from: 'file' }));
}

test('new devices are told the port, the scheme and the CA that the hub is set up with', () => {
  const own = settings({ deviceListen: '[::]:9443', dataDir: '/var/lib/hub', tls: null, tlsCert: null });
  assert.deepEqual(doorOf(own, 'hub.example'), {
    url: 'wss://hub.example:9443/v1/device',
    ca: '/var/lib/hub/tls/ca.crt',
  });
  const plain = settings({ deviceListen: '127.0.0.1:8081', tls: 'off' });
  assert.deepEqual(doorOf(plain, '127.0.0.1'), { url: 'ws://127.0.0.1:8081/v1/device', ca: undefined });
});

test('a certificate that machines know needs no CA, and a proxy has a port of its own', () => {
  const certified = settings({ deviceListen: '0.0.0.0:8443', tlsCert: '/etc/hub.pem' });
  assert.equal(doorOf(certified, 'hub.example').ca, undefined);
  const behind = settings({ deviceListen: '127.0.0.1:8443', tls: 'terminated' });
  assert.deepEqual(doorOf(behind, 'hub.example'), { url: 'wss://hub.example/v1/device', ca: undefined });
});

test('what is not known is as it usually is', () => {
  const usual = { url: 'wss://hub.example:8443/v1/device', ca: 'var/tls/ca.crt' };
  assert.deepEqual(doorOf([], 'hub.example'), usual);
  assert.equal(doorOf(settings({ deviceListen: '127.0.0.1:0' }), 'hub.example').url, usual.url);
});

test('an enrolment is one command for a terminal', () => {
  const line = enrolLine(
    { url: 'wss://hub.example:9443/v1/device', ca: 'ca.crt' },
    { token: 'hube_1', idPrefix: 'hall-' },
  );
  assert.match(line, /^curl --cacert ca\.crt https:\/\/hub\.example:9443\/v1\/enrol \\\n/);
  assert.match(line, /-d '\{"token":"hube_1","id":"hall-1"\}'$/);
});
