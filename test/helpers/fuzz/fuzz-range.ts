import { Agent } from 'node:http';
import { connectAsync, type MqttClient } from 'mqtt';
import type { DevicePage } from '../../../schemas/api/devices.ts';
import type { LedgerReport } from '../../../schemas/api/telemetry/ledger.ts';
import type { Readiness } from '../../../schemas/api/health.ts';
import { openRaw, type RawDevice } from '../devices/raw-device.ts';
import { startSecurityHub, type SecurityHub } from '../hubs/security-hub.ts';
import type { LogLine } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';
import { Latest } from './latest.ts';

/** Devices that the fuzzing plays itself; those in `asked` are only asked about and commanded. */
export const played: readonly string[] = Array.from({ length: 16 }, (_, n) => `played-${n}`);
export const asked: readonly string[] = Array.from({ length: 6 }, (_, n) => `asked-${n + 1}`);
const bystanderId = 'bystander';

/** How long a bystander may wait for its ack, ms: many times what it takes on a busy machine. */
const ackWithinMs = 5_000;
/** Of pino: error and above. */
const errorLevel = 50;

/** Tokens of programs with different rights. */
export const tokenNames = ['fuzz-admin', 'fuzz-operator', 'fuzz-some', 'fuzz-viewer'] as const;
export type TokenName = (typeof tokenNames)[number];

const rightsOf: Readonly<Record<TokenName, { role: string; devices: string }>> = {
  'fuzz-admin': { role: 'admin', devices: '*' },
  'fuzz-operator': { role: 'operator', devices: '*' },
  'fuzz-some': { role: 'operator', devices: 'id=asked-1' },
  'fuzz-viewer': { role: 'viewer', devices: '*' },
};

/** Members of the report as far as the rules need them. */
type Accounts = Pick<LedgerReport, 'total' | 'accounts'>;

/** A hub process, with a device and a reader of the broker that must stay served whatever comes from elsewhere. */
export class FuzzRange {
  readonly hub: SecurityHub;
  readonly tokens: ReadonlyMap<TokenName, string>;
  readonly latest = new Latest();
  /** A request over a connection of its own takes many times as long. */
  readonly agent = new Agent({ keepAlive: true });
  readonly #bystander: RawDevice;
  readonly #reader: MqttClient;
  /** Times of the bystander's readings that came over the broker, Unix ms. */
  readonly #published = new Set<number>();
  #seq = 0;
  #lastMs = 0;
  #turn = 0;
  #linesSeen = 0;
  #exceptionsSeen = 0;
  /** It is not what it was: the next attempt needs a new one. */
  worn = false;

  private constructor(
    hub: SecurityHub,
    tokens: ReadonlyMap<TokenName, string>,
    bystander: RawDevice,
    reader: MqttClient,
  ) {
    this.hub = hub;
    this.tokens = tokens;
    this.#bystander = bystander;
    this.#reader = reader;
    reader.on('message', (_topic, payload) => {
      this.#published.add((JSON.parse(payload.toString()) as { ts: number }).ts);
    });
  }

  /** @param entry a hub with a fault on purpose */
  static async open(entry?: string): Promise<FuzzRange> {
    const env = {
      HUB_TLS: 'off',
      HUB_ACK_DELAY_MS: '0',
      // One address plays everybody here, and comes back far more often than a fleet would.
      HUB_ACCEPT_PER_SEC: '100000',
      HUB_MAX_PENDING_PER_ADDRESS: '100000',
    };
    const hub = await startSecurityHub([bystanderId, ...played, ...asked], {
      env,
      ...(entry === undefined ? {} : { entry }),
    });
    try {
      const tokens = new Map<TokenName, string>();
      for (const name of tokenNames) {
        const body = { name, safety: 'critical', ...rightsOf[name] };
        tokens.set(name, (await hub.ask<{ token: string }>('POST', '/operators/tokens', body)).token);
      }
      const bystander = await openRaw({
        url: hub.deviceUrl,
        id: bystanderId,
        secret: hub.secretOf(bystanderId),
      });
      const reader = await connectAsync(hub.brokerUrl ?? '', {
        username: 'fuzz-viewer',
        password: tokens.get('fuzz-viewer') ?? '',
      });
      await reader.subscribeAsync(`hub/v1/telemetry/${bystanderId}/env`);
      return new FuzzRange(hub, tokens, bystander, reader);
    } catch (error) {
      await hub.close();
      throw error;
    }
  }

