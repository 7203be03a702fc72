import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { openApiDocument } from '../../../schemas/api/document/openapi.ts';
import { connectLive } from '../../helpers/devices/live-client.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { oneTimeCode } from '../../helpers/one-time-code.ts';
import { apiClient, type ApiClient } from '../../helpers/openapi-client/calls/api-client.ts';
import * as commands from '../../helpers/openapi-client/calls/command-calls.ts';
import { callFirmware } from '../../helpers/openapi-client/calls/firmware-calls.ts';
import * as devices from '../../helpers/openapi-client/calls/device-calls.ts';
import * as identities from '../../helpers/openapi-client/calls/identity-calls.ts';
import * as sessions from '../../helpers/openapi-client/calls/session-calls.ts';
import * as store from '../../helpers/openapi-client/calls/store-calls.ts';
import { checkOf, type ApiDocument } from '../../helpers/openapi-client/document-check.ts';
import { compileGenerated } from '../../helpers/openapi-client/generated-client.ts';
import { Performed } from '../../helpers/openapi-client/performed.ts';
import { refuseAll } from '../../helpers/openapi-client/refusals.ts';
import { sceneOf } from '../../helpers/openapi-client/scene.ts';
import { startInflux } from '../../helpers/services/influxd.ts';
import { typesFolder } from '../../helpers/types-folder.ts';

/** A program that knows the API by its document alone. */

const document = JSON.parse(JSON.stringify(openApiDocument())) as ApiDocument;

async function startScene(t: TestContext) {
  const influx = await startInflux();
  const env = {
    HUB_INFLUX_URL: influx.url,
    HUB_ACK_DELAY_MS: '0',
    HUB_FIRMWARE_MAX_MIB: '1',
    HUB_SCHEMAS_DIR: typesFolder(t),
  };
  const hub = await startInProcessHub(t, env);
  // Hooks run in their order: the hub has been closed by then.
  t.after(() => influx.close());
  return { hub, url: hub.hub.adminUrl, scene: sceneOf(t, hub, influx) };
}

test('the types that are generated from the document take every call', () => {
  assert.equal(compileGenerated(document), '');
});

test('every operation is performed and refused as the document says', async (t) => {
  const check = checkOf(document);
  const performed = new Performed(check);
  const { hub, url, scene } = await startScene(t);
  const as = (headers: Readonly<Record<string, string>>): ApiClient =>
    apiClient(url, headers, (answer) => performed.answered(answer));

  await sessions.callSessions(as, {
    code: hub.hub.firstLogin ?? '',
    origin: url,
    oneTimeCode,
  });
  const { headers: admin } = await withToken(hub, 'admin', { role: 'admin' });
  const client = as(admin);
  const fleet = await devices.addFleet(client, scene);
  await devices.callDevices(client);
  await devices.callTwins(client);
  await callFirmware(client);
  await devices.callReadings(client, scene, fleet);
  await devices.callHub(client);
  await commands.callCommands(client);
  await commands.callGroups(client);
  await commands.callPlanned(client);
  const { publicKey } = generateKeyPairSync('ed25519');
  await identities.callCredentials(client, publicKey.export({ type: 'spki', format: 'pem' }).toString());
  await identities.callOperators(client);
  await sessions.callScreen(as, client);
  await devices.callRemoval(client);
  await identities.callEnrolments(client, scene);
  await identities.callIncidents(client, scene, fleet);
  await devices.callAlarms(client);
  await store.callDeadLetters(client, scene);

  const live = check.routes.find(({ operation }) => operation.operationId === 'watchLive');
  assert.ok(live !== undefined);
  const feed = await connectLive(url, admin);
  t.after(() => feed.ws.terminate());
  feed.watch('fleet', 'hub', 'commands', 'incidents', 'device:d-1');
  await feed.next('hub');
  await feed.next('counts');
  for (const message of feed.messages) performed.answer(live, 101, message);
  await store.callSpool(client, scene, fleet);

  const { headers: viewer } = await withToken(hub, 'viewer', { devices: 'id=none' });
  for (const route of check.routes) await refuseAll(url, route, { admin, viewer }, performed);
  const upgrade = await fetch(`${url}${live.path}`, { headers: admin });
  performed.answer(live, 426, await upgrade.json());
  await sessions.callTooOften(as({}));

  assert.deepEqual(performed.neverDone(), []);
  assert.deepEqual(performed.neverRefused(), []);
});
