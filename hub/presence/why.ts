import type { Stall } from './liveness.ts';
import type { Presence } from './presence.ts';
import type { StoryEntry } from './device-events.ts';

/** What keeps a device from being online, one word each; `none`: it is online. */
export type Cause =
  | 'none'
  | 'never-connected'
  | 'wrong-credential'
  | 'disabled'
  | 'turned-away'
  | 'wrong-device-type'
  | 'no-hello'
  | 'protocol-fault'
  | 'frame-too-big'
  | 'slow-reader'
  | 'said-goodbye'
  | 'asleep'
  | 'overslept'
  | 'heartbeat-late'
  | 'application-hangs'
  | 'link-silent'
  | 'connection-broke'
  | 'closed-by-device'
  | 'cloned-credential'
  | 'hub-draining'
  | 'hub-restarted'
  | 'not-seen-since-restart'
  | 'hub-stalled';

export interface Why {
  cause: Cause;
  /** In plain words, with what to do about it. */
  text: string;
}

export interface WhyQuestion {
  presence: Presence;
  /** Oldest first. */
  story: readonly StoryEntry[];
  /** Of the hub's own event loop, oldest first. */
  stalls: readonly Stall[];
  nowMs: number;
}

const texts: Record<Cause, string> = {
  none: 'It is online.',
  'never-connected': 'It has never connected. Check its power, its network and the hub address it was given.',
  'wrong-credential':
    'It connects, but its secret is not the one the hub has (HTTP 401). Register it again, or give it its secret.',
  disabled: 'It is disabled: the hub refuses it (HTTP 403) until it is enabled.',
  'turned-away':
    'It tries to connect, and the hub turns it away for now: too many connect at once, or the hub is stopping. It will get in.',
  'wrong-device-type':
    'It says it is of a device type, or a version of it, that the hub does not have for it. Add the type, or correct its firmware.',
  'no-hello': 'It connects and then says nothing: no hello came within 10 s. Its application did not start.',
  'protocol-fault': 'It breaks the protocol, so the hub closed the session. Its firmware is at fault.',
  'frame-too-big': 'It sent a frame over 65,536 bytes, so the session was closed. It must split its batches.',
  'slow-reader':
    'It did not read what the hub sent, so the session was closed. Its network or application is stuck.',
  'said-goodbye': 'It said goodbye (bye) and went away as planned.',
  asleep: 'It sleeps, as it announced.',
  overslept: 'It announced a sleep and did not wake in time. Check its battery.',
  'heartbeat-late': 'Its heartbeat is late; the hub has asked the link and waits for the grace to pass.',
  'application-hangs':
    'Its network stack answers pings, but its application is silent: it hangs. Restart it.',
  'link-silent':
    'Neither frames nor pongs came, and the connection was never closed: power or network went away at its end.',
  'connection-broke': 'The connection broke without a goodbye, and it has not come back.',
  'closed-by-device': 'It closed the connection itself without a goodbye (bye), and has not come back.',
  'cloned-credential':
    'Two devices use its id and secret and keep replacing each other. Find the copy and give it an identity of its own.',
  'hub-draining': 'The hub stopped, and gave it a slot in which to come back.',
  'hub-restarted': 'The hub restarted and waits for it to come back: nothing is known of it yet.',
  'not-seen-since-restart': 'It was connected before the hub restarted, and has not come back since.',
  'hub-stalled': 'The hub itself was blocked and could not read; it judges nobody for that time.',
};

/** Why a device is not online, from what the hub knows of it. Pure. */
export function explain(question: WhyQuestion): Why {
  const cause = causeOf(question);
  const detail = detailOf(cause, question);
  return { cause, text: detail === undefined ? texts[cause] : `${texts[cause]} ${detail}` };
}

/** How long ago something must have been to explain a state that holds now, ms. */
const recentMs = 120_000;

function causeOf({ presence, story, stalls, nowMs }: WhyQuestion): Cause {
  const { state, reason, sinceMs } = presence;
  if (state === 'online') return 'none';
  if (state === 'disabled') return 'disabled';
  // What happened last, after the state began, says more than how it began: it tries, and fails.
  const trying = attempt(story.filter((entry) => (entry.lastMs ?? entry.atMs) >= sinceMs));
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
      if (reason !== 'heartbeat-late') return closeCause(story) ?? 'connection-broke';
      const stalled = stalls.at(-1);
      return stalled !== undefined && nowMs - stalled.atMs < recentMs && stalled.atMs >= sinceMs
        ? 'hub-stalled'
        : 'heartbeat-late';
    }
    case 'offline':
      return offlineCause(presence, story);
  }
}

function offlineCause({ reason }: Presence, story: readonly StoryEntry[]): Cause {
  if (reason === 'bye') return 'said-goodbye';
  if (reason === 'no-heartbeat') return 'application-hangs';
  if (reason === 'not-seen-since-restart') return 'not-seen-since-restart';
  return closeCause(story) ?? 'connection-broke';
}

/** Attempts at a session that came to nothing. */
function attempt(story: readonly StoryEntry[]): Cause | undefined {
  for (const entry of story.toReversed()) {
    if (entry.kind === 'held') return 'cloned-credential';
    if (entry.kind === 'refused') return refusalCause(entry.status);
    if (entry.kind === 'opened') return undefined;
    if (entry.kind !== 'closed') continue;
    const cause = wordCause(entry.reason);
    if (cause === 'wrong-device-type' || cause === 'no-hello') return cause;
  }
  return undefined;
}

function refusalCause(status: number): Cause {
  if (status === 401) return 'wrong-credential';
  if (status === 403) return 'disabled';
  return status === 429 || status === 503 ? 'turned-away' : 'protocol-fault';
}

/** How the last session's connection ended. */
function closeCause(story: readonly StoryEntry[]): Cause | undefined {
  const closed = story.findLast((entry) => entry.kind === 'closed');
  if (closed?.kind !== 'closed') return undefined;
  const named = wordCause(closed.reason);
  if (named !== undefined) return named;
  return closed.by === 'device' ? 'closed-by-device' : 'connection-broke';
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
  'bad-utf8': 'protocol-fault',
  'protocol-error': 'protocol-fault',
};

/** @param reason the word of a close reason */
function wordCause(reason: string): Cause | undefined {
  return Object.hasOwn(causeOfWord, reason) ? causeOfWord[reason] : undefined;
}

function detailOf(cause: Cause, { presence, story }: WhyQuestion): string | undefined {
  const { untilMs } = presence;
  if (cause === 'asleep' && untilMs !== undefined) return `It wakes by ${new Date(untilMs).toISOString()}.`;
  if (cause === 'hub-draining' && untilMs !== undefined)
    return `Its slot: ${new Date(untilMs).toISOString()}.`;
  if (cause === 'protocol-fault') {
    const closed = story.findLast((entry) => entry.kind === 'closed');
    return closed?.kind === 'closed' ? `The fault: ${closed.reason} (close code ${closed.code}).` : undefined;
  }
  return undefined;
}
