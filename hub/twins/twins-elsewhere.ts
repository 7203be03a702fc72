import type { TwinView } from '../../schemas/api/twins/twins.ts';
import type { HubStart } from '../cluster/hub-start.ts';
import type { PeerAnswer, PeerQuestion } from '../cluster/peers.ts';
import type { PlacedRequest, RequestPlace } from '../cluster/request-place.ts';
import { HubError } from '../kernel/errors.ts';
import { refusalFault } from '../kernel/refusal-fault.ts';
import type { TwinOperations } from './twin-operations.ts';

/** The other hubs. */
interface Elsewhere {
  /** Undefined: this hub does it. */
  placeOf: (request: PlacedRequest) => Promise<RequestPlace | undefined>;
  /** @throws HubError `other-hub` */
  ask: (hub: HubStart, question: PeerQuestion) => Promise<PeerAnswer>;
}

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
