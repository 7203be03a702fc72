import type { Registry } from '../registry/registry.ts';
import { IncidentRecorder } from '../telemetry/recorders/incident-recorder.ts';
import { PresenceRecorder } from '../telemetry/recorders/presence-recorder.ts';
import type { HubContext } from './context.ts';
import type { IncidentParts } from './incidents-wiring.ts';
import type { PresenceParts } from './presence-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

/**
 * Presence and incidents as the store has them. A device that is away as part of an incident is marked, also when it
 * was lost before the incident opened: whoever raises alerts from the store raises one, and not one a device.
 */
export function createPresenceRecords(
  { clock }: HubContext,
  deps: { registry: Registry; telemetry: Telemetry; presence: PresenceParts; incidents: IncidentParts },
): PresenceRecorder {
  const { registry, presence, incidents } = deps;
  const { writer, ledger } = deps.telemetry;
  const recorder = new PresenceRecorder({
    writer,
    ledger,
    recordOf: (deviceId) => registry.get(deviceId),
    explained: (deviceId) => incidents.keeper.explains(deviceId),
  });
  const incidentRecorder = new IncidentRecorder({ clock, writer, ledger });
  incidents.followers.follow(incidentRecorder, {
    incidentChanged(_incident, members) {
      for (const deviceId of members) {
        const now = presence.keeper.find(deviceId);
        if (now !== undefined) recorder.record(deviceId, now, clock.now());
      }
    },
  });
  return recorder;
}
