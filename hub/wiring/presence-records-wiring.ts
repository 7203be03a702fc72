import type { Registry } from '../registry/registry.ts';
import { IncidentRecorder } from '../telemetry/recorders/incident-recorder.ts';
import { PresenceRecorder } from '../telemetry/recorders/presence-recorder.ts';
import type { HubContext } from './context.ts';
import type { IncidentParts } from './incidents-wiring.ts';
import type { PresenceParts } from './presence-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

/** Presence and incidents as the store has them. */
export function createPresenceRecords(
  { clock }: HubContext,
  deps: { registry: Registry; telemetry: Telemetry; presence: PresenceParts; incidents: IncidentParts },
): PresenceRecorder {
  const { registry, presence, incidents } = deps;
  const { writer, ledger } = deps.telemetry;
  const recorder = new PresenceRecorder({
    clock,
    presence: (deviceId) => presence.keeper.find(deviceId),
    writer,
    ledger,
    recordOf: (deviceId) => registry.get(deviceId),
    explained: (deviceId) => incidents.keeper.explains(deviceId),
  });
  const incidentRecorder = new IncidentRecorder({ clock, writer, ledger });
  incidents.followers.follow(incidentRecorder, recorder);
  return recorder;
}
