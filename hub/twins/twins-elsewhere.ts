import type { TwinView } from '../../schemas/api/twins/twins.ts';
import type { Elsewhere } from '../cluster/request-place.ts';
import { HubError } from '../kernel/errors.ts';
import { refusalFault } from '../kernel/refusal-fault.ts';
import type { TwinOperations } from './twin-operations.ts';

/** Changes of twins that came over MQTT, which ask for no further rights: the hub that has the device is asked, as over HTTP. */
export function changeWhereItIs(
  here: Pick<TwinOperations, 'change'>,
  { placeOf, ask }: Elsewhere,
): Pick<TwinOperations, 'change'> {
  return {
    async change(request) {
      const { device, patch, requester, ifRevs } = request;
      const route = '/api/v1/devices/:id/twin/desired';
      const place = await placeOf({ method: 'PATCH', route, device });
      if (place === undefined) return here.change(request);
      const { actor, origin } = requester;
      const headers = { 'content-type': 'application/json' };
      const answer = await ask(place.hub, {
        method: 'PATCH',
        path: route.replace(':id', encodeURIComponent(device)),
        headers:
          ifRevs === undefined
            ? headers
            : { ...headers, 'if-match': ifRevs.map((rev) => `"${rev}"`).join(', ') },
        body: JSON.stringify(patch),
        asker: { operator: { actor, role: 'operator', devices: '*', safety: 'critical' }, origin },
      });
      const view: unknown = JSON.parse(Buffer.from(answer.body).toString());
      if (answer.status === 200) return view as TwinView;
      const fault = refusalFault(view);
      throw typeof fault === 'string' ? new HubError('other-hub', `${place.hub.id} (${fault})`) : fault;
    },
  };
}
