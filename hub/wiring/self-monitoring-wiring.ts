import { takeDescriptor } from '../adapters/descriptor.ts';
import type { TlsReload } from '../adapters/tls/tls-reload.ts';
import { sampleOf } from '../admin/hub-sample.ts';
import { DescriptorWatch } from '../kernel/descriptor-watch.ts';
import { eventLoopShare } from '../kernel/event-loop.ts';
import { heapBytes } from '../kernel/heap.ts';
import { SelfMonitoring } from '../telemetry/self-monitoring.ts';
import type { Rollouts } from '../firmware/rollouts/rollouts.ts';
import type { HubContext } from './context.ts';
import type { CountedParts } from './snapshot-wiring.ts';

/** Has the hub's own numbers written to the store; closed before the last drain, so that it owes nothing then. */
export function startSelfMonitoring(
  hub: HubContext,
  deps: CountedParts & { firmware: { rollouts: Rollouts }; certificate: TlsReload | undefined },
): SelfMonitoring {
  const { clock, releasers } = hub;
  const { telemetry, registry, sessions, bus } = deps;
  const { keeper } = deps.presence;
  const { dispatcher } = deps.commands;
  const { rollouts } = deps.firmware;
  const { certificate } = deps;
  const { writer, ledger } = telemetry;
  const eventLoop = { longestDelay: hub.eventLoop.longestDelay(), share: eventLoopShare() };
  const sampled = {
    ...telemetry,
    registry,
    sessions,
    keeper,
    dispatcher,
    rollouts,
    bus,
    eventLoop,
    heapBytes,
    certificateLeftMs: () => certificate && certificate.expiresMs - clock.now(),
  };
  const { hubId } = deps.state.hubIdentity;
  const monitoring = new SelfMonitoring({ clock, writer, ledger, hubId, read: () => sampleOf(sampled) });
  monitoring.start();
  releasers.push('self-monitoring', () => monitoring.close());
  return monitoring;
}

/** Notices when there is no file descriptor left for a connection. */
export function watchDescriptors({ clock, log, releasers }: HubContext): DescriptorWatch {
  const descriptors = new DescriptorWatch({ clock, log, open: takeDescriptor });
  descriptors.start();
  releasers.push('descriptors', () => descriptors.close());
  return descriptors;
}
