import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMetrics } from '../../../device-sim/verify/hub-numbers.ts';
import { callApi } from '../../../hub/cli/admin-client.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import {
  addDevices,
  clusterOf,
  clusterServices,
  presenceAt,
  socketOf,
  startClusterLab,
} from '../../helpers/cluster/cluster-lab.ts';
import { startReceiver, webhookSecret as secret } from '../../helpers/services/webhook-receiver.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const services = clusterServices();
const patient = { timeoutMs: 60_000, everyMs: 20 };

test('whichever of several hubs an alarm is raised at, a webhook takes it once: from the leader, and from the next one when that dies', async (t) => {
  const lab = startClusterLab(t, services);
  const leader = await lab.startHub();
  const leads = async () => (await clusterOf(leader)).hubs.some(({ leases }) => leases.includes('leader'));
  await waitFor(leads, { what: 'the lease', ...patient });
  const { url, got, answer } = await startReceiver(t);
  await callApi(socketOf(leader), 'POST /api/v1/webhooks', { body: { name: 'pager', url, secret } });
  const other = await lab.startHub();
  const ids = ['d-1', 'd-2'];
  const [first = '', second = ''] = await addDevices(leader, ids);
  const devices = [await lab.connect(leader, 'd-1', first), await lab.connect(other, 'd-2', second)];
  for (const id of ids) await presenceAt(other, id, 'online');
  const report = (temperature: number) =>
    Promise.all(devices.map(({ client }) => client.measure('env', { temperature })));
  const taken = () =>
    got.filter(({ status }) => status === 204).map(({ device, state }) => `${device} ${state}`);
  const waits = async (): Promise<number | undefined> => {
    try {
      return (await callApi(socketOf(other), 'GET /api/v1/webhooks', {})).webhooks[0]?.waiting;
    } catch (error) {
      // There is no leader now.
      assert.equal(error instanceof HubError && error.code, 'other-hub');
      return undefined;
    }
  };
  const waitForAll = async (states: readonly string[]) => {
    const expected = states.flatMap((state) => ids.map((id) => `${id} ${state}`)).toSorted();
    await waitFor(() => taken().length >= expected.length, { what: `taken: ${expected.join()}`, ...patient });
    await waitFor(async () => (await waits()) === 0, { what: 'nothing that waits', ...patient });
    assert.deepEqual(taken().toSorted(), expected);
  };
  await report(70);
  await waitForAll(['raised']);

  // What it does not take waits at the leader, whichever hub owes it, and a hub that starts does not send it.
  answer.status = 500;
  await report(20);
  await waitFor(async () => (await waits()) === 2, { what: 'both wait at the leader', ...patient });
  const third = await lab.startHub();
  await waitFor(async () => (await clusterOf(third)).hubs.length === 3, { what: 'a third hub', ...patient });
  const page = await (await fetch(`${third.adminUrl}/metrics`)).text();
  assert.equal(parseMetrics(page).get('hub_webhook_deliveries_waiting'), 0, 'it has claimed nothing');
  answer.status = 204;
  await leader.kill('SIGKILL');
  await waitForAll(['raised', 'cleared']);
  assert.equal(new Set(got.filter(({ status }) => status === 204).map(({ id }) => id)).size, 4);
});
