import packageJson from '../../../package.json' with { type: 'json' };
import type { Bus, Tap } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import { isDiscoveryOf, type DiscoveryOptions } from '../../home-assistant/discovery.ts';
import { discoveryContent, reportMissingCommands } from '../../home-assistant/discovery-content.ts';
import { DiscoveryPublisher } from '../../home-assistant/discovery-publisher.ts';
import { exposeHomeAssistant } from '../../home-assistant/home-assistant-metrics.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { HubContext } from '../context.ts';
import type { FirmwareParts } from '../firmware/firmware-wiring.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import type { HubState } from '../state-wiring.ts';

export interface HomeAssistantParts {
  /** What the broker retains for Home Assistant comes in through these. */
  taps: readonly Tap[];
  /** The broker is there, for the first time or again. */
  busConnected(): void;
  busDisconnected(): void;
}

interface Deps {
  state: HubState;
  registry: Registry;
  sessions: Sessions;
  bus: Bus;
  topics: Topics;
  presence: PresenceParts;
  firmware: FirmwareParts;
}

const nothing = (): void => undefined;

/** Devices as Home Assistant finds them; does nothing but with `HUB_HOME_ASSISTANT=on`. */
export function createHomeAssistant(hub: HubContext, deps: Deps): HomeAssistantParts {
  const { clock, log, metrics, releasers, config } = hub;
  const { homeAssistantPrefix: prefix, homeAssistantCommands } = config;
  if (config.homeAssistant === 'off') {
    return { taps: [], busConnected: nothing, busDisconnected: nothing };
  }
  const { registry, sessions, bus, topics, presence, firmware } = deps;
  const { catalog, hubIdentity, shared } = deps.state;
  const options: DiscoveryOptions = {
    topics,
    prefix,
    hubId: shared === undefined ? hubIdentity.hubId : undefined,
    version: packageJson.version,
    commands: new Set(homeAssistantCommands),
  };
  reportMissingCommands(log, homeAssistantCommands, catalog.all());
  const publisher = new DiscoveryPublisher({
    publisher: bus,
    clock,
    log,
    prefix,
    *devices() {
      for (const { id } of registry.all()) yield id;
    },
    content: discoveryContent(
      {
        registry,
        typeOf: (device) => sessions.typeOf(device),
        session: (device) => presence.keeper.session(device),
        newestFirmwareOf: (type) => firmware.newestOf(type),
      },
      options,
    ),
    isOurs: (device, content) => isDiscoveryOf(device, content, options),
    isKept: bus.kind === 'mqtt',
    several: shared !== undefined,
  });
  releasers.push('Home Assistant', () => publisher.close());
  registry.follow(publisher);
  presence.followers.follow(publisher);
  catalog.follow(() => publisher.everything());
  firmware.follow(() => publisher.everything());
  exposeHomeAssistant(metrics, publisher);
  return {
    taps: [publisher.tap],
    busConnected: () => publisher.connected(),
    busDisconnected: () => publisher.disconnected(),
  };
}
