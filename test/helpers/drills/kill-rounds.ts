import type { LedgerRow } from '../../../schemas/api/ledger.ts';
import { freePort } from '../services/free-port.ts';
import { temporaryFolder } from '../services/guard.ts';
import { startInflux } from '../services/influxd.ts';
import { addDevices, LedgerFleet, type Comparison } from './ledger-fleet.ts';
import { spawnHub, type HubProcess } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';

/** The ledger of a running hub, in total. */
export async function ledgerOf(hub: HubProcess): Promise<LedgerRow> {
  const { code, stdout, stderr } = await hub.cli(['ledger', '--json']);
  if (code !== 0) throw new Error(`no ledger: ${stderr}`);
  return (JSON.parse(stdout) as { total: LedgerRow }).total;
}

/** Nothing is on its way any more: every reading is settled, and the spool is drained. */
export async function quiet(hub: HubProcess, fleet: LedgerFleet, timeoutMs: number): Promise<LedgerRow> {
  await waitFor(() => fleet.unsettled === 0, {
    what: 'the devices have settled everything',
    timeoutMs,
    everyMs: 100,
  });
  return waitFor(
    async () => {
      const total = await ledgerOf(hub);
      return total.spooled === 0 && total.inFlight === 0 && total;
    },
    { what: 'the spool is drained', timeoutMs, everyMs: 500 },
  );
}

export interface KillReport extends Comparison {
  kills: Record<'hub' | 'influx' | 'both', number>;
  ledger: LedgerRow;
  imbalances: number;
}

/** Everything is killed at random under load, again and again; what the devices were acked for must be there. */
export async function killRounds(options: {
  devices: number;
  perSec: number;
  rounds: number;
  random: () => number;
  say?: (text: string) => void;
}): Promise<KillReport> {
  const { random, say = () => undefined } = options;
  const folder = temporaryFolder('kills');
  const influx = await startInflux();
  const env = {
    HUB_TLS: 'off',
    HUB_DEVICE_LISTEN: `127.0.0.1:${await freePort()}`,
    HUB_INFLUX_URL: influx.url,
    HUB_ACK_DELAY_MS: '50',
  };
  const start = (): Promise<HubProcess> => spawnHub({ env, dataDir: folder.path });
  let hub = await start();
  const credentials = await addDevices(hub, options.devices);
  const fleet = new LedgerFleet({ url: hub.deviceUrl, credentials, perSec: options.perSec });
  const kills = { hub: 0, influx: 0, both: 0 };
  const victims: (keyof typeof kills)[] = [];
  let imbalances = 0;
  const countImbalances = (): void => {
    imbalances += hub.lines.filter(({ msg }) => msg === 'the ledger does not balance').length;
  };
  const between = (fromMs: number, toMs: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, fromMs + random() * (toMs - fromMs));
    });
  try {
    fleet.connect();
    fleet.start();
    for (let round = 1; round <= options.rounds; round += 1) {
      await waitFor(() => fleet.online > fleet.size * 0.9, {
        what: 'nine of ten devices are online',
        timeoutMs: 60_000,
      });
      await between(200, 2_000);
      // Each as often as the others, in random order.
      if (victims.length === 0) victims.push(...shuffled(['hub', 'influx', 'both'] as const, random));
      const victim = victims.pop() ?? 'both';
      kills[victim] += 1;
      const acked = fleet.acked;
      if (victim !== 'influx') countImbalances();
      await Promise.all([
        victim === 'influx' ? undefined : hub.kill('SIGKILL'),
        victim === 'hub' ? undefined : influx.kill(),
      ]);
      await between(100, 1_500);
      // Either may be back first.
      const restarts = [
        async () => {
          if (victim !== 'influx') hub = await start();
        },
        async () => {
          if (victim !== 'hub') await influx.restart();
        },
      ];
      if (random() < 0.5) restarts.reverse();
      for (const restart of restarts) await restart();
      say(`round ${round}: killed ${victim} when ${acked} readings were acked`);
    }
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices are online', timeoutMs: 90_000 });
    fleet.stop();
    const ledger = await quiet(hub, fleet, 90_000);
    countImbalances();
    return { ...(await fleet.compare(influx.url)), kills, ledger, imbalances };
  } finally {
    await fleet.close();
    await hub.close();
    await influx.close();
    folder.remove();
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
