/** What happened between a device and the hub, in plain words. Pure. */
import type { PresenceReason } from '../../../../hub/presence/presence.ts';
import type { Chapter } from '../../../../hub/presence/device-events.ts';
import { stateWord } from '../components/state-word.ts';
import { shortTime } from '../time.ts';

const reasons: Readonly<Record<PresenceReason, string>> = {
  registered: 'it was registered',
  'session-opened': 'its session opened',
  'session-replaced': 'a new session replaced the old one',
  resumed: 'it spoke again',
  'heartbeat-late': 'its heartbeat is late',
  'closed-without-bye': 'the connection closed without a goodbye',
  'no-heartbeat': 'no heartbeat came, though its link answers',
  'link-lost': 'neither heartbeats nor pongs came',
  bye: 'it said goodbye',
  'slept-too-long': 'it did not wake in time',
  'hub-draining': 'the hub is stopping',
  'hub-restarted': 'the hub restarted',
  'not-seen-since-restart': 'it has not come back since the hub restarted',
  disabled: 'it was disabled',
  enabled: 'it was enabled again',
};

/** Why presence is what it is. A reason that this console does not know is shown as it is. */
export function reasonText(reason: string): string {
  return Object.hasOwn(reasons, reason) ? reasons[reason as PresenceReason] : reason;
}

const closers: Record<'hub' | 'device' | 'link', string> = {
  hub: 'The hub closed the session',
  device: 'The device closed the session',
  link: 'The connection broke',
};

/** One entry of the story, as a sentence. */
export function chapterText(chapter: Chapter): string {
  switch (chapter.kind) {
    case 'refused':
      return `Turned away with HTTP ${chapter.status} (${chapter.code}), from ${chapter.address}.`;
    case 'connected':
      return `Connected from ${chapter.address}.`;
    case 'opened':
      return `Session ${chapter.epoch} opened${chapter.firmware === undefined ? '' : `, firmware ${chapter.firmware}`}.`;
    case 'replaced':
      return `A new connection from ${chapter.address} replaced the one before.`;
    case 'held':
      return `A second device with the same id, at ${chapter.address}, was told to wait.`;
    case 'throttled':
      return chapter.code === 'rate'
        ? 'It sent more than it may.'
        : 'The hub was overloaded and refused readings.';
    case 'bye':
      return chapter.sleepSec === undefined
        ? 'It said goodbye.'
        : `It said goodbye, to sleep ${chapter.sleepSec} s.`;
    case 'drained':
      return `The hub was stopping, and gave it a slot to come back: ${shortTime(chapter.slotMs)}.`;
    case 'closed':
      return `${closers[chapter.by]} (${[chapter.code, chapter.reason].filter((part) => part !== '').join(', ')}).`;
    case 'presence':
      return `Became ${stateWord(chapter.state)}: ${reasonText(chapter.reason)}.`;
  }
}