  /** Devices take turns, so that none comes back too often. */
  nextDevice(): string {
    this.#turn += 1;
    return played[this.#turn % played.length] ?? '';
  }

  /** @throws with what is not as it was before */
  async check(): Promise<void> {
    try {
      if (!this.hub.running) throw new Error(`the hub has ended:\n${this.hub.output().slice(-4_000)}`);
      await Promise.all([this.#isServed(), this.#isReady(), this.#balances()]);
    } catch (error) {
      this.worn = true;
      throw error;
    }
    const exceptions = await this.hub.metric('hub_frame_exceptions_total');
    const thrown = exceptions - this.#exceptionsSeen;
    this.#exceptionsSeen = exceptions;
    const errors = this.#newErrors();
    if (errors.length > 0) throw new Error(`the log has errors: ${JSON.stringify(errors)}`);
    if (thrown > 0) throw new Error(`${thrown} frames threw an exception`);
  }

  /** Registers again which of the asked devices were removed, so that asking about them goes on. */
  async restore(): Promise<void> {
    const { devices } = await this.hub.ask<Pick<DevicePage, 'devices'>>(
      'GET',
      '/devices?q=asked&limit=10000',
    );
    const ids = asked.filter((id) => !devices.some((device) => device.id === id));
    if (ids.length > 0)
      await this.hub.ask('POST', '/devices', { ids, type: 'env-sensor@1', site: 'default' });
  }

  /** In the session it has had from the beginning, a reading of the bystander is acked, and published. */
  async #isServed(): Promise<void> {
    const seq = (this.#seq += 1);
    const ts = (this.#lastMs = Math.max(Date.now(), this.#lastMs + 1));
    const device = this.#bystander;
    device.send({ type: 'telemetry', seq, stream: 'env', ts, data: { temperature: 20 } });
    await device.next('ack', (frame) => 'upTo' in frame && frame.upTo >= seq, ackWithinMs);
    const nack = device.frames.find(({ type }) => type === 'nack');
    if (nack !== undefined) throw new Error(`the bystander was refused: ${JSON.stringify(nack)}`);
    await waitFor(() => this.#published.delete(ts), {
      what: "the bystander's reading is published",
      timeoutMs: ackWithinMs,
    });
  }

  /** Whoever shares the machine may hold up one probe of a part, but not the next ones. */
  async #isReady(): Promise<void> {
    const ready = async (): Promise<boolean> => {
      const answer = await fetch(`${this.hub.adminUrl}/readyz`);
      const { state, parts } = (await answer.json()) as Readiness;
      if (state !== 'ready') throw new Error(`it is ${state}: ${JSON.stringify(parts)}`);
      return true;
    };
    await waitFor(ready, { what: 'the hub is ready', timeoutMs: ackWithinMs, everyMs: 100 });
  }

  async #balances(): Promise<void> {
    const { total, accounts } = await this.hub.ask<Accounts>('GET', '/ledger');
    const wrong = [total, ...accounts].filter(({ imbalance }) => imbalance !== 0);
    if (wrong.length > 0) throw new Error(`the ledger does not balance: ${JSON.stringify(wrong)}`);
  }

  #newErrors(): LogLine[] {
    const { lines } = this.hub;
    const fresh = lines.slice(this.#linesSeen);
    this.#linesSeen = lines.length;
    return fresh.filter(({ level }) => typeof level === 'number' && level >= errorLevel);
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.#bystander.close();
    await this.#reader.endAsync(true);
    await this.hub.close();
  }
}
