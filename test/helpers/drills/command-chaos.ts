import assert from 'node:assert/strict';
import { connect, type MqttClient } from 'mqtt';
import { seededRandom } from '../../../device-sim/device/random.ts';
import { registerDevices, startCommandFleet, type CommandFleet } from './command-fleet.ts';
import type { CommandRecord, CommandReport } from './command-record.ts';
import { freePort } from '../services/free-port.ts';
import { temporaryFolder } from '../services/guard.ts';
import { startMosquitto, type MosquittoBroker } from '../services/mosquitto.ts';
import { spawnHub, type HubProcess } from '../services/process.ts';
import { startTcpProxy, type TcpProxy } from '../services/tcp-proxy.ts';
import { letPass } from '../let-pass.ts';

export interface ChaosOptions {
  broker: 'mosquitto' | 'embedded';
  commands: number;
  devices: number;
  /** Commands a second. */
  rate: number;
  /** Between two kills, on average. */
  killEveryMs: number;
  seed: string;
  /** How long after the last kill everything may take to settle. */
  settleMs: number;
}

export interface ChaosReport extends CommandReport {
  kills: Record<string, number>;
}

/** Commands while the hub, the broker and the links die at random; what follows holds for every one of them. */
export async function runCommandChaos(options: ChaosOptions): Promise<ChaosReport> {
  const chaos = new Chaos(options);
  try {
    return await chaos.run();
  } finally {
    await chaos.close();
  }
}

class Chaos {
  readonly #options: ChaosOptions;
  readonly #random: () => number;
  readonly #folder = temporaryFolder('chaos');
  readonly #kills: Record<string, number> = { hub: 0, broker: 0, links: 0 };
  #env: Record<string, string> = {};
  #hub: HubProcess | undefined;
  #mosquitto: MosquittoBroker | undefined;
  #proxy: TcpProxy | undefined;
  #fleet: CommandFleet | undefined;
  #publisher: MqttClient | undefined;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  async run(): Promise<ChaosReport> {
    await this.#start();
    const sending = this.#sendAll();
    const progress = { over: false };
    const sent = sending.finally(() => {
      progress.over = true;
    });
    while (!progress.over) {
      await Promise.race([letPass(this.#options.killEveryMs * (0.5 + this.#random())), sent]);
      if (!progress.over) await this.#killOne();
    }
    await sent;
    assert.ok(this.#fleet);
    const report = await this.#fleet.record.compare(this.#folder.path, this.#options.settleMs);
    return { ...report, kills: this.#kills };
  }

  async close(): Promise<void> {
    this.#publisher?.end(true);
    await this.#fleet?.close();
    await this.#proxy?.close();
    await this.#hub?.close();
    await this.#mosquitto?.close();
    this.#folder.remove();
  }

  async #start(): Promise<void> {
    const [devicePort, brokerPort] = [await freePort(), await freePort()];
    this.#env = {
      HUB_TLS: 'off',
      HUB_DEVICE_LISTEN: `127.0.0.1:${devicePort}`,
      HUB_BROKER_LISTEN: `127.0.0.1:${brokerPort}`,
    };
    let url = `mqtt://127.0.0.1:${brokerPort}`;
    if (this.#options.broker === 'mosquitto') {
      this.#mosquitto = await startMosquitto();
      ({ url } = this.#mosquitto);
      this.#env['HUB_MQTT_URL'] = url;
    }
    await this.#startHub();
    assert.ok(this.#hub);
    const type = 'env-sensor@1';
    const secrets = await registerDevices(this.#hub, { prefix: 'd-', count: this.#options.devices, type });
    this.#proxy = await startTcpProxy({ port: devicePort });
    this.#fleet = startCommandFleet(secrets, {
      url: `ws://127.0.0.1:${this.#proxy.port}/v1/device`,
      type,
      commands: ['identify', 'set-interval'],
      act: async () => {
        await letPass(this.#random() * 200);
        return this.#random() < 0.1 ? { status: 'failed', error: 'by chance' } : { status: 'succeeded' };
      },
    });
    await this.#fleet.online;
    this.#publisher = connect(url, {
      protocolVersion: 4,
      reconnectPeriod: 200,
      clientId: 'caller',
      clean: true,
    });
    this.#publisher.on('error', () => undefined);
  }

  async #startHub(): Promise<void> {
    this.#hub = await spawnHub({ env: this.#env, dataDir: this.#folder.path });
  }

  async #killOne(): Promise<void> {
    const dice = this.#random();
    // The hub is the first to die: a run that is over soon must have met that too.
    if (dice < 0.35 || this.#kills['hub'] === 0) {
      this.#kills['hub'] = (this.#kills['hub'] ?? 0) + 1;
      await this.#hub?.kill('SIGKILL');
      await this.#startHub();
    } else if (dice < 0.6 && this.#mosquitto !== undefined) {
      this.#kills['broker'] = (this.#kills['broker'] ?? 0) + 1;
      await this.#mosquitto.kill();
      await this.#mosquitto.restart();
    } else {
      this.#kills['links'] = (this.#kills['links'] ?? 0) + 1;
      this.#proxy?.cut();
    }
  }

  async #sendAll(): Promise<void> {
    const { commands, devices, rate } = this.#options;
    assert.ok(this.#fleet);
    const { record } = this.#fleet;
    const under: Promise<void>[] = [];
    for (let number = 1; number <= commands; number++) {
      const device = `d-${1 + Math.floor(this.#random() * devices)}`;
      const name = this.#random() < 0.5 ? 'identify' : 'set-interval';
      const body = {
        id: `c-${number}`,
        ttlMs: 15_000,
        ...(name === 'identify' ? {} : { params: { seconds: 60 } }),
      };
      record.requested(device, body.id);
      const published = this.#random() < 0.5;
      under.push(
        published
          ? this.#publish(record, device, name, body)
          : record.post(this.#folder.path, device, name, body),
      );
      await letPass(1000 / rate);
    }
    // One that never comes back was under way when its connection died: nothing was promised.
    await Promise.race([Promise.all(under), letPass(20_000)]);
  }

  async #publish(record: CommandRecord, device: string, name: string, body: { id: string }): Promise<void> {
    try {
      await this.#publisher?.publishAsync(`hub/v1/command/${device}/${name}`, JSON.stringify(body), {
        qos: 1,
      });
      // The embedded broker's PUBACK is the hub's own.
      if (this.#options.broker === 'embedded') record.promised(device, body.id);
    } catch {
      // Nothing was promised.
    }
  }
}
