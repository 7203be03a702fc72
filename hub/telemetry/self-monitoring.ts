import type { FieldSpec } from '../../schemas/index.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { imbalance, type LedgerAccount, type Ledger } from './ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from './line-protocol.ts';
import { HubPoints } from './hub-points.ts';
import type { Writer } from './writer.ts';

/** What the hub measures about itself at one moment. */
export interface HubSample {
  devices: number;
  online: number;
  sessions: number;
  commandsOpen: number;
  commandsUncertain: number;
  /** Rollouts of which some update has not ended, how far their devices are, and how many the hub stopped since its start. */
  rolloutsOpen: number;
  updatesOpen: number;
  updatesSucceeded: number;
  updatesFailed: number;
  rolloutsStopped: number;
  /** Size of the spooled lines, and its bound, as `spool.db` counts them. */
  spoolSize: number;
  spoolFill: number;
  /** How long its oldest line has been waiting. */
  spoolWaitSec: number;
  /** How full the buffer before the store is, 0 to 1. */
  bufferFill: number;
  storeUp: boolean;
  /** How long a write takes lately, ms; undefined before the first. */
  storeWriteMs: number | undefined;
  busUp: boolean;
  /** The names of those of store, clock, spool, disk and bus that have a fault. */
  faults: readonly string[];
  /** The longest delay since the sample before, ms. */
  eventLoopLagMs: number;
  /** Share of the time since the sample before, 0 to 1. */
  eventLoopShare: number;
  heapBytes: number;
  /** Until the certificate of the device listener ends; undefined without TLS. */
  certificateLeftSec: number | undefined;
}

/** Often enough for a chart of minutes, and 8,640 points a day. */
const recordEveryMs = 10_000;

const counts = ['carried', 'received', 'rejected', 'stored', 'dropped'] as const;
const levels = ['inFlight', 'spooled', 'deadLettered'] as const;

/** Of measurement `hub`. */
export const hubFields: readonly FieldSpec[] = [
  ...[...counts, ...levels, 'imbalance'].map(integer),
  ...['devices', 'online', 'sessions', 'commandsOpen', 'commandsUncertain', 'spoolSize'].map(integer),
  ...['rolloutsOpen', 'updatesOpen', 'updatesSucceeded', 'updatesFailed', 'rolloutsStopped'].map(integer),
  // Integers, not booleans: Grafana reduces and compares numbers only.
  ...['storeUp', 'busUp', 'degraded', 'heapBytes'].map(integer),
  ...['spoolFill', 'bufferFill', 'eventLoopLagMs', 'eventLoopShare', 'uptimeSec'].map(float),
  ...['spoolWaitSec', 'storeWriteMs', 'certificateLeftSec'].map(float),
  { name: 'faults', kind: 'string', tag: false },
];
const encodeHub = compileFieldEncoder(hubFields);

function integer(name: string) {
  return { name, kind: 'integer', tag: false } as const;
}

function float(name: string) {
  return { name, kind: 'float', tag: false } as const;
}

/**
 * Writes the hub's own numbers to the store every ten seconds: measurement `hub`, tag `hub` (the hub's id). The
 * points of the ledger are totals since the hub started (`carried` … `dropped`) and levels (`inFlight`, `spooled`,
 * `deadLettered`). While the store is away they wait in the spool like any other point.
 */
export class SelfMonitoring {
  readonly #deps: { clock: Clock; ledger: Ledger; hubId: string; read: () => HubSample };
  readonly #points: HubPoints;
  readonly #startedAt: number;
  #cancel: Cancel = () => {};

  constructor(deps: { clock: Clock; writer: Writer; ledger: Ledger; hubId: string; read: () => HubSample }) {
    this.#deps = deps;
    this.#points = new HubPoints(deps);
    this.#startedAt = deps.clock.monotonic();
  }

  start(): void {
    this.#cancel = this.#deps.clock.every(recordEveryMs, () => this.record());
  }

  /** Writes one point with the current time. */
  record(): void {
    const { clock, ledger, hubId, read } = this.#deps;
    const { faults, storeUp, busUp, ...numbers } = read();
    const fields = encodeHub({
      ...pointsOf(ledger.total),
      ...numbers,
      storeUp: storeUp ? 1 : 0,
      busUp: busUp ? 1 : 0,
      degraded: faults.length,
      faults: faults.join(' '),
      uptimeSec: (clock.monotonic() - this.#startedAt) / 1000,
    });
    this.#points.write(`${encodePrefix('hub', { hub: hubId })}${fields} ${encodeTimeUs(clock.now())}`);
  }

  close(): void {
    this.#cancel();
  }
}

function pointsOf(total: LedgerAccount): Record<string, number> {
  const names = [...counts, ...levels];
  return { ...Object.fromEntries(names.map((name) => [name, total[name]])), imbalance: imbalance(total) };
}
