import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import nodesJson from '../../../packaging/node-red/package.json' with { type: 'json' };
import packageJson from '../../../package.json' with { type: 'json' };
import { makeDevice, type Device } from '../../../sdk/typescript/src/node.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { installPacked } from '../../helpers/packed-package.ts';
import { launchChromium } from '../../helpers/services/chromium.ts';
import { temporaryFolder, type TemporaryFolder } from '../../helpers/services/guard.ts';
import { startMosquitto, type MosquittoBroker } from '../../helpers/services/mosquitto.ts';
import { startNodeRed, type NodeRed } from '../../helpers/services/node-red.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/**
 * The nodes, packed and installed by npm in the folder of a real Node-RED, with two real hubs: one at a Mosquitto with the shipped
 * rules (MQTT 5), one with its own broker (MQTT 3.1.1).
 */

const users = { hub: 'hub-secret', operator: 'operator-secret', viewer: 'viewer-secret' };
const acl = readFileSync(new URL('../../../packaging/mosquitto/acl', import.meta.url), 'utf8').split('\n');

/** What the flows under test have seen, as they say it. */
interface Seen {
  from: string;
  device: string;
  payload: unknown;
  [member: string]: unknown;
}

interface Answered {
  status: number;
  body: {
    status?: string;
    reason?: string;
    output?: unknown;
    state?: string;
    message?: string;
    error?: string;
  };
}

const cleanups: (() => unknown)[] = [];
const forCleanup = { after: (work: () => unknown) => void cleanups.push(work) };

let folder: TemporaryFolder;
let broker: MosquittoBroker;
/** By the name of its broker. */
const hubs: { mosquitto?: InProcessHub; own?: InProcessHub } = {};
const devices = new Map<string, Device>();
const done: { name: string; params: unknown }[] = [];
const desired: unknown[] = [];
let nodeRed: NodeRed;

async function startValve(hub: InProcessHub, id: string): Promise<void> {
  await hub.add([id], 'smart-valve@1');
  const valve = makeDevice({ ...hub.device(id), type: 'smart-valve@1', backoffFirstMs: 100 });
  cleanups.push(() => valve.close());
  devices.set(id, valve);
  valve.onCommand('set-position', ({ params, progress }) => {
    done.push({ name: id, params });
    progress(50, 'moving');
    if (params['percent'] === 13) return { status: 'failed', error: 'it is stuck' };
    return { status: 'succeeded', output: { position: Number(params['percent']) } };
  });
  valve.onDesired((state) => {
    desired.push(state);
    valve.reported(state);
    return [];
  });
  valve.wake();
}

const pages = ['command', 'own-command', 'desired', 'own-desired'];

/** A page of the flows: its request becomes a message, and what comes out of the node becomes the answer. */
function pageFlow(path: string, type: string, hub: string, config: object): object[] {
  const id = `${path}-node`;
  return [
    {
      id: `${path}-in`,
      type: 'http in',
      z: 'tab',
      url: `/${path}`,
      method: 'post',
      wires: [[`${path}-read`]],
    },
    {
      id: `${path}-read`,
      type: 'function',
      z: 'tab',
      func: 'return { ...msg, ...msg.payload };',
      outputs: 1,
      wires: [[id]],
    },
    {
      id,
      type,
      z: 'tab',
      hub,
      device: '',
      x: 400,
      y: pages.indexOf(path) * 60 + 200,
      ...config,
      wires: [[`${path}-1`], [`${path}-2`]],
    },
    ...['200', '422'].map((code, index) => ({
      id: `${path}-${index + 1}`,
      type: 'http response',
      z: 'tab',
      statusCode: code,
      headers: {},
      wires: [],
    })),
    { id: `${path}-catch`, type: 'catch', z: 'tab', scope: [id], wires: [[`${path}-words`]] },
    {
      id: `${path}-words`,
      type: 'function',
      z: 'tab',
      func: 'msg.payload = { error: msg.error.message }; return msg;',
      outputs: 1,
      wires: [[`${path}-500`]],
    },
    { id: `${path}-500`, type: 'http response', z: 'tab', statusCode: '500', headers: {}, wires: [] },
  ];
}

function incoming(kind: string, hub: string, config: object = {}): object[] {
  const id = `${kind}-${hub}`;
  const func = `const seen = flow.get('seen') || []; delete msg._msgid; seen.push({ from: '${id}', ...msg }); flow.set('seen', seen);`;
  return [
    {
      id,
      type: `device-hub-${kind}`,
      z: 'tab',
      hub,
      device: '',
      what: '',
      field: '',
      ...config,
      wires: [[`${id}-keep`]],
    },
    { id: `${id}-keep`, type: 'function', z: 'tab', func, outputs: 0, wires: [] },
  ];
}

