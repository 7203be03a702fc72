import type {
  CommandFrame,
  DeviceFrame,
  DrainFrame,
  HubFrame,
  NackFrame,
  NoticeFrame,
  ReadingTime,
  ResultFrame,
  WelcomeFrame,
} from '../../schemas/index.ts';
import type { Clock } from '../clock.ts';
import type { CommandStore } from './command-memory.ts';
import type { ConnectionOptions } from './connection.ts';
import type { Random } from '../device/random.ts';
import type { Ending, Retry } from './reconnect.ts';
import type { SecretStore } from '../device/secrets.ts';

export interface DeviceClientOptions extends ConnectionOptions {
  /** `name@version`: `env-sensor@1` */
  deviceType: string;
  /** New on every boot; a random one when not given. */
  boot?: string;
  firmware?: string;
  /** How often the device means to speak; the hub's `welcome.heartbeatSec` decides. */
  heartbeatSec?: number;
  /** Command memory that outlives a reboot; without it the memory is as long as this client's life. */
  commandStore?: CommandStore;
  /** Keeps a rotated secret over a reboot; without it the new secret is known as long as this client lives. */
  secretStore?: SecretStore;
  /** Readings kept at most, 10,000 when not given; the policy when full is `Outbox`'s. */
  outboxCapacity?: number;
  /** Cap of the first wait before a new attempt, 1,000 ms when not given. */
  backoffFirstMs?: number;
  clock?: Clock;
  random?: Random;
}

/** When a reading was taken (`ts` or `up`; now when neither is given) and how it is to be judged. */
export interface SendOptions extends ReadingTime {
  /** Lifts the limit on age. */
  backfill?: boolean;
  /** The earlier boot that `up` counts from. */
  boot?: string;
}

/** What a client tells, by event name. */
export interface ClientEvents {
  welcome: [WelcomeFrame];
  nack: [NackFrame];
  notice: [NoticeFrame];
  drain: [DrainFrame];
  /** A command ended on this device. */
  result: [ResultFrame, CommandFrame];
  /** The power went, as `faults.commands` asked: this client does nothing more. */
  died: [];
  /** The hub took the result of this command. */
  'result-acked': [string];
  /** The connection, or the attempt at one, is over; the next one begins after `retry.waitMs`. */
  close: [Ending, Retry | undefined];
  /** Trying again will not mend it: somebody has to look. */
  trouble: [string];
  sent: [DeviceFrame];
  received: [HubFrame];
  /** A frame that is none of the protocol's, or not as its schema says: left alone. */
  ignored: [string];
}
