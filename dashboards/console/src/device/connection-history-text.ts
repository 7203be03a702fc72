/** What happened between a device and the hub, in plain words. Pure. */
import type { PresenceReason } from '../../../../schemas/presence-states.ts';
import type { DeviceEvent, DeviceEventBody } from '../../../../schemas/api/presence.ts';
import { stateWord } from '../components/state-word.ts';
import { shortTime } from '../time.ts';

const reasons: Readonly<Record<PresenceReason, string>> = {
  registered: 'registered',
  'session-opened': 'connected',
  'session-replaced': 'reconnected; the new session replaced the old one',
  resumed: 'responding again',
  'heartbeat-late': 'heartbeat late',
  'closed-without-bye': 'the connection was closed without a bye',
  'connection-broke': 'the connection was lost',
  'no-heartbeat': 'no heartbeat, although it answers pings',
  'link-lost': 'no response from the device',
  bye: 'disconnected cleanly (bye)',
  'slept-too-long': 'did not wake in time',
  'hub-draining': 'the hub is stopping',
  'hub-restarted': 'the hub restarted',
  'not-seen-since-restart': 'has not reconnected since the hub restarted',
  disabled: 'disabled',
  enabled: 'enabled again',
};

/** Why a device is in its state. A reason that this console does not know is shown unchanged. */
export function reasonText(reason: string): string {
  return Object.hasOwn(reasons, reason) ? reasons[reason as PresenceReason] : reason;
}

const closers: Record<'hub' | 'device' | 'link', string> = {
  hub: 'The hub closed the session',
  device: 'The device closed the session',
  link: 'Connection lost',
};

/** A line of the connection history. */
export interface HistoryLine {
  key: string;
  /** Unix ms. */
  timeMs: number;
  text: string;
  /** How often in a row, when more than once. */
  times: number | undefined;
}

/**
 * The connection history, newest first. A connection, the session that it opens and the device's coming online are
 * three entries and one line.
 */
export function historyLines(events: readonly DeviceEvent[]): HistoryLine[] {
  const shown: { entry: DeviceEvent; text: string }[] = [];
  for (const entry of events) {
    const last = shown.at(-1)?.entry;
    if (entry.kind === 'opened') {
      if (last !== undefined && isOpening(last)) shown.pop();
      const at = shown.findLastIndex(({ entry: { kind } }) => kind === 'connected');
      const [connected] = at < 0 ? [] : shown.splice(at, 1);
      shown.push({ entry, text: openedText(entry, connected?.entry) });
    } else if (last?.kind !== 'opened' || !isOpening(entry)) shown.push({ entry, text: eventText(entry) });
  }
  return shown.toReversed().map(({ entry: { atMs, lastMs, kind, times }, text }) => ({
    key: `${atMs} ${kind}`,
    timeMs: lastMs ?? atMs,
    text,
    times,
  }));
}

/** Whether it says only that the device came online with a new session. */
function isOpening(entry: DeviceEvent): boolean {
  return (
    entry.kind === 'presence' && (entry.reason === 'session-opened' || entry.reason === 'session-replaced')
  );
}

function openedText(
  { epoch, firmware, unseenBoots }: DeviceEventBody & { kind: 'opened' },
  from: DeviceEvent | undefined,
): string {
  const boots = unseenBoots === undefined ? '' : `, after ${unseenBoots} earlier boots without the hub`;
  const session = `session ${epoch}${firmware === undefined ? '' : `, firmware ${firmware}`}${boots}`;
  return from?.kind === 'connected'
    ? `Connected from ${from.address} (${session}).`
    : `Connected (${session}).`;
}

/** One entry of the history, as a sentence. */
export function eventText(event: DeviceEventBody): string {
  switch (event.kind) {
    case 'refused':
      return `Rejected with HTTP ${event.status} (${event.code}), from ${event.address}.`;
    case 'connected':
      return `Opened a connection from ${event.address}, without a hello so far.`;
    case 'opened':
      return openedText(event, undefined);
    case 'replaced':
      return `Replaced by a new connection from ${event.address}.`;
    case 'held':
      return `A second device with the same ID, at ${event.address}, was told to wait.`;
    case 'throttled':
      return event.code === 'rate'
        ? 'It sent more than its rate limit allows.'
        : 'The hub was overloaded and rejected readings.';
    case 'bye':
      return event.sleepSec === undefined
        ? 'Disconnected cleanly (bye).'
        : `Disconnected to sleep for ${event.sleepSec} s.`;
    case 'drained':
      return `The hub was stopping and gave it a time slot to reconnect: ${shortTime(event.slotMs)}.`;
    case 'closed':
      return `${closers[event.by]} (${[event.code, event.reason].filter((part) => part !== '').join(', ')}).`;
    case 'update': {
      const why = event.reason === undefined ? '' : `, ${event.reason}`;
      return `Update to firmware ${event.version}: ${event.state}${why} (rollout ${event.rollout}).`;
    }
    case 'presence':
      if (event.reason === 'registered') return 'Registered; not connected yet.';
      return `Now ${stateWord(event.state)}: ${reasonText(event.reason)}.`;
  }
}
