import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HubError, messageOf } from '../../../hub/kernel/errors.ts';

test('an error says the sentence of its code, and what happened here', () => {
  const cause = new Error('EADDRINUSE');
  const error = new HubError('address-in-use', '127.0.0.1:8443', { cause, details: { port: 8443 } });
  assert.equal(error.message, 'the address is in use: 127.0.0.1:8443');
  assert.equal(error.cause, cause);
  assert.deepEqual(error.details, { port: 8443 });
  assert.ok(error instanceof Error && error.name === 'HubError');
  assert.equal(new HubError('device-unknown').message, 'there is no device with this id');
  assert.deepEqual(new HubError('device-unknown').details, {});
});

test('the code says whether trying again may help', () => {
  assert.equal(new HubError('store-unavailable').retryable, true);
  assert.equal(new HubError('device-exists').retryable, false);
});

test('anything thrown has a text', () => {
  assert.equal(messageOf(new HubError('hub-not-running')), 'no hub runs on this data folder');
  assert.deepEqual(
    [messageOf('text'), messageOf(undefined), messageOf({})],
    ['text', 'undefined', '[object Object]'],
  );
});
