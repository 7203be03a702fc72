import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { connectAsync, type MqttClient } from 'mqtt';
import { WebSocket } from 'ws';
import { letPass } from '../helpers/let-pass.ts';
import { registerDevices } from '../helpers/drills/command-fleet.ts';
import { freePort } from '../helpers/services/free-port.ts';
import { startMosquitto } from '../helpers/services/mosquitto.ts';
import { spawnHub } from '../helpers/services/process.ts';
import { startTcpProxy, type TcpProxy } from '../helpers/services/tcp-proxy.ts';
import { waitFor } from '../helpers/wait-for.ts';
import type { Revision } from './revision.ts';

/** Of the device in the bench: short, so that a month of heartbeats can be counted in half a minute. */
const heartbeatSec = 4;
const heartbeats = 8;
/** Of a device in the field, s: it sends at 0.8 of it. */
const fieldHeartbeatSec = 60;
const monthSec = 30 * 86_400;
/** Each way, so that a round trip can be seen in a time. */
const delayMs = 400;

const readings = Array.from({ length: 10 }, (_, n) => ({
  ts: Date.now() - 10_000 + n * 1_000,
  data: { temperature: 21.5 + n / 10, humidity: 48 + n / 2, battery: 3.1, rssi: -61 - n },
}));

/**
 * Bytes on the wire, both ways: a connect, a reading, ten readings, a month of nothing but
 * heartbeats, and after how many round trips a new connection has its first reading acked. Beside them MQTT with QoS 1 to
 * Mosquitto, the same certificate and payload.
 */
export async function benchWire({ entry }: Revision): Promise<object> {
  const hub = await spawnHub({
    // A round trip is counted, not the time for which an ack waits for others.
    env: { HUB_ACK_DELAY_MS: '0' },
    ...(entry === undefined ? {} : { entry }),
  });
  const { port } = new URL(hub.deviceUrl);
  const proxy = await startTcpProxy({ port: Number(port) });
  const mqttPort = await freePort();
  const certificate = (name: string): string => join(hub.dataDir, 'tls', name);
  const broker = await startMosquitto({
    config: [
      `listener ${mqttPort} 127.0.0.1`,
      `certfile ${certificate('hub.crt')}`,
      `keyfile ${certificate('hub.key')}`,
    ],
  });
  const mqttProxy = await startTcpProxy({ port: mqttPort });
  try {
    const [[id, secret] = ['', '']] = [
      ...(await registerDevices(hub, { prefix: 'd-', count: 1, type: 'env-sensor@1' })),
    ];
    const url = hub.deviceUrl.replace(`:${port}`, `:${proxy.port}`);
    const device = new WireDevice(proxy, { url, id, secret, ca: readFileSync(certificate('ca.crt')) });
    const connect = await measured(proxy, () => device.open());
    const resumed = await measured(proxy, () => device.open());
    const reading = await measured(proxy, () => device.telemetry(readings.slice(0, 1)));
    const batch = await measured(proxy, () => device.telemetry(readings));
    const idle = await measured(proxy, () => device.heartbeats());
    const firstAck = { afterWelcome: await device.firstAck(false), withHello: await device.firstAck(true) };
    device.close();
    return {
      connect,
      resumed,
      reading,
      batchOfTen: batch,
      idleMonthKib: month(idle, heartbeats, 0.8 * fieldHeartbeatSec),
      roundTripsToFirstAck: firstAck,
      mqttQos1: await measureMqtt(mqttProxy, readFileSync(certificate('ca.crt'))),
    };
  } finally {
    await Promise.all([proxy.close(), mqttProxy.close()]);
    await hub.close();
    await broker.close();
  }
}

/** A device that does just what is measured. */
class WireDevice {
  readonly #proxy: TcpProxy;
  readonly #at: { url: string; id: string; secret: string; ca: Buffer };
  #ws: WebSocket | undefined;
  #session: Buffer | undefined;
  #seq = 0;
  #acked = 0;
  #welcomed = false;

  constructor(proxy: TcpProxy, at: { url: string; id: string; secret: string; ca: Buffer }) {
    this.#proxy = proxy;
    this.#at = at;
  }

