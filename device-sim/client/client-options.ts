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
import type { Clock } from '../../schemas/time/clock.ts';
import type { CommandStore } from './command-memory.ts';
import type { ConnectionOptions } from './connection.ts';
import type { TwinStore } from './held-twin.ts';
import type { ReadingStore } from './reading-store.ts';
import type { Random } from '../device/random.ts';
import type { Ending, Retry } from './reconnect.ts';
import type { SecretStore } from '../device/secrets.ts';

/** A boot that is over, and its last uptime, ms. */
export interface EndedBoot {
  boot: string;
  up: number;
}

export interface DeviceClientOptions extends ConnectionOptions {
  /** `name@version`: `env-sensor@1` */
  deviceType: string;
  /** New on every boot; a random one when not given. */
  boot?: string;
  /** Earlier boots that ended without a session, oldest first; see `endedBoots` of the client. By default those of the store. */
  endedBoots?: readonly EndedBoot[];
  firmware?: string | undefined;
  /** The heartbeat interval that the device requests; the hub's `welcome.heartbeatSec` decides. */
  heartbeatSec?: number | undefined;
  /** Command memory that survives a reboot; without it the memory lasts as long as this client. */
  commandStore?: CommandStore | undefined;
  /** Keeps what is desired of the device across a reboot; without it that lasts as long as this client. */
  twinStore?: TwinStore | undefined;
  /** Keeps unsettled readings across a reboot; without it they last as long as this client. */
  readingStore?: ReadingStore | undefined;
  /** Keeps a rotated secret across a reboot; without it the new secret lasts as long as this client. */
  secretStore?: SecretStore;
  /** Maximum of kept readings, 10,000 by default; see `Outbox` for the policy when it is full. */
  outboxCapacity?: number | undefined;
  /** Upper limit of the first wait before a new attempt, 1,000 ms by default. */
  backoffFirstMs?: number | undefined;
  clock?: Clock;
  random?: Random;
}

/** When a reading was taken, and how the hub is to check it. Without `ts` or `up` it is the uptime of now. */
export interface SendOptions extends ReadingTime {
  /** Lifts the age limit. */
  backfill?: boolean;
  /** The earlier boot to which `up` refers. */
  boot?: string;
}

/** The events that a client emits, by name. */
export interface ClientEvents {
  welcome: [WelcomeFrame];
  nack: [NackFrame];
  notice: [NoticeFrame];
  drain: [DrainFrame];
  /** A command ended on this device. */
  result: [ResultFrame, CommandFrame];
  /** The simulated power cut of `faults.commands` happened: this client does nothing more. */
  died: [];
  /** The hub acked the result of this command. */
  'result-acked': [string];
  /** The connection or the connection attempt has ended; the next attempt begins after `retry.waitMs`. */
  close: [Ending, Retry | undefined];
  /** Trying again will not help: somebody has to look. */
  trouble: [string];
  sent: [DeviceFrame];
  received: [HubFrame];
  /** A frame that is not part of the protocol or does not match its schema; it is ignored. */
  ignored: [string];
}
