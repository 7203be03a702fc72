import { HubError } from '../kernel/errors.ts';
import { isSame, lives, type HubStart, type SeenHub } from './hub-start.ts';
import type { Leases } from './leases.ts';
import type { PeerAnswer, PeerQuestion, PeerStore } from './peers.ts';

/** A request of the operators' API that another hub answers. */
export interface RequestPlace {
  readonly hub: HubStart;
  /** What this hub knows is no answer. */
  readonly insists: boolean;
}

export interface PlacedRequest {
  readonly method: string;
  /** The path of its route, such as `/api/v1/devices/:id`. */
  readonly route: string;
  /** Which device it is about. */
  readonly device?: string | undefined;
}

/** The other hubs, as those see them who have a request that one of them may have to answer. */
export interface Elsewhere {
  /** Undefined: this hub answers. @throws HubError `other-hub` when nobody does now */
  placeOf: (request: PlacedRequest) => Promise<RequestPlace | undefined>;
  /** @throws HubError `other-hub` when that hub is not reached */
  ask: (hub: HubStart, question: PeerQuestion) => Promise<PeerAnswer>;
}

/** What the leader alone keeps in memory, by the beginning of the path. */
const ofLeader = [
  '/api/v1/schedules',
  '/api/v1/notices',
  '/api/v1/rollouts',
  '/api/v1/group-twins',
  '/api/v1/incidents',
  '/api/v1/webhooks',
  '/api/v1/devices/:id/updates',
];
const twin = '/api/v1/devices/:id/twin';
/** What only the hub knows that has the device. Other requests about a device are the same at every hub. */
const ofOwner: ReadonlySet<string> = new Set([
  '/api/v1/devices/:id',
  '/api/v1/devices/:id/why',
  '/api/v1/devices/:id/frames',
  '/api/v1/devices/:id/last',
  '/api/v1/devices/:id/nacks',
  twin,
  `${twin}/desired`,
]);

export interface PlacesDeps {
  me: HubStart;
  tenure: { readonly hubs: readonly SeenHub[] };
  leases: Pick<Leases, 'holds' | 'known'>;
  store: Pick<PeerStore, 'ownerOf'>;
  /** Its session is here. */
  isHere: (device: string) => boolean;
}

/** Which hub answers a request of the operators' API. */
export class RequestPlaces {
  readonly #deps: PlacesDeps;

  constructor(deps: PlacesDeps) {
    this.#deps = deps;
  }

  /** Undefined: this hub. @throws HubError `other-hub` when nobody is the leader now */
  async of({ method, route, device }: PlacedRequest): Promise<RequestPlace | undefined> {
    if (isOfLeader(route)) return this.#leader();
    const isRead = method === 'GET' || method === 'HEAD';
    if (device === undefined || !ofOwner.has(route)) return undefined;
    if (!isRead && !route.startsWith(twin)) return undefined;
    return this.#owner(device, !isRead);
  }

  /** For a request that another hub has sent here. @throws HubError `other-hub` when it is not for this one any more */
  demandHere(route: string): void {
    const { leases } = this.#deps;
    if (isOfLeader(route) && !leases.holds('leader')) throw noLeader();
  }

  #leader(): RequestPlace | undefined {
    const { leases, me } = this.#deps;
    if (leases.holds('leader')) return undefined;
    const hub = leases.known.find(({ name }) => name === 'leader')?.holder;
    if (hub === undefined || isSame(hub, me)) throw noLeader();
    return { hub, insists: true };
  }

  async #owner(device: string, insists: boolean): Promise<RequestPlace | undefined> {
    const { me, tenure, store, isHere } = this.#deps;
    if (isHere(device)) return undefined;
    const hub = await store.ownerOf(device);
    if (hub === undefined || isSame(hub, me)) return undefined;
    const isThere = tenure.hubs.some((each) => isSame(each, hub) && lives(each));
    return isThere ? { hub, insists } : undefined;
  }
}

function isOfLeader(route: string): boolean {
  return ofLeader.some((start) => route.startsWith(start));
}

function noLeader(): HubError {
  return new HubError('other-hub', 'the leader, once there is one (see hub cluster status)');
}
