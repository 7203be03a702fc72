import type { DeviceClient } from './client.ts';

/** Faults a simulated device can show, by name. */
export const behaviors = {
  /** The application stops sending, heartbeats too, while the stack still answers pings. */
  hang: (client: DeviceClient) => client.faults.hang(),
  /** The socket is destroyed without a close frame; the device reconnects. */
  cut: (client: DeviceClient) => client.faults.cut(),
  /** The network goes away and the hub is not told: no frames, no pongs, no end of the socket. */
  'silent-drop': (client: DeviceClient) => client.faults.vanish(),
} as const;

export type Behavior = keyof typeof behaviors;

export const behaviorNames: readonly string[] = Object.keys(behaviors);

export function isBehavior(name: string): name is Behavior {
  return Object.hasOwn(behaviors, name);
}
