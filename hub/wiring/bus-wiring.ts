import type { BrokerAccess } from '../adapters/broker/broker-access.ts';
import { createBroker } from '../adapters/broker/broker.ts';
import { createMqttBus } from '../adapters/mqtt/mqtt.ts';
import type { Bus, BusHandlers } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';

export interface HubBus extends Bus {
  /**
   * To be called once, when everything that answers is there.
   * @param access what clients of the embedded broker may do; an external broker has rules of its own
   * @throws HubError `address-in-use`; `input-invalid` when the address cannot be listened on
   */
  connect(handlers: BusHandlers, access: BrokerAccess): Promise<void>;
}

/** The configured MQTT broker, or the embedded one. Does no I/O until it is connected. */
export function createBus(
  { mqtt, brokerListen }: Pick<Config, 'mqtt' | 'brokerListen'>,
  deps: {
    log: Log;
    random: () => number;
    clock: Clock;
    hub: { hubId: string; incarnation: string };
    topics: Topics;
  },
): HubBus {
  const { url, username, password } = mqtt;
  const named = { ...deps.hub, topics: deps.topics };
  if (url === undefined) return createBroker(deps, { ...brokerListen, ...named });
  return createMqttBus(deps, { url, username, password, ...named });
}
