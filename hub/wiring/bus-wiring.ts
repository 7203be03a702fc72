import type { BrokerAccess } from '../adapters/broker/broker-access.ts';
import { createBroker } from '../adapters/broker/broker.ts';
import { createMqttBus } from '../adapters/mqtt/mqtt.ts';
import { exposeBus } from '../bus/bus-metrics.ts';
import type { Bus, BusHandlers } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';

export interface HubBus extends Bus {
  /**
   * To be called once, when everything that answers is there.
   * @param access what clients of the embedded broker may do; an external broker has rules of its own
   * @throws HubError `address-in-use`; `input-invalid` when the address cannot be listened on
   */
  connect(handlers: BusHandlers, access: BrokerAccess): Promise<void>;
}

/** The configured MQTT broker, or the embedded one. Does no I/O until it is connected. */
export function createBus(hub: HubContext, hubIdentity: HubState['hubIdentity'], topics: Topics): HubBus {
  const bus = unconnectedBus(hub, { ...hubIdentity, topics });
  exposeBus(hub.metrics, bus);
  return bus;
}

function unconnectedBus(hub: HubContext, named: HubState['hubIdentity'] & { topics: Topics }): HubBus {
  const { mqtt, brokerListen } = hub.config;
  const { url, username, password } = mqtt;
  if (url === undefined) return createBroker(hub, { ...brokerListen, ...named });
  return createMqttBus(hub, { url, username, password, ...named });
}