before(async () => {
  folder = temporaryFolder('node-red');
  broker = await startMosquitto({ users, acl });
  const atMosquitto = { HUB_MQTT_URL: broker.url, HUB_MQTT_USERNAME: 'hub', HUB_MQTT_PASSWORD: users.hub };
  const mosquitto = await startInProcessHub(forCleanup, atMosquitto);
  const own = await startInProcessHub(forCleanup, { HUB_BROKER_ANONYMOUS: 'operator' });
  Object.assign(hubs, { mosquitto, own });
  const { token } = await mosquitto.ask('POST /api/v1/operators/tokens', {
    body: { name: 'node-red', role: 'viewer', devices: '*', safety: 'observe' },
  });
  const hubNode = (id: string, url: string, api: string) => ({
    id,
    type: 'device-hub',
    name: `hub at ${id}`,
    broker: url,
    root: 'hub/v1',
    ca: '',
    api,
  });
  const flows = [
    { id: 'tab', type: 'tab', label: 'the hub', disabled: false, info: '' },
    hubNode('mosquitto', broker.url, mosquitto.hub.adminUrl),
    hubNode('own', own.hub.brokerUrl ?? '', own.hub.adminUrl),
    { id: 'seen-in', type: 'http in', z: 'tab', url: '/seen', method: 'get', wires: [['seen-read']] },
    {
      id: 'seen-read',
      type: 'function',
      z: 'tab',
      func: "msg.payload = flow.get('seen') || []; return msg;",
      outputs: 1,
      wires: [['seen-out']],
    },
    { id: 'seen-out', type: 'http response', z: 'tab', statusCode: '200', headers: {}, wires: [] },
    ...['readings', 'events', 'presence', 'alarms'].flatMap((kind) => incoming(kind, 'mosquitto')),
    ...incoming('readings', 'own', { device: 'v-own', what: 'flow', field: 'pressure' }),
    ...incoming('presence', 'own'),
    ...pageFlow('command', 'device-hub-command', 'mosquitto', {
      deviceType: 'smart-valve@1',
      command: '',
      params: {},
      ttlSec: '',
      patienceSec: '',
    }),
    ...pageFlow('own-command', 'device-hub-command', 'own', {
      command: 'set-position',
      params: { percent: 5 },
      ttlSec: '20',
      patienceSec: '60',
    }),
    ...pageFlow('desired', 'device-hub-desired', 'mosquitto', { deviceType: 'smart-valve@1', patch: {} }),
    ...pageFlow('own-desired', 'device-hub-desired', 'own', { patch: { intervalSec: 7 } }),
  ];
  const home = installPacked(folder.path, 'packaging/node-red', 'node-red-home');
  nodeRed = await startNodeRed(home, {
    flows,
    credentials: { mosquitto: { user: 'operator', password: users.operator, token }, own: {} },
  });
  await Promise.all([startValve(mosquitto, 'v-1'), startValve(own, 'v-own')]);
  await Promise.all([presenceOf('mosquitto', 'v-1', 'online'), presenceOf('own', 'v-own', 'online')]);
});

after(async () => {
  await nodeRed?.close();
  for (const work of cleanups.toReversed()) await work();
  await broker?.close();
  folder?.remove();
});

async function seen(what: string, wanted: (one: Seen) => boolean): Promise<Seen> {
  let all: Seen[] = [];
  const find = async (): Promise<Seen | undefined> => {
    all = (await (await fetch(`${nodeRed.url}/seen`)).json()) as Seen[];
    return all.find(wanted);
  };
  try {
    return await waitFor(find, { what, timeoutMs: 20_000, everyMs: 50 });
  } catch (error) {
    throw new Error(`the flows saw ${JSON.stringify(all)}; ${nodeRed.output()}`, { cause: error });
  }
}

function presenceOf(hub: string, device: string, state: string): Promise<Seen> {
  return seen(
    `${device} ${state}`,
    (one) => one.from === `presence-${hub}` && one.device === device && one.payload === state,
  );
}

