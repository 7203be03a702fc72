import type { Cause, DeviceEvent, DeviceWhy, Presence, Stall } from '../../schemas/api/presence.ts';
import { isoTime } from '../../schemas/iso-time.ts';

export interface WhyQuestion {
  presence: Presence;
  /** Oldest first. */
  events: readonly DeviceEvent[];
  /** Of the hub's own event loop, oldest first. */
  stalls: readonly Stall[];
  nowMs: number;
}

const texts: Record<Cause, string> = {
  none: 'It is online.',
  'never-connected': 'It has never connected. Check its power, its network and the hub address it uses.',
  'wrong-credential':
    'It connects, but its secret does not match (HTTP 401). Give it the right secret, or register it again.',
  disabled: 'It is disabled: the hub rejects it (HTTP 403) until it is enabled.',
  'turned-away':
    'It tries to connect, but the hub turns it away for now: too many devices connect at the same time, or the hub is stopping. It will get in.',
  'wrong-device-type':
    'It announces a device type or version that the hub does not accept for it. Add the type, or correct its firmware.',
  'no-hello': 'It connects but sends no hello within 10 s. Its application did not start.',
  'protocol-fault': 'It violates the protocol, so the hub closed the session. Its firmware is at fault.',
  'frame-too-big':
    'It sent a frame over 65,536 bytes, so the hub closed the session. It must split its batches.',
  'slow-reader':
    'It did not read what the hub sent, so the hub closed the session. Its network or application is stuck.',
  'said-goodbye': 'It disconnected cleanly (bye).',
  asleep: 'It is asleep, as announced.',
  overslept: 'It announced a sleep and did not wake in time. Check its battery.',
  'heartbeat-late': 'Its heartbeat is late. The hub has pinged it and waits for the grace period to pass.',
  'application-hangs':
    'Its network stack answers pings, but its application sends nothing: it hangs. Restart it.',
  'link-silent':
    'There was no response from it, neither frames nor pongs, and the connection was never closed. It has probably lost power or network.',
  'connection-broke': 'The connection was lost without a bye, and it has not reconnected.',
  'closed-by-hub': 'The hub closed the session, and it has not reconnected.',
  'closed-by-device': 'It closed the connection without a bye, and has not reconnected.',
  'cloned-credential':
    'Two devices share its ID and secret and keep replacing each other. Find the copy and register it as a device of its own.',
  'hub-draining': 'The hub is stopping and gave it a time slot to reconnect.',
  'hub-restarted': 'The hub restarted and waits for it to reconnect. Its state is not known yet.',
  'not-seen-since-enabled': 'It was disabled. It is enabled again, and has not reconnected since.',
  'not-seen-since-restart': 'It was connected before the hub restarted, and has not reconnected since.',
  'hub-stalled': 'The hub itself was blocked and could not read. It judges no device for that time.',
};

/** Explains why a device is not online. Pure. */
export function explain(question: WhyQuestion): Pick<DeviceWhy, 'cause' | 'text'> {
  const cause = causeOf(question);
  const detail = detailOf(cause, question);
  return { cause, text: detail === undefined ? texts[cause] : `${texts[cause]} ${detail}` };
}

/** The longest time after which an event still explains the present state, ms. */
const recentMs = 120_000;

function causeOf({ presence, events, stalls, nowMs }: WhyQuestion): Cause {
  const { state, reason, sinceMs } = presence;
  if (state === 'online') return 'none';
  if (state === 'disabled') return 'disabled';
  // An attempt to connect since the state began explains more than how the state began.
  const trying = attempt(events.filter((entry) => (entry.lastMs ?? entry.atMs) >= sinceMs));
  if (trying !== undefined) return trying;
  switch (state) {
    case 'never-seen':
      return 'never-connected';
    case 'sleeping':
      return 'asleep';
    case 'overdue':
      return 'overslept';
    case 'migrating':
      return 'hub-draining';
    case 'unknown':
      return 'hub-restarted';
    case 'suspect': {
      if (reason !== 'heartbeat-late') return closeCause(presence, events);
      const stalled = stalls.at(-1);
      return stalled !== undefined && nowMs - stalled.atMs < recentMs && stalled.atMs >= sinceMs
        ? 'hub-stalled'
        : 'heartbeat-late';
    }
    case 'offline':
      return offlineCause(presence, events);
  }
}

