/**
 * Every MQTT topic of the hub, built and read in one place. All names obey one grammar, so no level can hold
 * a wildcard (`+`, `#`), a separator or U+0000 [MQTT-3.3.2-2, MQTT-4.7.3-2]; no topic has more than seven
 * slashes, which is as deep as managed brokers allow.
 */

import { namePattern } from '../../schemas/limits.ts';

const maxSlashes = 7;
/** Levels below the root of the deepest topic: `status/{device}/{command}/{status}`. */
const deepest = 4;
/** As the configuration's schema says it: wider than names, which have no `.`, `:` and `@`. */
const rootLevel = /^[A-Za-z0-9_.:@-]+$/;
/** Names joined by dots, such as `limit.env.temperature.high`. */
const alarmSource = /^[A-Za-z0-9_.-]{1,256}$/;
const maxResponseTopicBytes = 512;

/** A topic that clients publish to, taken apart. */
export type Request =
  | { kind: 'command'; device: string; name: string }
  | { kind: 'group-command'; group: string; name: string }
  | { kind: 'cancel'; device: string; commandId: string }
  | { kind: 'twin-desired'; device: string };

/** What clients publish to, and how many names follow. */
const requestKinds = [
  ['command', 2],
  ['group-command', 2],
  ['cancel', 2],
  ['twin-desired', 1],
] as const satisfies [Request['kind'], number][];

export interface Topics {
  readonly root: string;
  command(device: string, name: string): string;
  groupCommand(group: string, name: string): string;
  cancel(device: string, commandId: string): string;
  status(device: string, commandId: string, status: string): string;
  groupStatus(group: string, id: string, status: string): string;
  twinDesired(device: string): string;
  /** Where the update of a device stands. */
  firmwareStatus(rollout: string, device: string, state: string): string;
  /** Where the twin of a device is retained. */
  twin(device: string): string;
  presence(device: string): string;
  presenceChange(device: string, state: string): string;
  telemetry(device: string, stream: string): string;
  event(device: string, name: string): string;
  /** Where an incident is published. */
  incident(kind: string, id: string): string;
  /** Where an alarm is published; of the hub itself under its id. */
  alarm(device: string, source: string): string;
  hub(hubId: string): string;
  /** Where a hub marks the end of the messages that waited for it in the broker. */
  marker(hubId: string): string;
  /** Where other hubs write to a hub. */
  mail(hubId: string): string;
  /** The filter under which the retained presence of all devices comes in, and the device that a topic under it is about. */
  readonly presenceFilter: string;
  presenceOf(topic: string): string | undefined;
  /** The hub whose state is on this topic; undefined for any other topic. */
  hubOf(topic: string): string | undefined;
  /** The filter under which the states of all hubs come in. */
  readonly hubFilter: string;
  /** The filters under which requests come in. */
  readonly requestFilters: readonly string[];
  /** Whether clients may publish to it, whatever names it has. */
  isRequest(topic: string): boolean;
  /** The request that a topic names; undefined for any other topic, and for names outside the grammar. */
  parse(topic: string): Request | undefined;
  /** Why an answer may not be sent to this Response Topic; undefined when it may. */
  refuseResponseTopic(topic: string): string | undefined;
}

/** True for anything that may stand as one level of a topic. */
export function isName(value: string): boolean {
  return namePattern.test(value);
}

/** Why `root` cannot be the root of the hub's topics; undefined when it can. */
export function refuseRoot(root: string): string | undefined {
  const levels = root.split('/');
  if (!levels.every((level) => rootLevel.test(level)))
    return 'levels of letters, digits and _ . : @ -, separated by single slashes';
  if (levels.length - 1 + deepest > maxSlashes) return `at most ${maxSlashes - deepest + 1} levels`;
  return undefined;
}

/**
 * The topics below a root, e.g. `hub/v1`. The builders throw RangeError for a name outside the grammar: names
 * are checked where requests come in, so one that gets here is a broken invariant.
 * @throws RangeError when the root cannot be one (see `refuseRoot`)
 */
