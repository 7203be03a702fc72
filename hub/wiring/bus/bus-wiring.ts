import type { BrokerAccess } from '../../adapters/broker/broker-access.ts';
import { createBroker } from '../../adapters/broker/broker.ts';
import { createMqttBus, type MqttOptions } from '../../adapters/mqtt/mqtt.ts';
import { exposeBus } from '../../bus/bus-metrics.ts';
import type { Bus, BusHandlers, Tap } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import type { Leases } from '../../cluster/leases.ts';
import { homeAssistantTopics } from '../../home-assistant/discovery-content.ts';
import type { CommandParts } from '../commands/commands-wiring.ts';
import type { HubContext } from '../context.ts';
import type { HomeAssistantParts } from './home-assistant-wiring.ts';
import type { IncidentParts } from '../incidents-wiring.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import type { HubState } from '../state-wiring.ts';
import type { TwinParts } from '../twins-wiring.ts';

export interface HubBus extends Bus {
  /**
   * To be called once, when everything that answers is there.
   * @param access what clients of the embedded broker may do; an external broker has rules of its own
   * @throws HubError `address-in-use`, `config-invalid`
   */
  connect(handlers: BusHandlers, access: BrokerAccess): Promise<void>;
}

/** The configured MQTT broker, or the embedded one. Does no I/O until it is connected. */
export function createBus(hub: HubContext, { hubIdentity, shared }: HubState, topics: Topics): HubBus {
  const role = shared && ({ role: 'hub', mayAct: () => shared.tenure.holds() } as const);
  const bus = unconnectedBus(hub, { ...hubIdentity, topics, ...role });
  exposeBus(hub.metrics, bus);
  return bus;
}

function unconnectedBus(
  hub: HubContext,
  named: HubState['hubIdentity'] & Pick<MqttOptions, 'topics' | 'role' | 'mayAct'>,
): HubBus {
  const { mqtt, brokerListen } = hub.config;
  const { url, username, password } = mqtt;
  if (url === undefined) {
    const announcements = homeAssistantTopics(hub.config);
    return createBroker(hub, { ...brokerListen, ...named, announcements });
  }
  return createMqttBus(hub, { url, username, password, ...named });
}

interface Answering {
  state: HubState;
  bus: HubBus;
  topics: Topics;
  presence: PresenceParts;
  incidents: IncidentParts;
  twins: TwinParts;
  alarms: { busConnected(): void };
  firmware: { busConnected(): void };
  commands: CommandParts;
  operators: { broker: BrokerAccess };
  /** What comes from other hubs over the broker. */
  cluster: { taps: readonly Tap[] } | undefined;
  homeAssistant: HomeAssistantParts;
}

/** Lets messages in, when everything that answers them is there. */
export async function connectBus(hub: HubContext, parts: Answering): Promise<void> {
  const { bus, presence, incidents, twins, alarms, firmware, commands, operators } = parts;
  const { state, cluster, homeAssistant } = parts;
  hub.releasers.push('bus', () => bus.close());
  const handlers: BusHandlers = {
    taps: [...(cluster?.taps ?? []), ...homeAssistant.taps],
    message: (message) => twins.message(message) ?? commands.message(message),
    /** For the first time or again: the broker may have lost its retained messages. */
    connected() {
      presence.announcer.repeat(presence.keeper.all());
      twins.busConnected();
      commands.busConnected();
      alarms.busConnected();
      firmware.busConnected();
      homeAssistant.busConnected();
    },
    disconnected(reason) {
      hub.log.warn({ reason }, 'broker lost');
      homeAssistant.busDisconnected();
    },
    otherHub: (hubId, isOnline) => incidents.keeper.topicsShared(hubId, isOnline),
  };
  await bus.connect(handlers, operators.broker);
  if (state.shared !== undefined) openGate(hub, state.shared.leases, parts, handlers);
}

const nothing = (): void => undefined;

/** Requests come through one MQTT session, whichever hub has it: what the broker keeps for it is lost with no hub. */
function openGate(
  hub: HubContext,
  leases: Leases,
  { topics, bus, state }: Pick<Answering, 'topics' | 'bus' | 'state'>,
  handlers: BusHandlers,
): void {
  const { url = '', username, password } = hub.config.mqtt;
  leases.follow('gate', {
    gained(gateToken) {
      const { counters } = bus;
      const named = { ...state.hubIdentity, topics, role: 'gate' as const, counters, backoffMaxMs: 2_000 };
      const gate = createMqttBus(hub, { url, username, password, ...named });
      hub.releasers.push('gate', () => gate.close());
      void gate.connect({
        ...handlers,
        taps: [],
        message: (message) => handlers.message({ ...message, gateToken }),
        connected: nothing,
      });
    },
  });
}
