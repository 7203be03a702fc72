import { connectAsync } from 'mqtt';
import type { LedgerRow } from '../../../schemas/api/telemetry/ledger.ts';
import { startHttpFront } from '../services/http-front.ts';
import { httpStrangers } from '../services/http-strangers.ts';
import { startInflux } from '../services/influxd.ts';
import { startMosquitto } from '../services/mosquitto.ts';
import { mqttStrangers, startMqttFront } from '../services/mqtt-strangers.ts';
import { spawnHub, type HubProcess } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';
import { quiet } from './kill-rounds.ts';
import { addDevices, LedgerFleet } from './ledger-fleet.ts';
import type { Comparison } from './readings-verdict.ts';
import { letPass } from '../let-pass.ts';

export interface StrangersReport extends Comparison {
  /** Readings the devices were refused. */
  refused: number;
  /** Strangers that `/readyz` did not notice, or gave no reason for. */
  unnoticed: string[];
  /** Final statuses on the real broker, by command. */
  finals: Record<string, string[]>;
  commands: number;
  ledger: LedgerRow;
}

interface Part {
  ok: boolean;
  reason?: string;
}

/** One thing at a time answers in place of the database and of the broker, under load; then the real one is back. */
export async function answersOfStrangers(options: {
  store: readonly string[];
  broker: readonly string[];
  devices: number;
  perSec: number;
  /** How long each stranger answers, at least. */
  holdMs: number;
  say?: (text: string) => void;
}): Promise<StrangersReport> {
  const { holdMs, say = () => undefined } = options;
  const influx = await startInflux();
  const mosquitto = await startMosquitto();
  const storeFront = await startHttpFront(influx.url);
  const brokerFront = await startMqttFront(mosquitto.port);
  const hub = await spawnHub({
    env: {
      HUB_TLS: 'off',
      HUB_DEVICE_LISTEN: '127.0.0.1:0',
      HUB_ACK_DELAY_MS: '50',
      HUB_INFLUX_URL: storeFront.url,
      HUB_MQTT_URL: brokerFront.url,
    },
  });
  const credentials = await addDevices(hub, options.devices);
  const fleet = new LedgerFleet({ url: hub.deviceUrl, credentials, perSec: options.perSec });
  const watcher = await connectAsync(mosquitto.url);
  const finals: Record<string, string[]> = {};
  watcher.on('message', (topic) => {
    const [command = '', status = ''] = topic.split('/').slice(-2);
    if (finalStatuses.has(status)) (finals[command] ??= []).push(status);
  });
  const unnoticed: string[] = [];
  let commands = 0;
  try {
    await watcher.subscribeAsync('hub/v1/status/#', { qos: 1 });
    fleet.connect();
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices are online', timeoutMs: 60_000 });
    fleet.start();
    const noticed = async (part: 'store' | 'bus', name: string): Promise<void> => {
      const { ok, reason } = await partOf(hub, part);
      say(`${part} answered by ${name}: ${reason ?? 'nothing noticed'}`);
      if (ok || reason === undefined || reason === '') unnoticed.push(`${part}: ${name}`);
    };
    for (const name of options.store) {
      await isWell(hub, 'store');
      storeFront.set(httpStrangers[name]);
      await waitFor(() => storeFront.answered > 0, { what: `${name} is met`, timeoutMs: 20_000 });
      await letPass(holdMs);
      await noticed('store', name);
      storeFront.set(undefined);
    }
    for (const name of options.broker) {
      await isWell(hub, 'bus');
      brokerFront.set(mqttStrangers[name]);
      await waitFor(() => brokerFront.answered > 0, { what: `${name} is met`, timeoutMs: 40_000 });
      const [device] = credentials;
      commands += 1;
      // What counts is that its end is told once, when the broker is back.
      const sent = ['command', 'send', device?.id ?? '', 'set-interval', '--param', 'seconds=1'];
      const { code, stderr } = await hub.cli([...sent, '--id', `c-${commands}`]);
      if (code !== 0) throw new Error(`the command was not taken: ${stderr}`);
      await letPass(holdMs);
      await noticed('bus', name);
      brokerFront.set(undefined);
    }
    await isWell(hub, 'store');
    await isWell(hub, 'bus');
    fleet.stop();
    const ledger = await quiet(hub, fleet, 60_000);
    await waitFor(() => Object.keys(finals).length === commands, {
      what: 'the end of every command is told',
      timeoutMs: 30_000,
    });
    return {
      ...(await fleet.compare(influx.url)),
      refused: fleet.refused,
      unnoticed,
      finals,
      commands,
      ledger,
    };
  } finally {
    await fleet.close();
    await watcher.endAsync(true);
    await hub.close();
    await storeFront.close();
    await brokerFront.close();
    await influx.close();
    await mosquitto.close();
  }
}

const finalStatuses = new Set(['succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'lost']);

async function partOf(hub: HubProcess, part: 'store' | 'bus'): Promise<Part> {
  const { parts } = (await (await fetch(new URL('/readyz', hub.adminUrl))).json()) as {
    parts: Record<'store' | 'bus', Part>;
  };
  return parts[part];
}

/** The waits of the hub between two attempts grow to half a minute. */
async function isWell(hub: HubProcess, part: 'store' | 'bus'): Promise<void> {
  await waitFor(async () => (await partOf(hub, part)).ok, {
    what: `${part} is well again`,
    timeoutMs: 60_000,
    everyMs: 50,
  });
}
