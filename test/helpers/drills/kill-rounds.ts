import { RamMemory } from '../../../sdk/typescript/src/node.ts';
import type { LedgerRow } from '../../../schemas/api/telemetry/ledger.ts';
import { freePort } from '../services/free-port.ts';
import { temporaryFolder } from '../services/guard.ts';
import { query, startInflux } from '../services/influxd.ts';
import { CommandRecord, type CommandReport } from './command-record.ts';
import { addDevices, LedgerFleet } from './ledger-fleet.ts';
import type { Comparison } from './readings-verdict.ts';
import { spawnHub, type HubProcess } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';
import { letPass } from '../let-pass.ts';

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
  commands: CommandReport;
  /** Devices that were reported offline, none of which was ever away for longer than the hub. */
  falselyOffline: string[];
}

/** Short, so that some commands are overtaken by a kill and expire. */
const commandTtlMs = 5_000;

/**
 * Everything is killed at random under load and under commands, again and again. What the devices were acked for must be
 * in the store, each command must end as its device says, and no device may be reported offline.
 * @throws AssertionError when a command's status is untrue
 */
export async function killRounds(options: {
  devices: number;
  perSec: number;
  /** To a device at random, all in all. */
  commandsPerSec: number;
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
  const fleet = new LedgerFleet({
    url: hub.deviceUrl,
    credentials,
    perSec: options.perSec,
    memory: () => new RamMemory(),
  });
  const between = (fromMs: number, toMs: number): Promise<void> =>
    letPass(fromMs + random() * (toMs - fromMs));
  const record = new CommandRecord();
  for (const [id, client] of fleet.clients)
    record.follow(client, id, ['identify'], async () => {
      await between(0, 300);
      return { status: random() < 0.1 ? 'failed' : 'succeeded' };
    });
  let commands = 0;
  let sending: NodeJS.Timeout | undefined;
  const sendCommand = (): void => {
    const device = credentials[Math.floor(random() * credentials.length)]?.id ?? '';
    const body = { id: `c-${(commands += 1)}`, ttlMs: commandTtlMs };
    record.requested(device, body.id);
    void record.post(folder.path, device, 'identify', body);
  };
  const kills = { hub: 0, influx: 0, both: 0 };
  const victims: (keyof typeof kills)[] = [];
  let imbalances = 0;
  const countImbalances = (): void => {
    imbalances += hub.lines.filter(({ msg }) => msg === 'the ledger does not balance').length;
  };
  try {
    fleet.connect();
    fleet.start();
    sending = setInterval(sendCommand, 1_000 / options.commandsPerSec);
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
    clearInterval(sending);
    const report = await record.compare(folder.path, 60_000);
    const ledger = await quiet(hub, fleet, 90_000);
    countImbalances();
    return {
      ...(await fleet.compare(influx.url)),
      kills,
      ledger,
      imbalances,
      commands: report,
      falselyOffline: await reportedOffline(influx.url),
    };
  } finally {
    clearInterval(sending);
    await fleet.close();
    await hub.close();
    await influx.close();
    folder.remove();
  }
}

/** Each device and reason with which the hub ever said that a device is offline, by what it wrote to the store. */
async function reportedOffline(influxUrl: string): Promise<string[]> {
  const series = await query(influxUrl, 'hub', 'SELECT state, reason, device FROM presence');
  const points = series.flatMap(({ values }) => values);
  if (points.length === 0) throw new Error('no presence was recorded');
  return points
    .filter(([, state]) => state === 'offline')
    .map(([, , reason, device]) => `${String(device)} ${String(reason)}`);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
