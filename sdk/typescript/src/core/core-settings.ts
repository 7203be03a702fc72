import type { ShortLayout } from '../../../../schemas/cbor/short-telemetry.ts';
import type { DeviceFrame, ReadingTime, ResultFrame } from '../../../../schemas/protocol/device-frames.ts';
import type {
  CommandFrame,
  DrainFrame,
  HubFrame,
  NackFrame,
  NoticeFrame,
  OfferedUpdate,
  WelcomeFrame,
} from '../../../../schemas/protocol/hub-frames.ts';
import type { EndedBoot } from './boots.ts';
import type { HubMemory, HubStore } from './ports.ts';
import type { Random } from './random.ts';
import type { Ending, Retry } from './reconnect.ts';

/** What the firmware says of its device. */
export interface DeviceIdentity {
  /** As registered: the hub knows the device by it. */
  id: string;
  /** The first one; when the hub has rotated it, the memory has the newer one. */
  secret: string;
  /** `name@version`: `env-sensor@1` */
  type: string;
  firmware?: string | undefined;
  /** The heartbeat interval that the device requests, seconds; the hub's `welcome.heartbeatSec` decides. */
  heartbeatSec?: number | undefined;
}

export interface CoreSettings extends DeviceIdentity {
  /** New on every boot. */
  boot: string;
  /** Earlier boots that ended without a session, oldest first. By default those of the readings in the store. */
  endedBoots?: readonly EndedBoot[] | undefined;
  /**
   * Binary frames (`hub.v1.cbor`): with the layout that generated code has, readings take a third to a twentieth of the bytes; with
   * `true`, frames with their names, a tenth less than JSON. JSON by default.
   */
  cbor?: boolean | ShortLayout | undefined;
  /** Where readings wait over a reboot; without it they last as long as this core. */
  store?: HubStore | undefined;
  /** Keeps secrets, commands and the twin over a reboot; without it they last as long as this core. */
  memory?: HubMemory | undefined;
  /** False when commands are to be forgotten in a reboot although there is a memory. */
  remembersCommands?: boolean | undefined;
  /** Maximum of kept readings, 10,000 by default; see `Outbox` for the policy when it is full. */
  capacity?: number | undefined;
  /** Upper limit of the first wait before a new attempt, 1,000 ms by default. */
  backoffFirstMs?: number | undefined;
  random: Random;
  /** The device's wall clock, Unix ms, if it has one: the hub compares it with its own. */
  wallClock?: (() => number) | undefined;
  /** What happens, for whoever wants to know. Throws nothing. */
  emit: <Name extends keyof CoreEvents>(name: Name, ...values: CoreEvents[Name]) => void;
  /** Something happened outside of a call, such as the end of a command: a step is due. */
  changed: () => void;
}

/** When a reading was taken, and how the hub is to check it. Without `ts` or `up` it is the uptime of now. */
export interface MeasureOptions extends ReadingTime {
  /** Lifts the age limit. */
  backfill?: boolean;
  /** The earlier boot to which `up` refers. */
  boot?: string;
}

export interface ByeOptions {
  /** The device sleeps for so long, and is not offline; it comes back by itself. */
  sleepSec?: number | undefined;
  /** How long to wait until everything is sent; 20,000 by default. With 0 it says goodbye at once. */
  patienceMs?: number;
}

export interface Counts {
  /** Readings and events that were given to `measure` and `report`. */
  measured: number;
  /** Data frames that were sent, again ones too. */
  sent: number;
  /** Stored by the hub. */
  settled: number;
  /** Refused by the hub for good. */
  refused: number;
  /** Dropped because there were too many, found damaged, not to be written as JSON, or too long for any frame. */
  lost: number;
  /** Still kept: waiting or under way. */
  waiting: number;
  /** Kept in memory only, because the store did not take them: a loss of power would lose them. */
  notKept: number;
  /** Log lines that gave way to newer ones, or were refused. */
  logsLost: number;
  sessions: number;
}

/** The events of a device, by name. */
export interface CoreEvents {
  /** A session is open. */
  welcome: [WelcomeFrame];
  nack: [NackFrame];
  notice: [NoticeFrame];
  /** The firmware that the device should run; undefined: the hub wants none now. Comes with each welcome, and when it changes. */
  update: [OfferedUpdate | undefined];
  drain: [DrainFrame];
  /** A command ended on this device. */
  result: [ResultFrame, CommandFrame];
  /** The hub acked the result of this command. */
  'result-acked': [string];
  /** The connection or the connection attempt has ended; the next attempt begins after `retry.waitMs`. */
  close: [Ending, Retry | undefined];
  /** Trying again will not help, or something is not kept: somebody has to look. */
  trouble: [string];
  /** After `bye`: whether the hub has everything. */
  left: [boolean];
  /** The device was closed; nothing follows. */
  ended: [];
  sent: [DeviceFrame];
  received: [HubFrame];
  /** A frame that is not part of the protocol or does not have what it should; it is ignored. */
  ignored: [string];
}
