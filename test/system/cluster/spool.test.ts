import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callApi } from '../../../hub/cli/admin-client.ts';
import {
  addDevices,
  clusterServices,
  presenceAt,
  socketOf,
  startClusterLab,
  type LabDevice,
} from '../../helpers/cluster/cluster-lab.ts';
import { query } from '../../helpers/services/influxd.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** `HUB_SPOOL=state`: what is acked while InfluxDB is away waits in PostgreSQL, whatever becomes of the hub and its disk. */

const services = clusterServices();
const patient = { timeoutMs: 60_000, everyMs: 50 };
const inState = { HUB_SPOOL: 'state' };

/** Readings of one device at once, a millisecond apart. */
function measure({ client }: LabDevice, temperatures: readonly number[]) {
  const from = Date.now() - temperatures.length;
  const times = temperatures.map((_, at) => from + at);
  const outcomes = Promise.all(
    temperatures.map((temperature, at) => client.measure('env', { temperature }, { ts: from + at })),
  );
  return { times, outcomes };
}

const within = (count: number): number[] => Array.from({ length: count }, (_, n) => n / 2);

async function timesInStore(device: string): Promise<number[]> {
  const influxql = `SELECT temperature FROM env_sensor_env WHERE device = '${device}'`;
  const [series] = await query(services.influx.url, 'hub', influxql);
  return (series?.values ?? []).map(([time]) => Number(time) / 1000);
}

async function storedAll(device: string, times: readonly number[]): Promise<void> {
  const missing = async (): Promise<number[]> => {
    const there = new Set(await timesInStore(device));
    return times.filter((time) => !there.has(time));
  };
  await waitFor(async () => (await missing()).length === 0, {
    what: `all of ${device} in InfluxDB`,
    ...patient,
  });
}

const linesInState = (name: string): number =>
  Number(services.postgres.sql(`SELECT coalesce(sum(lines), 0) FROM ${name}.spool`));

async function ledgerOf(hub: HubProcess) {
  return (await callApi(socketOf(hub), 'GET /api/v1/ledger', {})).total;
}

async function spoolFault(hub: HubProcess): Promise<string | undefined> {
  const answer = await fetch(`${hub.adminUrl}/readyz`);
  const { parts } = (await answer.json()) as { parts: Record<string, { reason?: string }> };
  return parts['spool']?.reason;
}

test('readings that a hub has acked while InfluxDB was away are stored by another one, when the hub is killed and its disk is gone', async (t) => {
  const lab = startClusterLab(t, services);
  const [a, b] = await Promise.all([lab.startHub(inState), lab.startHub(inState)]);
  const [secret = ''] = await addDevices(a, ['s-1']);
  const device = await lab.connect(a, 's-1', secret);
  await presenceAt(b, 's-1', 'online');
  await services.influx.kill();
  const { times, outcomes } = measure(device, within(200));
  const kinds = (await outcomes).map(({ kind }) => kind);
  assert.deepEqual(
    kinds,
    Array.from({ length: 200 }, () => 'stored'),
  );
  assert.ok(linesInState(lab.name) >= 200, `${linesInState(lab.name)} lines in PostgreSQL`);
  assert.equal(existsSync(join(a.dataDir, 'spool.db')), false);
  await device.balancer.close();
  await a.kill('SIGKILL');
  rmSync(a.dataDir, { recursive: true });
  const killedMs = performance.now();
  await services.influx.restart();
  await storedAll('s-1', times);
  t.diagnostic(`all 200 stored ${Math.round(performance.now() - killedMs)} ms after the kill`);
  await waitFor(() => linesInState(lab.name) === 0, { what: 'an empty spool', ...patient });
  const ledger = await ledgerOf(b);
  assert.ok(ledger.carried >= 200, `${ledger.carried} carried`);
  assert.deepEqual([ledger.spooled, ledger.imbalance], [0, 0]);
  assert.equal((await timesInStore('s-1')).length, 200);
});

test('of 200 readings at once those are refused that their device type does not allow, and all others are stored', async (t) => {
  const lab = startClusterLab(t, services);
  const hub = await lab.startHub(inState);
  const [secret = ''] = await addDevices(hub, ['s-2']);
  const device = await lab.connect(hub, 's-2', secret);
  await services.influx.kill();
  // The sensor ends at 125 °C.
  const { times, outcomes } = measure(
    device,
    Array.from({ length: 200 }, (_, n) => n),
  );
  const settled = await outcomes;
  assert.equal(settled.filter(({ kind }) => kind === 'stored').length, 126);
  const codes = settled.slice(126).map((each) => (each.kind === 'refused' ? each.nack.code : each.kind));
  assert.deepEqual(
    codes,
    Array.from({ length: 74 }, () => 'schema'),
  );
  await services.influx.restart();
  await storedAll('s-2', times.slice(0, 126));
});

test('while PostgreSQL and InfluxDB are both away a device keeps its readings, the hub says so, and has all of them in the end', async (t) => {
  const lab = startClusterLab(t, services);
  const hub = await lab.startHub(inState);
  const [secret = ''] = await addDevices(hub, ['s-3']);
  const device = await lab.connect(hub, 's-3', secret);
  await presenceAt(hub, 's-3', 'online');
  await Promise.all([services.postgres.stop(), services.influx.kill()]);
  const first = measure(device, within(50));
  let acked = false;
  void first.outcomes.then(() => {
    acked = true;
  });
  const says = async () => (await spoolFault(hub))?.includes('devices keep their readings') === true;
  await waitFor(says, { what: 'what that means', ...patient });
  const second = measure(device, within(50));
  await waitFor(async () => (await ledgerOf(hub)).rejected > 0, { what: 'overloaded', ...patient });
  assert.equal(acked, false);
  await services.postgres.restart();
  const kinds = new Set(
    (await Promise.all([first.outcomes, second.outcomes])).flat().map(({ kind }) => kind),
  );
  assert.deepEqual([...kinds], ['stored'], 'in PostgreSQL');
  await waitFor(async () => (await spoolFault(hub)) === undefined, {
    what: 'the end of the fault',
    ...patient,
  });
  await services.influx.restart();
  await storedAll('s-3', [...first.times, ...second.times]);
  await waitFor(() => linesInState(lab.name) === 0, { what: 'an empty spool', ...patient });
  assert.equal((await ledgerOf(hub)).imbalance, 0);
});

test('what waits goes along when the place of the spool is changed, there and back', async (t) => {
  const lab = startClusterLab(t, services);
  let hub = await lab.startHub({ HUB_SPOOL: 'local' });
  const [secret = ''] = await addDevices(hub, ['s-4']);
  const device = await lab.connect(hub, 's-4', secret);
  await presenceAt(hub, 's-4', 'online');
  await services.influx.kill();
  const { times, outcomes } = measure(device, within(30));
  await outcomes;
  assert.equal(linesInState(lab.name), 0);
  for (const place of ['state', 'local'] as const) {
    await hub.kill();
    hub = await spawnHub({ dataDir: hub.dataDir, env: { ...lab.env, HUB_SPOOL: place } });
    const started = hub;
    t.after(() => started.close());
    const { carried, imbalance } = await ledgerOf(hub);
    assert.ok(carried >= 30, `${carried} carried`);
    assert.equal(imbalance, 0);
    assert.equal(linesInState(lab.name) >= 30, place === 'state');
  }
  await services.influx.restart();
  await storedAll('s-4', times);
});