  async open(): Promise<void> {
    await this.#connect();
    this.#hello();
    await waitFor(() => this.#welcomed, { what: 'welcome' });
  }

  async telemetry(samples: readonly object[]): Promise<void> {
    this.#send(samples);
    await waitFor(() => this.#acked === this.#seq, { what: 'an ack' });
  }

  async heartbeats(): Promise<void> {
    for (let n = 0; n < heartbeats; n += 1) {
      await letPass(800 * heartbeatSec);
      this.#ws?.send(JSON.stringify({ type: 'heartbeat', t1: n }));
    }
  }

  /**
   * Round trips from the first byte of TLS to the ack of a reading.
   * @param early the reading follows `hello` at once; undefined where the hub does not take that
   */
  async firstAck(early: boolean): Promise<number | undefined> {
    this.#proxy.delay(delayMs);
    const startedMs = performance.now();
    await this.#connect();
    this.#hello();
    if (!early) await waitFor(() => this.#welcomed, { what: 'welcome', timeoutMs: 10_000, everyMs: 1 });
    this.#send(readings.slice(0, 1));
    try {
      await waitFor(() => this.#acked >= this.#seq, { what: 'an ack', timeoutMs: 5_000, everyMs: 1 });
      return Math.round((performance.now() - startedMs) / (2 * delayMs));
    } catch {
      return undefined;
    } finally {
      this.#proxy.delay(0);
    }
  }

  close(): void {
    this.#ws?.terminate();
  }

  async #connect(): Promise<void> {
    this.close();
    const { url, id, secret, ca } = this.#at;
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const resumed = this.#session === undefined ? {} : { session: this.#session };
    const socket = tlsConnect({ host: '127.0.0.1', port: this.#proxy.port, ca, ...resumed });
    socket.on('session', (session) => {
      this.#session = session;
    });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    const ws = new WebSocket(url, ['hub.v1.json'], {
      headers: { authorization },
      createConnection: () => socket,
    });
    this.#ws = ws;
    this.#welcomed = false;
    [this.#seq, this.#acked] = [0, 0];
    ws.on('error', () => undefined);
    ws.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string; upTo?: number };
      if (frame.type === 'welcome') this.#welcomed = true;
      if (frame.type === 'ack') this.#acked = frame.upTo ?? this.#acked;
    });
    await once(ws, 'open');
  }

  #hello(): void {
    const boot = `b-${performance.now()}`;
    this.#ws?.send(JSON.stringify({ type: 'hello', boot, deviceType: 'env-sensor@1', t1: 1, heartbeatSec }));
  }

  #send(samples: readonly object[]): void {
    this.#seq += 1;
    const [first] = samples;
    const body = samples.length === 1 ? first : { samples };
    this.#ws?.send(JSON.stringify({ type: 'telemetry', seq: this.#seq, stream: 'env', ...body }));
  }
}

/** The same over MQTT: a reading as JSON with QoS 1 to a topic of the device. */
async function measureMqtt(proxy: TcpProxy, ca: Buffer): Promise<object> {
  let client: MqttClient | undefined;
  const publish = async (payload: string): Promise<void> => {
    await client?.publishAsync('device/d-1/telemetry/env', payload, { qos: 1 });
  };
  const options = {
    protocolVersion: 5,
    clientId: 'd-1',
    keepalive: heartbeatSec,
    reconnectPeriod: 0,
  } as const;
  const connect = await measured(proxy, async () => {
    client = await connectAsync(`mqtts://localhost:${proxy.port}`, { ...options, ca });
  });
  const reading = await measured(proxy, () => publish(JSON.stringify(readings[0])));
  const batch = await measured(proxy, () => publish(JSON.stringify({ samples: readings })));
  const pings = 4;
  const idle = await measured(proxy, () => letPass(pings * heartbeatSec * 1_000));
  client?.on('error', () => undefined);
  await client?.endAsync(true);
  return {
    connect,
    reading,
    batchOfTen: batch,
    idleMonthKib: month(idle, pings, fieldHeartbeatSec),
  };
}

/** What a piece of work put on the wire: the bytes of TLS, and with the headers of TCP and IPv4. */
interface Traffic {
  tls: number;
  withTcpIp: number;
}

/** Headers of a segment without options (RFC 9293 §3.1, RFC 791 §3.1). */
const headerBytes = 40;
/** A segment with data, and an acknowledgement for every second one (RFC 9293 §3.8.6.3). */
const segmentsPerPiece = 1.5;

/** @returns what went both ways while something was done, and until all was quiet after it */
async function measured({ traffic }: TcpProxy, work: () => Promise<unknown>): Promise<Traffic> {
  const before = { ...traffic };
  await work();
  await letPass(200);
  const tls = traffic.bytes - before.bytes;
  return { tls, withTcpIp: tls + (traffic.pieces - before.pieces) * segmentsPerPiece * headerBytes };
}

/** KiB of a month with one exchange every `everySec`. */
function month(
  { tls, withTcpIp }: Traffic,
  exchanges: number,
  everySec: number,
): Record<keyof Traffic, number> {
  const kib = (bytes: number): number => Math.round(((bytes / exchanges) * monthSec) / everySec / 1_024);
  return { tls: kib(tls), withTcpIp: kib(withTcpIp) };
}
