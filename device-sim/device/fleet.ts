import type { DeviceType } from '../../schemas/index.ts';
import { systemClock, type Cancel, type Clock } from '../../schemas/time/clock.ts';
import type { Device } from '../../sdk/typescript/src/node.ts';
import type { UpdateBehavior } from './simulated-firmware.ts';
import { SimulatedDevice, type Alter, type DeviceCounters } from './device.ts';

export interface FleetMember {
  id: string;
  secret: string;
  /** One of `simulatedTypes`, or any device type, which is then simulated from its schemas. */
  type: string | DeviceType;
  /** Keeps a rotated secret beyond the life of the process. */
  secretFile?: string | undefined;
  /** How the device treats new firmware; by default it runs it and stays well. */
  updates?: UpdateBehavior | undefined;
  /** A fault of the sensors: changes a reading before it is sent. */
  alter?: Alter | undefined;
}

export interface FleetOptions {
  url: string;
  ca?: string | undefined;
  seed: string;
  members: readonly FleetMember[];
  /** Time between the readings of a device; each type's own by default. */
  intervalSec?: number | undefined;
  /** The devices start one after another over this time, 2,000 by default. */
  staggerMs?: number;
  /** The time after which an `ill` device reboots again, ms; a minute by default. */
  illAfterMs?: number | undefined;
  /** The most readings that each device keeps. */
  capacity?: number | undefined;
  /** Keeps unsettled readings, command ids and results here across reboots; without it they are forgotten. */
  memoryFolder?: string | undefined;
  onClient?: ((client: Device, member: FleetMember) => void) | undefined;
  clock?: Clock;
}

export interface FleetCounters extends DeviceCounters {
  devices: number;
  online: number;
}

export interface Fleet {
  counters(): FleetCounters;
  devices: readonly SimulatedDevice[];
  /** Disconnects every device cleanly. Resolves when all sockets are closed. */
  close(): Promise<void>;
}

/**
 * Many simulated devices in one process, started at even intervals so that they do not all connect, send and beat at
 * the same time.
 * @throws RangeError for a member of an unknown type
 */
export function startFleet(options: FleetOptions): Fleet {
  const {
    url,
    ca,
    seed,
    members,
    intervalSec,
    staggerMs = 2000,
    capacity = 1000,
    memoryFolder,
    illAfterMs,
    onClient,
  } = options;
  const clock = options.clock ?? systemClock;
  const counters: DeviceCounters = { sent: 0, stored: 0, refused: 0, dropped: 0, commands: 0 };
  const devices = members.map(
    (member) =>
      new SimulatedDevice({
        ...member,
        url,
        seed,
        counters,
        clock,
        capacity,
        memoryFolder,
        ca,
        intervalSec,
        illAfterMs,
        ...(onClient === undefined ? {} : { onClient: (client) => onClient(client, member) }),
      }),
  );
  const starts: Cancel[] = devices.map((device, index) =>
    clock.after((index * staggerMs) / devices.length, () => device.start()),
  );
  return {
    devices,
    counters: () => ({
      devices: devices.length,
      online: devices.filter(({ online }) => online).length,
      ...counters,
    }),
    async close() {
      for (const cancel of starts) cancel();
      await Promise.all(devices.map((device) => device.stop()));
    },
  };
}
