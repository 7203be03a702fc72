import type { DeviceClient } from '../client/client.ts';

/** Faults that a simulated device can have, by name. */
export const behaviors = {
  /** The application stops sending, even heartbeats, while the network stack still answers pings. */
  hang: (client: DeviceClient) => client.faults.hang(),
  /** The socket is destroyed without a close frame; the device reconnects. */
  cut: (client: DeviceClient) => client.faults.cut(),
  /** The network disappears without any notice to the hub: no frames, no pongs, no end of the socket. */
  'silent-drop': (client: DeviceClient) => client.faults.vanish(),
  /** `received` comes five seconds late. */
  'slow-ack': (client: DeviceClient) => client.faults.commands({ slowAckMs: 5_000 }),
  /** `received` never comes; the result does. */
  'never-ack': (client: DeviceClient) => client.faults.commands({ neverAck: true }),
  /** The power fails when the next command has started, before it acts; the device boots again. */
  'die-before-result': (client: DeviceClient) => client.faults.commands({ dies: 'before-result' }),
  /** The power fails when the next command has acted, before its result is stored; the device boots again. */
  'die-after-act': (client: DeviceClient) => client.faults.commands({ dies: 'after-act' }),
  /** Every result comes twice. */
  'duplicate-result': (client: DeviceClient) => client.faults.commands({ duplicateResult: true }),
} as const;

export type Behavior = keyof typeof behaviors;

export const behaviorNames: readonly string[] = Object.keys(behaviors);

export function isBehavior(name: string): name is Behavior {
  return Object.hasOwn(behaviors, name);
}
