import { maxTopics } from '../../schemas/api/live.ts';
import { faultText } from '../../schemas/field-error.ts';
import { namePattern } from '../../schemas/index.ts';
import { readJson } from '../../schemas/json-text.ts';

/** What a live socket watches. */
export interface WatchedTopics {
  fleet: boolean;
  hub: boolean;
  commands: boolean;
  incidents: boolean;
  alarms: boolean;
  types: boolean;
  devices: ReadonlySet<string>;
  /** Devices whose frames it watches. */
  frames: ReadonlySet<string>;
}

export type WatchRequest =
  /** `gone`: requested, but not there, or not visible to this subscriber. */
  { kind: 'watch'; watched: WatchedTopics; gone: readonly string[] } | { kind: 'bad'; message: string };

export const nothing: WatchedTopics = {
  fleet: false,
  hub: false,
  commands: false,
  incidents: false,
  alarms: false,
  types: false,
  devices: new Set(),
  frames: new Set(),
};

const generalTopics = ['fleet', 'hub', 'commands', 'incidents', 'alarms', 'types'] as const;
/** Topics of one device, and what they stand for. */
const ofDevice = [
  ['device:', 'devices'],
  ['frames:', 'frames'],
] as const;

/**
 * Reads `{"watch":["fleet","hub","commands","incidents","alarms","types","device:ID","frames:ID"]}`: the whole set, which replaces the one before.
 * @param isThere false for a device that is not there, or that the subscriber may not see: the answer is the same
 */
export function parseWatch(text: string, isThere: (deviceId: string) => boolean): WatchRequest {
  const json = readJson(text);
  if (json.kind === 'unreadable') return bad('a message must be JSON');
  const [fault] = json.faults ?? [];
  if (fault !== undefined) return bad(faultText(fault));
  const frame = json.value;
  const topics = typeof frame === 'object' && frame !== null && 'watch' in frame ? frame.watch : undefined;
  if (!Array.isArray(topics)) return bad('a message must be {"watch":[topic, …]}');
  if (topics.length > maxTopics) return bad(`watch must have at most ${maxTopics} topics`);
  const watched = { ...nothing, devices: new Set<string>(), frames: new Set<string>() };
  const gone: string[] = [];
  for (const topic of topics as unknown[]) {
    const general = generalTopics.find((name) => name === topic);
    if (general !== undefined) {
      watched[general] = true;
      continue;
    }
    const given = typeof topic === 'string' ? topic : '';
    const [prefix = '', of = 'devices'] = ofDevice.find(([name]) => given.startsWith(name)) ?? [];
    const id = given.slice(prefix.length);
    if (prefix === '' || !namePattern.test(id))
      return bad(`a topic must be ${generalTopics.join(', ')}, or device: or frames: and a device id`);
    if (isThere(id)) watched[of].add(id);
    else gone.push(id);
  }
  return { kind: 'watch', watched, gone };
}

function bad(message: string): WatchRequest {
  return { kind: 'bad', message };
}
