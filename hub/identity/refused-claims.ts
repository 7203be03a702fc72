import type { DeviceEventBody } from '../../schemas/api/presence.ts';
import type { DeviceEvents } from '../presence/device-events.ts';
import { parseBasic } from '../registry/credentials.ts';
import type { Registry } from '../registry/registry.ts';

/** A caller that was refused before the upgrade. */
export interface RefusedClaim extends Omit<Extract<DeviceEventBody, { kind: 'refused' }>, 'kind'> {
  authorization: string | undefined;
}

/** Records a refusal in the events of the registered device that the caller claims to be; nothing has proven the claim. */
export function refusedClaims(deps: {
  registry: Pick<Registry, 'get'>;
  events: DeviceEvents;
}): (claim: RefusedClaim) => void {
  return ({ authorization, ...refusal }) => {
    const id = parseBasic(authorization)?.id;
    if (id === undefined || deps.registry.get(id) === undefined) return;
    deps.events.record(id, { kind: 'refused', ...refusal });
  };
}
