import type { Device, LinkFaults, Random } from '../../sdk/typescript/src/node.ts';

/** The parts of a device on which a fault acts. */
export interface FaultyDevice {
  client: Device;
  link: LinkFaults;
  random: Random;
  /** Sends a reading from `agoMs` before now (in the future if negative), repeated `times` times. */
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

/** Faults of devices in the field. Each starts at random and ends by itself or with `end`. */
export const faults = {
  /** The network disappears without any notice; the hub must detect it. */
  'half-open': { begin: ({ link }) => link.vanish(), end: ({ link, client }) => link.resume(client) },
  /** Sends but reads nothing. */
  'slow-reader': {
    begin: ({ link }) => link.stopReading(),
    end: ({ link }) => link.readAgain(),
  },
  duplicate: { begin: ({ send }) => send(0, 3) },
  reorder: {
    begin({ send }) {
      for (const agoMs of [2_003, 5_007, 1_001, 4_005, 3_002]) send(agoMs);
    },
  },
  /** Its clock is wrong: the hub must reject some of these readings. */
  'clock-jump': {
    begin({ send, random }) {
      send(-2 * hourMs);
      send(48 * hourMs);
      send(Math.floor(random() * hourMs));
    },
  },
  garbage: {
    begin({ link, random }) {
      link.say(garbage[Math.floor(random() * garbage.length)] ?? '');
    },
  },
  /** Hundreds of readings at the same time. */
  flood: {
    begin({ send }) {
      for (let n = 0; n < 300; n += 1) send(0);
    },
  },
  /** The connection is cut; if all devices do it together, they reconnect as a storm. */
  cut: { begin: ({ link }) => link.cut() },
} as const satisfies Record<
  string,
  { begin: (device: FaultyDevice) => void; end?: (device: FaultyDevice) => void }
>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as FaultName[];

export function isFault(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}