export function topicsOf(root: string): Topics {
  const fault = refuseRoot(root);
  if (fault !== undefined) throw new RangeError(`the topic root ${JSON.stringify(root)} must have ${fault}`);
  const below = (...levels: string[]): string => `${root}/${levels.map(levelOf).join('/')}`;
  return {
    root,
    command: (device, name) => below('command', device, name),
    groupCommand: (group, name) => below('group-command', group, name),
    cancel: (device, commandId) => below('cancel', device, commandId),
    status: (device, commandId, status) => below('status', device, commandId, status),
    groupStatus: (group, id, status) => below('group-status', group, id, status),
    twinDesired: (device) => below('twin-desired', device),
    firmwareStatus: (rollout, device, state) => below('firmware-status', rollout, device, state),
    twin: (device) => below('twin', device),
    presence: (device) => below('presence', device),
    presenceChange: (device, state) => below('presence-change', device, state),
    // For every reading: without a list.
    telemetry: (device, stream) => `${root}/telemetry/${levelOf(device)}/${levelOf(stream)}`,
    event: (device, name) => below('event', device, name),
    incident: (kind, id) => below('incident', kind, id),
    alarm: (device, source) => {
      if (!alarmSource.test(source))
        throw new RangeError(`${JSON.stringify(source)} cannot be a level of a topic`);
      return `${below('alarm', device)}/${source}`;
    },
    hub: (hubId) => below('hub', hubId),
    marker: (hubId) => below('hub', hubId, 'marker'),
    mail: (hubId) => below('hub', hubId, 'mail'),
    presenceFilter: `${root}/presence/+`,
    presenceOf: (topic) => lastLevel(`${root}/presence/`, topic),
    hubOf: (topic) => lastLevel(`${root}/hub/`, topic),
    hubFilter: `${root}/hub/+`,
    requestFilters: requestKinds.map(([kind, names]) => `${root}/${kind}${'/+'.repeat(names)}`),
    isRequest: (topic) => requestKinds.some(([kind]) => topic.startsWith(`${root}/${kind}/`)),
    parse: (topic) => parseRequest(root, topic),
    refuseResponseTopic: (topic) => refuseResponseTopic(root, topic),
  };
}

function levelOf(name: string): string {
  if (!isName(name)) throw new RangeError(`${JSON.stringify(name)} cannot be a level of a topic`);
  return name;
}

function lastLevel(prefix: string, topic: string): string | undefined {
  const name = topic.slice(prefix.length);
  return topic.startsWith(prefix) && isName(name) ? name : undefined;
}

function parseRequest(root: string, topic: string): Request | undefined {
  if (!topic.startsWith(`${root}/`)) return undefined;
  const [kind, first, second, ...rest] = topic.slice(root.length + 1).split('/');
  if (first === undefined || rest.length > 0 || !isName(first)) return undefined;
  if (kind === 'twin-desired') return second === undefined ? { kind, device: first } : undefined;
  if (second === undefined || !isName(second)) return undefined;
  if (kind === 'command') return { kind, device: first, name: second };
  if (kind === 'group-command') return { kind, group: first, name: second };
  if (kind === 'cancel') return { kind, device: first, commandId: second };
  return undefined;
}

/**
 * The hub publishes with rights its callers may not have, so a caller's Response Topic must not reach the
 * hub's own topics (an answer on a command topic would be a command). Under the root only `{root}/answer/…`
 * is open to callers.
 */
function refuseResponseTopic(root: string, topic: string): string | undefined {
  if (topic === '') return 'must not be empty';
  if (Buffer.byteLength(topic) > maxResponseTopicBytes)
    return `must not exceed ${maxResponseTopicBytes} bytes`;
  // A broker may close the connection of whoever publishes such a topic: the hub's own (MQTT 5 §1.5.4).
  if (/[+#\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(topic))
    return 'must not hold a wildcard, a control character or a noncharacter [MQTT-3.3.2-14]';
  if (topic.startsWith('$')) return 'must not start with $ [MQTT-4.7.2-1]';
  if (topic.split('/').length - 1 > maxSlashes) return `must not have more than ${maxSlashes} slashes`;
  const own = topic === root || topic.startsWith(`${root}/`);
  if (own && !topic.startsWith(`${root}/answer/`))
    return `must not lie under ${root}, except under ${root}/answer`;
  return undefined;
}
