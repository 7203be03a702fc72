import type { mqttSchemas } from './mqtt-checks.ts';

/** The publisher: the hub, or a client that requests something. */
type Publisher = 'hub' | 'client';

export interface MqttTopic {
  /** The name of the topic's builder in `hub/bus/topics.ts`. */
  name: string;
  /** Below the root; a level in braces is a name. */
  levels: string;
  by: Publisher;
  qos: 0 | 1;
  retained: boolean;
  /** The schema of the payload; undefined: the payload is not read. */
  schema: keyof typeof mqttSchemas | undefined;
  about: string;
}

/** The meaning of each level in braces. */
export const topicLevels: Readonly<Record<string, string>> = {
  device: "A device's id",
  name: 'Name of a command, or of an event, as the device type says it',
  stream: 'Name of a stream, as the device type says it',
  group: 'Name of a stored group',
  rollout: 'Id of a rollout',
  commandId: 'Id of a command',
  id: 'Id of a group command, or of an incident',
  status: 'Status of a command',
  state: 'State of presence',
  kind: 'Kind of an incident',
  source: 'What an alarm is about, such as limit.env.temperature.high',
  hubId: "The hub's id",
};

/** Every topic that the hub reads or publishes, except messages of hubs to themselves and to one another. */
export const mqttTopics: readonly MqttTopic[] = [
  {
    name: 'command',
    levels: 'command/{device}/{name}',
    by: 'client',
    qos: 1,
    retained: false,
    schema: 'command',
    about: 'Sends a command. MQTT 5: Response Topic and Correlation Data for the answer, Message Expiry.',
  },
  {
    name: 'groupCommand',
    levels: 'group-command/{group}/{name}',
    by: 'client',
    qos: 1,
    retained: false,
    schema: 'group-command',
    about: 'Sends a command to every device of a group.',
  },
  {
    name: 'cancel',
    levels: 'cancel/{device}/{commandId}',
    by: 'client',
    qos: 1,
    retained: false,
    schema: undefined,
    about: 'Cancels a command; the payload is ignored.',
  },
  {
    name: 'twinDesired',
    levels: 'twin-desired/{device}',
    by: 'client',
    qos: 1,
    retained: false,
    schema: 'twin-desired',
    about: 'Changes what a device should hold.',
  },
  {
    name: 'status',
    levels: 'status/{device}/{commandId}/{status}',
    by: 'hub',
    qos: 1,
    retained: false,
    schema: 'status',
    about: 'Each status of a command; the final one goes to the Response Topic of the caller as well.',
  },
  {
    name: 'groupStatus',
    levels: 'group-status/{group}/{id}/{status}',
    by: 'hub',
    qos: 1,
    retained: false,
    schema: 'group-status',
    about: 'Each status of a group command.',
  },
  {
    name: 'firmwareStatus',
    levels: 'firmware-status/{rollout}/{device}/{state}',
    by: 'hub',
    qos: 1,
    retained: false,
    schema: 'firmware-status',
    about: 'Where the update of a device stands.',
  },
  {
    name: 'twin',
    levels: 'twin/{device}',
    by: 'hub',
    qos: 1,
    retained: true,
    schema: 'twin',
    about: 'What a device should hold and what it reports; empty when the device is removed.',
  },
  {
    name: 'presence',
    levels: 'presence/{device}',
    by: 'hub',
    qos: 1,
    retained: true,
    schema: 'presence',
    about: 'Whether a device is there; empty when the device is removed.',
  },
  {
    name: 'presenceChange',
    levels: 'presence-change/{device}/{state}',
    by: 'hub',
    qos: 1,
    retained: false,
    schema: 'presence',
    about: 'Each change of presence.',
  },
  {
    name: 'telemetry',
    levels: 'telemetry/{device}/{stream}',
    by: 'hub',
    qos: 0,
    retained: false,
    schema: 'telemetry',
    about: 'Readings as the hub has accepted them, with their final times.',
  },
  {
    name: 'event',
    levels: 'event/{device}/{name}',
    by: 'hub',
    qos: 1,
    retained: false,
    schema: 'event',
    about: 'Something that happened once on a device.',
  },
  {
    name: 'incident',
    levels: 'incident/{kind}/{id}',
    by: 'hub',
    qos: 1,
    retained: false,
    schema: 'incident',
    about: 'An incident opens, widens or closes.',
  },
  {
    name: 'alarm',
    levels: 'alarm/{device}/{source}',
    by: 'hub',
    qos: 1,
    retained: true,
    schema: 'alarm',
    about:
      "An alarm that is active or that nobody has acknowledged; an empty message clears it. The hub's own are under its id.",
  },
  {
    name: 'hub',
    levels: 'hub/{hubId}',
    by: 'hub',
    qos: 1,
    retained: true,
    schema: 'hub',
    about:
      'Whether the hub is there; also its will. Presence of another incarnation is to be read as unknown.',
  },
];