async function post(page: string, body: object): Promise<Answered> {
  const response = await fetch(`${nodeRed.url}/${page}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, body: (await response.json()) as Answered['body'] };
}

test('the package has the version of the project, and its MQTT is that of the hub', () => {
  assert.equal(nodesJson.version, packageJson.version);
  assert.equal(nodesJson.dependencies.mqtt, packageJson.dependencies.mqtt);
});

test('readings, events, presence and alarms become messages of a flow', async () => {
  const valve = devices.get('v-1');
  await valve?.measure('flow', { flow: 12.5, pressure: 3 }, { ts: Date.now() });
  const reading = await seen('the reading', ({ from }) => from === 'readings-mosquitto');
  assert.deepEqual(reading.payload, { flow: 12.5, pressure: 3 });
  assert.equal(reading['topic'], 'v-1/flow');
  assert.ok(Math.abs(Number(reading['time']) - Date.now()) < 60_000);

  await valve?.report('leak', 'critical', { zone: 'cellar' });
  const event = await seen('the event', ({ from }) => from === 'events-mosquitto');
  assert.deepEqual(
    { device: event.device, event: event['event'], severity: event['severity'], payload: event.payload },
    { device: 'v-1', event: 'leak', severity: 'critical', payload: { zone: 'cellar' } },
  );
  const alarm = await seen('the alarm', ({ from }) => from === 'alarms-mosquitto');
  assert.equal(alarm['state'], 'raised');
  assert.equal(alarm['severity'], 'critical');
  assert.match(String(alarm.payload), /leak/i);
});

test('one field of one stream of one device alone, from the own broker of a hub', async () => {
  const valve = devices.get('v-own');
  await valve?.measure('flow', { flow: 1 });
  await valve?.measure('flow', { flow: 2, pressure: 4.5 });
  const reading = await seen('the pressure', ({ from }) => from === 'readings-own');
  assert.equal(reading.payload, 4.5, 'a reading without the field makes no message');
});

test('a command is answered with its end: on the first output when it succeeded, on the second otherwise', async () => {
  const good = await post('command', { device: 'v-1', command: 'set-position', params: { percent: 40 } });
  assert.deepEqual([good.status, good.body.status, good.body.output], [200, 'succeeded', { position: 40 }]);
  const failed = await post('command', { device: 'v-1', command: 'set-position', params: { percent: 13 } });
  assert.deepEqual([failed.status, failed.body.status], [422, 'failed']);
  const refused = await post('command', { device: 'v-1', command: 'set-position', params: { percent: 400 } });
  assert.deepEqual([refused.status, refused.body.status], [422, 'rejected']);
  const wrong = await post('command', { device: 'v-1/#', command: 'set-position' });
  assert.equal(wrong.status, 500);
  assert.match(wrong.body.error ?? '', /msg\.device/);
});

test('the same id is done once, and both who ask hear the end', async () => {
  const earlier = done.length;
  const body = { id: 'once-1', device: 'v-1', command: 'set-position', params: { percent: 60 } };
  const first = await post('command', body);
  const second = await post('command', body);
  assert.deepEqual([first.body.status, second.body.status], ['succeeded', 'succeeded']);
  assert.equal(done.length - earlier, 1);
});

test("commands and settings work over the hub's own broker, which has no Response Topics", async () => {
  const good = await post('own-command', { device: 'v-own' });
  assert.deepEqual([good.status, good.body.output], [200, { position: 5 }]);
  const refused = await post('own-command', { device: 'v-own', params: { percent: -1 } });
  assert.deepEqual([refused.status, refused.body.status], [422, 'rejected']);
  const set = await post('own-desired', { device: 'v-own' });
  assert.deepEqual([set.status, set.body.status], [200, 'done']);
  await waitFor(() => desired.some((state) => JSON.stringify(state) === '{"intervalSec":7}'), {
    what: 'the device holds it',
  });
});

test('settings are taken or refused, with the reason', async () => {
  const set = await post('desired', { device: 'v-1', patch: { failPosition: 'open' } });
  assert.deepEqual([set.status, set.body.status], [200, 'done']);
  const refused = await post('desired', { device: 'v-1', patch: { failPosition: 'ajar' } });
  assert.deepEqual([refused.status, refused.body.status], [422, 'refused']);
  assert.match(refused.body.message ?? '', /failPosition/);
});

test("the editor's form comes from the device type, and what is filled in is what the device gets", async (t) => {
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(nodeRed.url);
  await page.locator('[id="command-node"]').dblclick();
  // Of the types that the hub has, one was chosen; its commands are offered.
  await page.locator('#node-input-command-names option[value="set-position"]').waitFor({ state: 'attached' });
  await page.locator('#node-input-command').fill('set-position');
  await page.locator('#node-input-command').blur();
  const percent = page.locator('#device-hub-fields [data-field="percent"]');
  await percent.waitFor();
  assert.equal(await percent.getAttribute('max'), '100');
  await percent.fill('77');
  await page.locator('#node-dialog-ok').click();
  const deployed = page.waitForResponse(
    (response) => response.url().endsWith('/flows') && response.request().method() === 'POST',
  );
  await page.locator('#red-ui-header-button-deploy').click();
  assert.ok((await deployed).ok());
  const given = await waitFor(
    async () => {
      const answer = await post('command', { device: 'v-1', command: undefined });
      return answer.status === 200 ? answer : undefined;
    },
    { what: 'the flows run again', timeoutMs: 30_000, everyMs: 200 },
  );
  assert.deepEqual(given.body.output, { position: 77 });
  assert.deepEqual(faults, []);
});
