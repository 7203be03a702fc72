import type { Bus, Tap } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import { Adoption } from '../../cluster/adoption.ts';
import { exposeCluster } from '../../cluster/cluster-metrics.ts';
import { otherHubs } from '../../cluster/hub-start.ts';
import { Isolation } from '../../cluster/isolation.ts';
import { Mail, type Readers } from '../../cluster/mail.ts';
import type { CommandMoves } from '../../commands/command-moves.ts';
import { presenceTap } from '../../presence/presence-tap.ts';
import type { Registry } from '../../registry/registry.ts';
import { DeviceMoves } from '../../sessions/device-moves.ts';
import type { HubContext } from '../context.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import type { HubState } from '../state-wiring.ts';
import type { SharedState } from '../state/shared-state.ts';

/** What a hub writes to the others. */
export function createMail(
  { log }: HubContext,
  { me, tenure }: SharedState,
  { bus, topics }: { bus: Bus; topics: Topics },
): Mail {
  return new Mail({
    log,
    me: me.id,
    inbox: topics.mail(me.id),
    post: (hub, payload) => bus.publish({ topic: topics.mail(hub), payload, qos: 1 }),
    others: () => otherHubs(tenure.hubs, me),
  });
}

interface Deps {
  state: HubState;
  registry: Registry;
  bus: Pick<Bus, 'connected'>;
  topics: Topics;
  presence: PresenceParts;
  alarms: { readNews(): Promise<void> };
  commands: { dispatcher: { moves: CommandMoves; cancelHere(device: string, id: string): void } };
}

export interface ClusterParts {
  moves: DeviceMoves;
  adoption: Adoption;
  /** What comes from other hubs over the broker. */
  taps: readonly Tap[];
  /** Takes over what earlier hubs have left; devices may connect afterwards. */
  adopt(): Promise<void>;
}

/** Devices that move between hubs, and what hubs hear of one another. */
export function createCluster(hub: HubContext, shared: SharedState, mail: Mail, deps: Deps): ClusterParts {
  const { clock, log, config, metrics } = hub;
  const { registry, topics } = deps;
  const { keeper, announcer } = deps.presence;
  const { dispatcher } = deps.commands;
  const { tenure, stores, me } = shared;
  const moves = new DeviceMoves({
    clock,
    log,
    registry,
    presence: keeper,
    announcer,
    commands: dispatcher.moves,
    catalog: deps.state.catalog,
    owned: () => stores.adoption.owned(),
    away: (ids) => deps.state.stores.presence.loadPresence(ids, 'nobodys'),
    write: (to, kind, note) => mail.send(to, kind, note),
    writeChanged: () => mail.sendAll('changed', {}),
    backoffMaxMs: config.backoffMaxMs,
  });
  hub.releasers.push('device moves', () => moves.close());
  const adoption = new Adoption({
    clock,
    log,
    store: stores.adoption,
    adopted: (ids) => moves.adopted(ids),
    left: (ids) => moves.left(ids),
  });
  exposeCluster(metrics, { ...shared, adoption, mail, moves });
  const isolation = new Isolation({
    me,
    tenure,
    hearsOthers: () => deps.bus.connected,
    writeDead: ({ id, incarnation }) => mail.send(id, 'dead', { incarnation }),
  });
  tenure.follow(isolation);
  const readers: Readers = {
    taken: ({ from, ...note }) => void moves.taken(from, note),
    clear: (note) => moves.clear(note),
    command: () => void dispatcher.moves.look(),
    dead: ({ incarnation }) => isolation.declaredDead(incarnation),
    cancel: ({ device, id }) => dispatcher.cancelHere(device, id),
    changed: () => void moves.readNews(),
    alarmed: () => void deps.alarms.readNews(),
  };
  return {
    moves,
    adoption,
    taps: [mail.tap(readers), presenceTap({ topics, keeper, announcer })],
    async adopt() {
      await moves.readNews();
      await adoption.run(tenure.hubs);
      tenure.follow(adoption);
      moves.start();
    },
  };
}
