import { LinkFaults, makeDevice, wsLinks } from '../../sdk/typescript/src/node.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Credential } from '../device/credentials.ts';
import { seededRandom } from '../device/random.ts';
import { faults, type FaultName, type FaultyDevice } from './verify-faults.ts';
import { VerifyLedger, type LedgerCounts, type StoredRow } from './verify-ledger.ts';

/** The hub as its operators see it: its ledger and its store. */
export interface VerifiedHub {
  /** The ledger of one device; undefined when the hub has none. */
  ledger(device: string): Promise<HubLedger | undefined>;
  readings(device: string, stream: string): Promise<StoredRow[]>;
}

export interface HubLedger {
  inFlight: number;
  spooled: number;
  imbalance: number;
}

export interface VerifyOptions {
  url: string;
  ca?: string | undefined;
  credentials: readonly Credential[];
  /** The same seed gives the same values, faults and intervals. */
  seed: string;
  /** Readings per second and device. */
  rate: number;
  durationSec: number;
  faults: readonly FaultName[];
  /** How long settling and storing everything may take afterwards. */
  settleSec: number;
  clock: Clock;
  stopped: AbortSignal;
  say: (text: string) => void;
}

export interface VerifyReport extends LedgerCounts {
  devices: number;
  faults: Record<string, number>;
  differences: string[];
}

/** The average interval between faults of a device, ms. */
const faultEveryMs = 4_000;
const faultLastsMs = 2_500;
const stormEveryMs = 10_000;

/**
 * Runs a fleet with all the faults that occur in the field. Keeps a ledger of what was sent and how the hub answered,
 * and finally compares it with the store and with the hub's own ledger.
 */
export async function verify(hub: VerifiedHub, options: VerifyOptions): Promise<VerifyReport> {
  const { clock, credentials, say } = options;
  const begun: Record<string, number> = {};
  const devices = credentials.map((credential) => new VerifiedDevice(credential, options, begun));
  for (const device of devices) device.start();
  const stopStorm = options.faults.includes('cut')
    ? clock.every(stormEveryMs, () => {
        for (const device of devices) device.begin('cut');
      })
    : undefined;
  await waitUntil(clock, options.durationSec, () => options.stopped.aborted);
  stopStorm?.();
  for (const device of devices) device.stopSending();
  say('sending has ended; waiting until everything is settled');
  await waitUntil(clock, options.settleSec, () => devices.every(({ unsettled }) => unsettled === 0));
  await waitUntil(clock, options.settleSec, async () => {
    const ledgers = await Promise.all(devices.map(({ id }) => hub.ledger(id)));
    return ledgers.every((ledger) => ledger !== undefined && ledger.inFlight + ledger.spooled === 0);
  });
  const differences: string[] = [];
  for (const device of devices) {
    const report = (what: string): unknown => differences.push(`${device.id}: ${what}`);
    device.ledger.differences(await hub.readings(device.id, 'env')).forEach(report);
    const ofHub = await hub.ledger(device.id);
    if (ofHub === undefined) report("the hub's ledger has no account of it");
    else if (ofHub.imbalance !== 0) report(`the hub's ledger is out of balance by ${ofHub.imbalance} points`);
    else if (ofHub.inFlight + ofHub.spooled > 0) report('the hub has not stored all of its readings yet');
    const { open } = device.ledger.counts();
    if (open > 0) report(`${open} readings were never settled`);
  }
  await Promise.all(devices.map((device) => device.close()));
  const counts = devices.map(({ ledger }) => ledger.counts());
  const sum = (name: keyof LedgerCounts): number => counts.reduce((total, count) => total + count[name], 0);
  return {
    devices: devices.length,
    sent: sum('sent'),
    stored: sum('stored'),
    refused: sum('refused'),
    dropped: sum('dropped'),
    open: sum('open'),
    faults: begun,
    differences,
  };
}

/** One device with its ledger and its own seeded run of faults. */
class VerifiedDevice implements FaultyDevice {
  readonly id: string;
  readonly ledger = new VerifyLedger('temperature');
  readonly client;
  readonly link;
  readonly random;
  readonly #options: VerifyOptions;
  readonly #begun: Record<string, number>;
  readonly #cancels: (() => void)[] = [];
  readonly #ends = new Set<() => void>();
  #lastMs = 0;

  constructor({ id, secret }: Credential, options: VerifyOptions, begun: Record<string, number>) {
    const { url, ca, clock, seed } = options;
    this.id = id;
    this.random = seededRandom(`${seed}/${id}`);
    this.#options = options;
    this.#begun = begun;
    this.link = new LinkFaults(wsLinks({ ca }), clock);
    this.client = makeDevice({
      url,
      id,
      secret,
      clock,
      random: seededRandom(`${seed}/${id}/waits`),
      type: 'env-sensor@1',
      capacity: 100_000,
      backoffFirstMs: 200,
      openLink: this.link.open,
    });
  }

  get unsettled(): number {
    return this.client.counts().waiting;
  }

  start(): void {
    const { clock, rate } = this.#options;
    this.client.wake();
    this.#cancels.push(clock.every(1000 / rate, () => this.send(0)));
    this.#nextFault();
  }

  readonly send = (agoMs: number, times = 1): void => {
    const { clock } = this.#options;
    // At most one reading per time: the store could keep only one of two values.
    this.#lastMs = Math.max(clock.now(), this.#lastMs + 1);
    const ts = this.#lastMs - agoMs;
    const value = this.#valueAt(ts);
    for (let n = 0; n < times; n += 1) {
      const settled = this.ledger.sent(ts, value);
      void this.client.measure('env', { temperature: value }, { ts }).then(settled);
    }
  };

  begin(name: FaultName): void {
    const { clock } = this.#options;
    this.#begun[name] = (this.#begun[name] ?? 0) + 1;
    const fault: { begin: (device: FaultyDevice) => void; end?: (device: FaultyDevice) => void } =
      faults[name];
    fault.begin(this);
    const { end } = fault;
    if (end === undefined) return;
    const once = (): void => {
      if (this.#ends.delete(once)) end(this);
    };
    this.#ends.add(once);
    this.#cancels.push(clock.after(faultLastsMs, once));
  }

  stopSending(): void {
    for (const cancel of this.#cancels) cancel();
    for (const end of this.#ends) end();
  }

  close(): Promise<void> {
    return this.client.close();
  }

  #nextFault(): void {
    const { clock, faults: names } = this.#options;
    if (names.length === 0) return;
    const waitMs = faultEveryMs * (0.5 + this.random());
    this.#cancels.push(
      clock.after(waitMs, () => {
        const name = names[Math.floor(this.random() * names.length)];
        if (name !== undefined) this.begin(name);
        this.#nextFault();
      }),
    );
  }

  /** The value depends on device and time, so that a mix-up is found. It has one decimal, so that rounding hides nothing. */
  #valueAt(ts: number): number {
    return Math.floor(seededRandom(`${this.#options.seed}/${this.id}/${ts}`)() * 1_000) / 10;
  }
}

/** Checks twice a second, until `done` or the end of the time. */
async function waitUntil(
  clock: Clock,
  seconds: number,
  done: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = clock.monotonic() + seconds * 1000;
  while (clock.monotonic() < endMs && !(await done())) {
    await new Promise<void>((resolve) => {
      clock.after(Math.min(500, Math.max(1, endMs - clock.monotonic())), resolve);
    });
  }
}
