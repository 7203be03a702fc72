/** Where updates and rollouts stand, in words and looks. */

import type { RolloutStatus, TroubleKind, UpdateState } from '../../../../schemas/firmware/update-states.ts';
import { looks, type Look } from '../components/badge.tsx';

export const updateLooks: Readonly<Record<UpdateState, Look>> = {
  pending: { ...looks.waits, tone: 'none' },
  offered: looks.waits,
  downloading: looks.moves,
  applying: looks.moves,
  soaking: { ...looks.waits, tone: 'warn' },
  succeeded: looks.done,
  failed: looks.bad,
  'rolled-back': { tone: 'bad', shape: 'M14 8H4M8 4L4 8l4 4' },
  rejected: looks.bad,
  'timed-out': { tone: 'bad', shape: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3.2l2 1.3' },
  cancelled: looks.away,
  skipped: looks.away,
};

export const rolloutLooks: Readonly<Record<RolloutStatus, Look>> = {
  running: looks.moves,
  paused: { tone: 'warn', shape: 'M5.5 3v10M10.5 3v10' },
  finished: looks.done,
  stopped: looks.bad,
  cancelled: looks.away,
};

export const updateStateWords: Readonly<Record<UpdateState, string>> = {
  pending: 'not begun',
  offered: 'offered',
  downloading: 'downloading',
  applying: 'applying',
  soaking: 'proving itself',
  succeeded: 'succeeded',
  failed: 'failed',
  'rolled-back': 'rolled back',
  rejected: 'rejected',
  'timed-out': 'timed out',
  cancelled: 'cancelled',
  skipped: 'skipped',
};

const updateReasons: Readonly<Record<string, string>> = {
  'already-there': 'runs this version already',
  away: 'was not connected until the deadline',
  'device-removed': 'removed from the hub',
  'device-says-so': 'the device says so',
  'frame-too-long': 'the offer is longer than the device can receive',
  'no-answer': 'said nothing until the deadline',
  'not-updatable': 'its type takes no updates',
  'not-well': 'not well for its soak time',
  'other-type': 'is of another type',
  'rollout-ended': 'the rollout ended first',
  'runs-another-version': 'came back with another version',
};

/** Why an update ended so; a reason that this console does not know is shown as it is. */
export function updateReasonWords(reason: string): string {
  return updateReasons[reason] ?? reason;
}

export const troubleWords: Readonly<Record<TroubleKind, string>> = {
  offline: 'went offline without a goodbye',
  rebooted: 'rebooted again',
  'bad-readings': 'had readings rejected',
  'fewer-readings': 'sent less than half of its former readings',
};

/** What the status of a rollout means, with why. */
export function rolloutSentence(status: RolloutStatus, reason: string | undefined): string {
  switch (status) {
    case 'running':
      return 'Updates go on, wave by wave.';
    case 'paused':
      return 'No update begins until it is resumed.';
    case 'finished':
      return 'Every update has ended.';
    case 'cancelled':
      return 'Cancelled on request. What was being applied went on.';
    case 'stopped':
      return `${stopWords(reason)} Devices that are not updated yet stay as they are.`;
  }
}

function stopWords(reason: string | undefined): string {
  if (reason === 'devices-do-worse') return 'Stopped: the updated devices do worse than the others.';
  if (reason === 'too-many-failures') return 'Stopped: more updates failed than allowed.';
  return 'Stopped.';
}
