import { openPeerDoor, type PeerDoorDeps } from '../../adapters/http/peer-door.ts';
import { servePeerNotices } from '../../adapters/http/peer-notices.ts';
import { createPeerClient } from '../../adapters/peers/peer-client.ts';
import { makePeerCertificate } from '../../adapters/tls/tls-issuer.ts';
import { exposePeers } from '../../cluster/cluster-metrics.ts';
import { Peers, type WatchPeers } from '../../cluster/peers.ts';
import { RequestPlaces, type Elsewhere } from '../../cluster/request-place.ts';
import type { NoticeSpreads } from '../../notices/notice-spreads.ts';
import { NoticesElsewhere } from '../../notices/notices-elsewhere.ts';
import type { PresenceKeeper } from '../../presence/presence-keeper.ts';
import type { HubContext } from '../context.ts';
import type { SharedState } from '../state/shared-state.ts';

export interface PeerParts {
  /** To the admin listener. */
  elsewhere: Elsewhere;
  /** To its live feed. */
  watch: WatchPeers;
  /** To the devices of the other hubs. */
  notices: NoticesElsewhere;
  /** Lets the other hubs ask. @throws HubError `address-in-use` · `config-invalid` · `database-failed` */
  open(door: Pick<PeerDoorDeps, 'access' | 'serveApi'> & { spreads: NoticeSpreads }): Promise<void>;
}

/** The other hubs as this one asks them, and its own door for them. */
export function createPeers(
  { clock, log, config, metrics, releasers }: HubContext,
  { me, tenure, leases, stores }: SharedState,
  { presence }: { presence: { keeper: PresenceKeeper } },
): PeerParts {
  const { peers: store } = stores;
  const client = createPeerClient();
  releasers.push('questions to other hubs', () => client.close());
  const peers = new Peers({ clock, log, me, tenure, store, client });
  const isHere = (device: string): boolean => presence.keeper.isOurs(device);
  const places = new RequestPlaces({ me, tenure, leases, store, isHere });
  exposePeers(metrics, peers);
  return {
    elsewhere: {
      placeOf: (request) => places.of(request),
      ask: (hub, question) => peers.ask(hub, question),
    },
    watch: (asker, message) => peers.watch(asker, message),
    notices: new NoticesElsewhere({ clock, me, tenure, peers }),
    async open({ access, serveApi, spreads }) {
      const { listen, url } = config.peer;
      const { authority, key, cert } = await makePeerCertificate(clock.now());
      const door = await openPeerDoor(
        {
          log,
          access,
          serveApi(app) {
            serveApi(app);
            servePeerNotices(app, spreads);
          },
          demandHere: (route) => places.demandHere(route),
        },
        { listen, key, cert },
      );
      releasers.push('door for other hubs', () => door.close());
      await store.publish({ url: url ?? door.url, ca: authority, token: door.token });
    },
  };
}
