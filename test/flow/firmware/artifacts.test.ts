import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { HubError } from '../../../hub/kernel/errors.ts';
import { addFirmware, sha256Of } from '../../helpers/firmware/add-firmware.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const refused = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof HubError && error.code === code && words.test(error.message);

test('a firmware is kept when its bytes are what they are said to be, and nothing is left of one that is not', async (t) => {
  const hub = await startInProcessHub(t, { HUB_FIRMWARE_MAX_MIB: '1' });
  const folder = join(hub.dataDir, 'firmware');
  const bytes = randomBytes(200_000);
  const added = await addFirmware(hub, bytes);
  assert.deepEqual(
    [added.sha256, added.size, added.signed, added.damaged],
    [sha256Of(bytes), 200_000, false, false],
  );
  const other = randomBytes(1_000);
  const of = { version: '3' };
  await assert.rejects(
    addFirmware(hub, other, { ...of, sha256: sha256Of(bytes) }),
    refused(
      'firmware-invalid',
      /1000 bytes that came have the SHA-256 .* part of the file is missing or changed/,
    ),
  );
  await assert.rejects(
    addFirmware(hub, other),
    refused('firmware-exists', /env-sensor 2\.0\.0; a changed firmware/),
  );
  await assert.rejects(
    addFirmware(hub, other, { ...of, type: 'toaster' }),
    refused('type-unknown', /toaster/),
  );
  await assert.rejects(
    addFirmware(hub, other, { ...of, signature: 'abc' }),
    refused('input-invalid', /64 bytes in base64/),
  );
  await assert.rejects(
    addFirmware(hub, randomBytes(900_000), of),
    refused('firmware-too-large', /848576 bytes are free/),
  );
  assert.deepEqual(readdirSync(folder), [sha256Of(bytes)]);
  const { firmware } = await hub.ask('GET /api/v1/firmware', {});
  assert.deepEqual(
    firmware.map(({ version }) => version),
    ['2.0.0'],
  );
});

test('a sender that goes away in the middle leaves nothing, and the next one is taken', async (t) => {
  const hub = await startInProcessHub(t);
  const bytes = randomBytes(10_000);
  const socket = connect(join(hub.dataDir, 'hub.sock'));
  socket.write(
    `PUT /api/v1/firmware/env-sensor/2.0.0?sha256=${sha256Of(bytes)} HTTP/1.1\r\nHost: hub\r\n` +
      'Content-Type: application/octet-stream\r\nContent-Length: 10000\r\n\r\n',
  );
  socket.write(bytes.subarray(0, 5_000));
  const folder = join(hub.dataDir, 'firmware');
  await waitFor(async () => readdirSync(folder).length === 1, { what: 'the first half is being written' });
  await assert.rejects(addFirmware(hub, bytes), refused('firmware-busy', /another firmware/));
  socket.destroy();
  await waitFor(async () => readdirSync(folder).length === 0, { what: 'nothing is left of it' });
  await addFirmware(hub, bytes);
});

test('with the key of the owner, only what was signed with it is taken', async (t) => {
  const owner = generateKeyPairSync('ed25519');
  const stranger = generateKeyPairSync('ed25519');
  const keyFile = join((await startInProcessHub(t)).dataDir, 'owner.pem');
  writeFileSync(keyFile, owner.publicKey.export({ type: 'spki', format: 'pem' }));
  const hub = await startInProcessHub(t, { HUB_FIRMWARE_KEY: keyFile });
  const bytes = randomBytes(100);
  const digest = Buffer.from(sha256Of(bytes), 'hex');
  const signed = (key: typeof owner): string => sign(null, digest, key.privateKey).toString('base64');
  await assert.rejects(addFirmware(hub, bytes), refused('firmware-invalid', /no signature/));
  await assert.rejects(
    addFirmware(hub, bytes, { signature: signed(stranger) }),
    refused('firmware-invalid', /not made with the key/),
  );
  const added = await addFirmware(hub, bytes, { signature: signed(owner) });
  assert.equal(added.signed, true);
});

test('a start verifies each file: one that has changed is not served, and can be added again', async (t) => {
  const hub = await startInProcessHub(t);
  const bytes = randomBytes(5_000);
  await addFirmware(hub, bytes);
  truncateSync(join(hub.dataDir, 'firmware', sha256Of(bytes)), 4_000);
  writeFileSync(join(hub.dataDir, 'firmware', 'left-over.part'), 'half');
  await hub.restart();
  const damaged = async (): Promise<boolean> => {
    const params = { type: 'env-sensor', version: '2.0.0' };
    return (await hub.ask('GET /api/v1/firmware/{type}/{version}', { params })).damaged;
  };
  await waitFor(damaged, { what: 'it is known to be damaged' });
  assert.deepEqual(readdirSync(join(hub.dataDir, 'firmware')), [sha256Of(bytes)]);
  await hub.add(['d-1']);
  const body = { type: 'env-sensor', version: '2.0.0', to: 'all' };
  await assert.rejects(
    hub.ask('POST /api/v1/rollouts', { body }),
    refused('firmware-damaged', /env-sensor 2\.0\.0/),
  );
  const params = { type: 'env-sensor', version: '2.0.0' };
  await hub.ask('DELETE /api/v1/firmware/{type}/{version}', { params });
  await addFirmware(hub, bytes);
  assert.equal(await damaged(), false);
});
