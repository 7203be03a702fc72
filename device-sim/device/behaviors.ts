import type { LinkFaults } from '../../sdk/typescript/src/node.ts';
import type { CommandFaults } from './command-faults.ts';

/** The parts of a device on which the faults act. */
export interface Faulty {
  link: LinkFaults;
  commands: (faults: CommandFaults) => void;
}

/** Faults that a simulated device can have, by name. */
export const behaviors = {
  /** The application stops sending, even heartbeats, while the network stack still answers pings. */
  hang: ({ link }: Faulty) => link.hang(),
  /** The socket is destroyed without a close frame; the device reconnects. */
  cut: ({ link }: Faulty) => link.cut(),
  /** The network disappears without any notice to the hub: no frames, no pongs, no end of the socket. */
  'silent-drop': ({ link }: Faulty) => link.vanish(),
  /** `received` comes five seconds late. */
  'slow-ack': ({ commands }: Faulty) => commands({ slowAckMs: 5_000 }),
  /** `received` never comes; the result does. */
  'never-ack': ({ commands }: Faulty) => commands({ neverAck: true }),
  /** The power fails when the next command has started, before it acts; the device boots again. */
  'die-before-result': ({ commands }: Faulty) => commands({ dies: 'before-result' }),
  /** The power fails when the next command has acted, before its result is stored; the device boots again. */
  'die-after-act': ({ commands }: Faulty) => commands({ dies: 'after-act' }),
  /** Every result comes twice. */
  'duplicate-result': ({ commands }: Faulty) => commands({ duplicateResult: true }),
} as const;

export type Behavior = keyof typeof behaviors;

export const behaviorNames: readonly string[] = Object.keys(behaviors);

export function isBehavior(name: string): name is Behavior {
  return Object.hasOwn(behaviors, name);
}
