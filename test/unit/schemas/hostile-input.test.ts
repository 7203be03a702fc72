import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientAddress, networkOf, trustedProxies } from '../../../hub/adapters/client-address.ts';
import { readConfig } from '../../../hub/config/config.ts';
import { parseDeviceFrame } from '../../../hub/sessions/frames/frame-decoder.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { configNames } from '../../../schemas/config.ts';
import { mayCommand, reaches } from '../../../hub/operators/operator.ts';

test('whatever the text, decoding a frame gives an object or says why not', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.json().map((text) => text.slice(1)),
    fc.nat(40_000).map((levels) => '{"a":'.repeat(levels)),
    fc.nat(40_000).map((levels) => '['.repeat(levels) + ']'.repeat(levels)),
    fc.string().map((text) => `{"${text}`),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      const decoded = parseDeviceFrame(text);
      if (decoded.kind !== 'undecodable') assert.equal(typeof decoded.frame, 'object');
      else assert.ok((decoded.error.got ?? '').length <= 64);
    }),
    { numRuns: 500 },
  );
});

test('a decoded frame never changes the prototype of anything', () => {
  const decoded = parseDeviceFrame('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
  assert.equal(decoded.kind, 'unknown-type');
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('whatever the configuration file, it is read or refused by name, and no secret is shown', () => {
  const secret = 'the-secret-that-nobody-sees';
  const value = fc.oneof(fc.jsonValue(), fc.constant(secret));
  const file = fc.dictionary(
    fc.oneof(fc.constantFrom(...configNames, '__proto__', 'toString'), fc.string()),
    value,
  );
  fc.assert(
    fc.property(file, (given) => {
      const sources = { env: {}, cwd: '/', isCron: () => false, readFile: () => secret };
      try {
        readConfig({ ...sources, file: { ...given, influxPassword: secret, influxUrl: 'http://u:p@h' } });
      } catch (error) {
        assert.ok(error instanceof HubError && error.code === 'config-invalid', String(error));
        assert.ok(Array.isArray(error.details['faults']));
      }
    }),
    { numRuns: 300 },
  );
  for (const faulty of [{ influxPassword: [secret] }, { mqttPassword: { x: secret } }]) {
    assert.throws(
      () => readConfig({ env: {}, cwd: '/', isCron: () => false, readFile: () => '', file: faulty }),
      (error) =>
        error instanceof HubError && !JSON.stringify([error.message, error.details]).includes(secret),
    );
  }
});

test('X-Forwarded-For is believed from trusted proxies only, and read from its end', () => {
  const isTrusted = trustedProxies(['10.0.0.0/8', 'fd00::/8']);
  const cases: [peer: string, header: string | undefined, client: string][] = [
    ['192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.0.0.1', 'forged, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['fd00::1', '203.0.113.9, 2001:db8::7', '2001:db8::7'],
    ['10.0.0.1', 'no address', '10.0.0.1'],
  ];
  for (const [peer, header, client] of cases) assert.equal(clientAddress(peer, header, isTrusted), client);
  fc.assert(
    fc.property(fc.string(), fc.string(), (peer, header) => {
      assert.equal(typeof networkOf(clientAddress(peer, header, isTrusted)), 'string');
    }),
  );
});

test('IPv6 counts by /64, however it is written', () => {
  const network = '2001:db8:0:1::/64';
  for (const address of ['2001:db8:0:1::5', '2001:0db8:0000:0001:ffff::1', '2001:db8:0:1:2:3:4:5']) {
    assert.equal(networkOf(address), network);
  }
  assert.notEqual(networkOf('2001:db8:0:2::5'), network);
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
});

test('rights reach the devices they name, and commands up to their class', () => {
  const device = { id: 'd-17', type: 'env-sensor@2', site: 'hall-3' };
  const rights = (devices: string) => ({ role: 'operator', devices, safety: 'config' }) as const;
  for (const devices of ['*', 'id=d-*', 'type=env-sensor', 'type=env-sensor@2', 'site=hall-3,id=d-17']) {
    assert.ok(reaches(rights(devices), device), devices);
  }
  for (const devices of ['id=d-1', 'type=env', 'site=hall-3,id=e-*', 'color=red', 'id']) {
    assert.ok(!reaches(rights(devices), device), devices);
  }
  assert.ok(mayCommand(rights('*'), device, 'config'));
  assert.ok(!mayCommand(rights('*'), device, 'actuate'));
  assert.ok(!mayCommand({ ...rights('*'), role: 'viewer' }, device, 'observe'));
});
