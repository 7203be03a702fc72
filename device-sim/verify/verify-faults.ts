import type { DeviceClient } from '../client/client.ts';
import type { Random } from '../device/random.ts';

/** The device as a fault may use it. */
export interface FaultyDevice {
  client: DeviceClient;
  random: Random;
  /** Sends a reading of `agoMs` before now (ahead when negative), so many times over. */
  send: (agoMs: number, times?: number) => void;
}

const hourMs = 3_600_000;
const garbage = [
  'not json',
  '{"type":"telemetry","seq":',
  '[]',
  '{"type":"telemetry"}',
  '{"type":"nonsense"}',
];

/** What goes wrong with devices in the field; each is begun at random and ends by itself or with `end`. */
export const faults = {
  /** The network goes away without a word; the hub must find out. */
  'half-open': { begin: ({ client }) => client.faults.vanish(), end: ({ client }) => client.faults.resume() },
  /** Sends, and reads nothing. */
  'slow-reader': {
    begin: ({ client }) => client.faults.stopReading(),
    end: ({ client }) => client.faults.readAgain(),
  },
  duplicate: { begin: ({ send }) => send(0, 3) },
  reorder: {
    begin({ send }) {
      for (const agoMs of [2_003, 5_007, 1_001, 4_005, 3_002]) send(agoMs);
    },
  },
  /** Its clock is wrong: some of these the hub must refuse. */
  'clock-jump': {
    begin({ send, random }) {
      send(-2 * hourMs);
      send(48 * hourMs);
      send(Math.floor(random() * hourMs));
    },
  },
  garbage: {
    begin({ client, random }) {
      client.faults.say(garbage[Math.floor(random() * garbage.length)] ?? '');
    },
  },
  /** Hundreds of readings at once. */
  flood: {
    begin({ send }) {
      for (let n = 0; n < 300; n += 1) send(0);
    },
  },
  /** The link is cut; when all do it at once it is a storm. */
  cut: { begin: ({ client }) => client.faults.cut() },
} as const satisfies Record<
  string,
  { begin: (device: FaultyDevice) => void; end?: (device: FaultyDevice) => void }
>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as FaultName[];

export function isFault(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}
