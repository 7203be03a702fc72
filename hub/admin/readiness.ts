import type { Readiness } from '../../schemas/api/health.ts';
import type { Bus } from '../bus/bus.ts';
import type { HubClock } from '../telemetry/clock/hub-clock.ts';
import type { DescriptorWatch } from '../kernel/descriptor-watch.ts';
import { messageOf } from '../kernel/errors.ts';
import { wait } from '../../schemas/time/clock.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { MissingTypes } from '../registry/missing-types.ts';
import type { DiskReserve } from '../telemetry/disk-reserve.ts';
import type { Spool } from '../telemetry/spool.ts';
import type { MetricsStore } from '../telemetry/store.ts';
import type { StoreLink } from '../telemetry/store-link.ts';

/** What the parts report; the rest of the answer follows from it. */
export type PartsHealth = Pick<Readiness, 'ready' | 'parts'>;

/** A health check that takes longer counts as failed, ms. */
const probeTimeoutMs = 1_000;

export interface CheckedParts {
  stopping: boolean;
  clock: Clock;
  store: MetricsStore;
  link: StoreLink;
  spool: Spool;
  disk: Pick<DiskReserve, 'fault'>;
  hubClock: HubClock;
  bus: Bus;
  descriptors: Pick<DescriptorWatch, 'fault'>;
  /** Of a state that is not in the data folder. */
  shared: { tenure: { readonly fault: string | undefined } } | undefined;
  /** Hubs that are one with this one. */
  cluster: { adoption: { readonly fault: string | undefined } } | undefined;
  /** The folder of device types, and types of devices that are not in it. */
  catalog: { readonly fault: string | undefined };
  missingTypes: Pick<MissingTypes, 'fault'>;
}

/** What `/readyz` reports about each part. A part that is down degrades the hub; one that is stopping, or may not act, is not ready. */
export async function readiness(parts: CheckedParts): Promise<PartsHealth> {
  const { stopping, descriptors, catalog, missingTypes, shared, cluster } = parts;
  const { store, clock, spool, disk, bus } = knownFaults(parts);
  return {
    // Who may not act opens no session: devices find another hub.
    ready: !stopping && shared?.tenure.fault === undefined,
    parts: {
      devices: part(
        stopping ? 'the hub is stopping' : (descriptors.fault ?? catalog.fault ?? missingTypes.fault),
      ),
      store: part(store ?? (await probe(parts))),
      clock: part(clock),
      spool: part(spool),
      disk: part(disk),
      bus: part(bus),
      ...(shared === undefined ? {} : { state: part(shared.tenure.fault) }),
      ...(cluster === undefined ? {} : { cluster: part(cluster.adoption.fault) }),
    },
  };
}

/** What is wrong with each part, as far as the hub knows without asking it. */
export function knownFaults(
  parts: Pick<CheckedParts, 'link' | 'spool' | 'disk' | 'hubClock' | 'bus'>,
): Record<'store' | 'clock' | 'spool' | 'disk' | 'bus', string | undefined> {
  const { link, spool, disk, hubClock, bus } = parts;
  return {
    store: link.fault,
    clock: hubClock.fault,
    disk: disk.fault,
    spool: spool.fault ?? spoolFull(spool),
    bus: bus.connected ? (sharedTopics(bus) ?? bus.limitation) : (bus.fault ?? 'not connected'),
  };
}

/** What of that a person should know: a spool that fills is one before it is full. */
export function alarmingFaults(
  parts: Parameters<typeof knownFaults>[0],
): Readonly<Record<string, string | undefined>> {
  const faults = knownFaults(parts);
  const { size, maxSize } = parts.spool.levels;
  const halfFull = size * 2 > maxSize ? `${Math.round((100 * size) / maxSize)} % full` : undefined;
  return { ...faults, spool: faults.spool ?? halfFull };
}

function sharedTopics({ otherHubs }: Bus): string | undefined {
  if (otherHubs.length === 0) return undefined;
  const named = otherHubs.length === 1 ? 'another hub uses' : 'other hubs use';
  return `${named} the same topics (${otherHubs.join(', ')}): give each hub its own HUB_MQTT_ROOT`;
}

function probe({ store, clock }: CheckedParts): Promise<string | undefined> {
  const answered = store.probe().then(() => undefined, messageOf);
  const late = wait(clock, probeTimeoutMs).then(() => `no answer within ${probeTimeoutMs} ms`);
  return Promise.race([answered, late]);
}

function spoolFull(spool: Spool): string | undefined {
  if (spool.deadLettersFull) return 'full of dead letters: further lines that the store refuses are dropped';
  return spool.full ? 'full: devices keep their readings' : undefined;
}

function part(fault: string | undefined): Readiness['parts'][string] {
  return fault === undefined ? { ok: true } : { ok: false, reason: fault };
}