function offlineCause(presence: Presence, events: readonly DeviceEvent[]): Cause {
  const { reason } = presence;
  if (reason === 'bye') return 'said-goodbye';
  if (reason === 'no-heartbeat') return 'application-hangs';
  if (reason === 'not-seen-since-restart') return 'not-seen-since-restart';
  if (reason === 'enabled') return 'not-seen-since-enabled';
  return closeCause(presence, events);
}

/** The latest attempt to open a session, if it failed. */
function attempt(events: readonly DeviceEvent[]): Cause | undefined {
  for (const entry of events.toReversed()) {
    if (entry.kind === 'held') return 'cloned-credential';
    if (entry.kind === 'refused') return refusalCause(entry.status);
    if (entry.kind === 'opened') return undefined;
    if (entry.kind !== 'closed') continue;
    const cause = entry.by === 'hub' ? wordCause(entry.reason) : undefined;
    if (cause === 'wrong-device-type' || cause === 'no-hello') return cause;
  }
  return undefined;
}

function refusalCause(status: number): Cause {
  if (status === 401) return 'wrong-credential';
  if (status === 403) return 'disabled';
  return status === 429 || status === 503 ? 'turned-away' : 'protocol-fault';
}

/** How the last session's connection ended: never another way than the reason of the presence says. */
function closeCause({ reason }: Presence, events: readonly DeviceEvent[]): Cause {
  const closed = events.findLast((entry) => entry.kind === 'closed');
  const byHub = closed?.kind === 'closed' && closed.by === 'hub' ? closed : undefined;
  const named = byHub === undefined ? undefined : wordCause(byHub.reason);
  if (named !== undefined) return named;
  if (reason === 'link-lost') return 'link-silent';
  if (reason === 'connection-broke') return 'connection-broke';
  return byHub === undefined ? 'closed-by-device' : 'closed-by-hub';
}

const causeOfWord: Readonly<Record<string, Cause>> = {
  'unsupported-type': 'wrong-device-type',
  'no-hello': 'no-hello',
  'frame-too-big': 'frame-too-big',
  'slow-reader': 'slow-reader',
  'link-lost': 'link-silent',
  'cloned-credential': 'cloned-credential',
  draining: 'hub-draining',
  undecodable: 'protocol-fault',
  'bad-seq': 'protocol-fault',
  'binary-frame': 'protocol-fault',
  'text-frame': 'protocol-fault',
  'bad-utf8': 'protocol-fault',
  'protocol-error': 'protocol-fault',
};

/** @param reason the word of a close reason */
function wordCause(reason: string): Cause | undefined {
  return Object.hasOwn(causeOfWord, reason) ? causeOfWord[reason] : undefined;
}

function detailOf(cause: Cause, { presence, events }: WhyQuestion): string | undefined {
  const { untilMs } = presence;
  if (cause === 'asleep' && untilMs !== undefined) return `It should wake by ${isoTime(untilMs)}.`;
  if (cause === 'hub-draining' && untilMs !== undefined) return `Its time slot: ${isoTime(untilMs)}.`;
  if (cause === 'protocol-fault' || cause === 'closed-by-hub') {
    const closed = events.findLast((entry) => entry.kind === 'closed');
    const what = cause === 'protocol-fault' ? 'fault' : 'reason';
    return closed?.kind === 'closed'
      ? `The ${what}: ${closed.reason} (close code ${closed.code}).`
      : undefined;
  }
  return undefined;
}
