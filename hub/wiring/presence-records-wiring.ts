import type { Registry } from '../registry/registry.ts';
import { FirmwareRecorder } from '../telemetry/recorders/firmware-recorder.ts';
import { IncidentRecorder } from '../telemetry/recorders/incident-recorder.ts';
import { PresenceRecorder } from '../telemetry/recorders/presence-recorder.ts';
import type { HubContext } from './context.ts';
import type { IncidentParts } from './incidents-wiring.ts';
import type { PresenceParts } from './presence-wiring.ts';
import { firmwareOfDevices } from '../telemetry/recorders/firmware-of-devices.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

/** Presence and incidents as the store has them. */
export function createPresenceRecords(
  { clock }: HubContext,
  deps: {
    state: Pick<HubState, 'hubIdentity'>;
    registry: Registry;
    telemetry: Telemetry;
    presence: PresenceParts;
    incidents: IncidentParts;
  },
): { presenceRecorder: PresenceRecorder; firmwareRecorder: FirmwareRecorder } {
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
  const firmwareRecorder = new FirmwareRecorder({
    writer,
    ledger,
    hubId: deps.state.hubIdentity.hubId,
    devices: () => firmwareOfDevices(registry, presence.keeper),
  });
  return { presenceRecorder: recorder, firmwareRecorder };
}
