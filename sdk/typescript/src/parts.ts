/** What the SDK has wherever it runs. */
export type { ShortLayout } from '../../../schemas/cbor/short-telemetry.ts';
export type { EndedBoot } from './core/boots.ts';
export type { CommandCall, CommandHandler, CommandOutcome, HandlerOptions } from './core/command-runner.ts';
export type { Message } from './core/frame-codec.ts';
export { HubCore } from './core/core.ts';
export type {
  ByeOptions,
  CoreEvents,
  CoreSettings,
  Counts,
  DeviceIdentity,
  MeasureOptions,
} from './core/core-settings.ts';
export type { DesiredHandler } from './core/held-twin.ts';
export type { Settlement } from './core/outbox.ts';
export { RamMemory, type HubMemory, type HubStore, type Slot } from './core/ports.ts';
export type { Random } from './core/random.ts';
export type { Ending, Retry } from './core/reconnect.ts';
export { Device, type DeviceSettings } from './device/device.ts';
export type { Address, Link, LinkHandlers, OpenLink } from './device/link.ts';
export { LinkFaults, type AnswerFaults } from './faults/link-faults.ts';
