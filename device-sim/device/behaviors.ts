import type { DeviceClient } from '../client/client.ts';

/** Faults a simulated device can show, by name. */
export const behaviors = {
  /** The application stops sending, heartbeats too, while the stack still answers pings. */
  hang: (client: DeviceClient) => client.faults.hang(),
  /** The socket is destroyed without a close frame; the device reconnects. */
  cut: (client: DeviceClient) => client.faults.cut(),
  /** The network goes away and the hub is not told: no frames, no pongs, no end of the socket. */
  'silent-drop': (client: DeviceClient) => client.faults.vanish(),
  /** `received` comes five seconds late. */
  'slow-ack': (client: DeviceClient) => client.faults.commands({ slowAckMs: 5_000 }),
  /** `received` never comes; the result does. */
  'never-ack': (client: DeviceClient) => client.faults.commands({ neverAck: true }),
  /** The power goes when the next command has begun, before it acts; the device boots again. */
  'die-before-result': (client: DeviceClient) => client.faults.commands({ dies: 'before-result' }),
  /** The power goes when the next command has acted, before its result is kept; the device boots again. */
  'die-after-act': (client: DeviceClient) => client.faults.commands({ dies: 'after-act' }),
  /** Every result comes twice. */
  'duplicate-result': (client: DeviceClient) => client.faults.commands({ duplicateResult: true }),
} as const;

export type Behavior = keyof typeof behaviors;

export const behaviorNames: readonly string[] = Object.keys(behaviors);

export function isBehavior(name: string): name is Behavior {
  return Object.hasOwn(behaviors, name);
}
