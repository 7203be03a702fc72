import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeDevice, type Ending, type NodeSettings, type Retry } from '../../../sdk/typescript/src/node.ts';
import { makeAuthority, makeLeaf, type KeyAndCertificate } from '../../../hub/adapters/tls/tls-issuer.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startScriptedHub } from '../../helpers/hubs/scripted-hub.ts';
import { eventOf } from '../../helpers/wait-for.ts';

function newClient(t: TestContext, url: string, overrides: Partial<NodeSettings> = {}) {
  const options = {
    url,
    id: 'd-1',
    secret: 's',
    type: 'env-sensor@1',
    random: () => 0.5,
    ...overrides,
  };
  const client = makeDevice(options);
  t.after(() => client.close());
  const closed = (): Promise<[Ending, Retry]> =>
    eventOf(client, 'close').then((values) => values as [Ending, Retry]);
  return { client, closed };
}

test('a draining hub gets no new readings, and the device comes back in its own slot', async (t) => {
  const clock = new ManualClock();
  const hub = await startScriptedHub(t);
  const { client, closed } = newClient(t, hub.url, { clock });
  client.wake();
  const session = await hub.session();
  await Promise.all([eventOf(client, 'welcome'), session.welcome()]);
  const drained = eventOf(client, 'drain');
  session.send({ type: 'drain', reconnectAfterMs: 3000, reason: 'restart' });
  await drained;
  void client.measure('env', { temperature: 20 });
  await session.ping();
  assert.deepEqual(session.pending(), []);
  clock.advance(1000);
  const ending = closed();
  session.close(1012, '{"code":"draining"}');
  const [, retry] = await ending;
  assert.equal(retry.waitMs, 2000);
  clock.advance(2000);
  const next = await hub.session();
  await next.welcome({ epoch: 2 });
  assert.equal((await next.next('telemetry')).seq, 1);
});

test('a device whose hub says 503 comes back after Retry-After', async (t) => {
  const clock = new ManualClock();
  const hub = await startScriptedHub(t);
  const { client, closed } = newClient(t, hub.url, { clock });
  hub.refuse({ status: 503, headers: { 'retry-after': '7' } });
  const ending = closed();
  client.wake();
  const [, retry] = await ending;
  assert.equal(retry.waitMs, 7500);
  hub.refuse(undefined);
  clock.advance(7500);
  await (await hub.session()).welcome();
});

test('an unknown id or secret is told to the owner and tried again within the hour', async (t) => {
  const hub = await startScriptedHub(t);
  const { client, closed } = newClient(t, hub.url);
  hub.refuse({ status: 401 });
  const ending = closed();
  const trouble = eventOf(client, 'trouble');
  client.wake();
  assert.match(String((await trouble)[0]), /401/);
  const [, retry] = await ending;
  assert.equal(retry.waitMs, 37.5 * 60_000);
});

test('a hub that is not there is tried again and again', async (t) => {
  const clock = new ManualClock();
  const { client, closed } = newClient(t, 'ws://127.0.0.1:1/v1/device', { clock });
  let ending = closed();
  client.wake();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const [{ kind }, { waitMs }] = await ending;
    assert.equal(kind, 'failed');
    waits.push(waitMs);
    ending = closed();
    clock.advance(waitMs);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000]);
  await ending;
});

test('only the pinned CA is trusted', async (t) => {
  const [ours, theirs] = await Promise.all([newHouse(), newHouse()]);
  const hub = await startScriptedHub(t, ours.leaf);
  const trusting = newClient(t, hub.url, { ca: ours.ca });
  const opened = eventOf(trusting.client, 'welcome');
  trusting.client.wake();
  await Promise.all([opened, hub.session().then((session) => session.welcome())]);
  const other = newClient(t, hub.url, { ca: theirs.ca });
  const ending = other.closed();
  other.client.wake();
  assert.equal((await ending)[0].kind, 'failed');
});

/** A CA and a leaf for 127.0.0.1, PEM. */
async function newHouse(): Promise<{ ca: string; leaf: KeyAndCertificate }> {
  const authority = await makeAuthority(Date.now());
  return { ca: authority.cert, leaf: await makeLeaf(authority, ['127.0.0.1'], Date.now()) };
}
