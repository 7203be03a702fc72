import type { Dispatcher } from '../commands/dispatcher.ts';
import { rolloutLevels } from '../firmware/rollouts/rollout-levels.ts';
import type { Rollouts } from '../firmware/rollouts/rollouts.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { HubSample } from '../telemetry/self-monitoring.ts';
import type { Writer } from '../telemetry/writer.ts';
import { knownFaults, type CheckedParts } from './readiness.ts';

export interface SampledParts extends Pick<CheckedParts, 'link' | 'spool' | 'disk' | 'hubClock' | 'bus'> {
  registry: Registry;
  sessions: Sessions;
  keeper: PresenceKeeper;
  dispatcher: Dispatcher;
  rollouts: Rollouts;
  writer: Writer;
  eventLoop: {
    /** Each since its last call: ms, and 0 to 1. */
    longestDelay: () => number;
    share: () => number;
  };
  heapBytes: () => number;
  /** Until the certificate of the device listener ends; undefined without TLS. */
  certificateLeftMs: () => number | undefined;
}

/** The hub at this moment, for the measurement `hub`. */
export function sampleOf(parts: SampledParts): HubSample {
  const { registry, sessions, keeper, dispatcher, writer, link, spool, bus, eventLoop } = parts;
  const { open, uncertain } = dispatcher.levels();
  const { size, maxSize } = spool.levels;
  const faults = Object.entries(knownFaults(parts));
  const certificateLeftMs = parts.certificateLeftMs();
  return {
    devices: registry.size,
    online: keeper.counts().online,
    sessions: sessions.connectionCount,
    commandsOpen: open,
    commandsUncertain: uncertain,
    ...rolloutLevels(parts.rollouts),
    spoolSize: size,
    spoolFill: size / maxSize,
    spoolWaitSec: spool.waitMs / 1000,
    bufferFill: writer.fill,
    storeUp: link.up,
    storeWriteMs: link.writeMs ?? undefined,
    busUp: bus.connected,
    faults: faults.filter(([, fault]) => fault !== undefined).map(([name]) => name),
    eventLoopLagMs: eventLoop.longestDelay(),
    eventLoopShare: eventLoop.share(),
    heapBytes: parts.heapBytes(),
    certificateLeftSec: certificateLeftMs === undefined ? undefined : certificateLeftMs / 1000,
  };
}
